"""Who goes next: what a life may hang on first, the others in their order."""

from itertools import chain, islice


class Turns:
    """Keys that wait, each once. Whoever has room takes several at once, but for those who must go alone."""

    def __init__(self) -> None:
        self._urgent: dict[str, bool] = {}  # key: whether it goes alone
        self._routine: dict[str, bool] = {}

    def wait(self, key: str, *, urgent: bool, alone: bool = False) -> None:
        """Stand in line."""
        (self._urgent if urgent else self._routine)[key] = alone

    def hurry(self, key: str) -> None:
        """Something urgent has come behind what waits under this key, if it waits."""
        if key in self._routine:
            self._urgent[key] = self._routine.pop(key)

    def take(self, limit: int) -> list[str]:
        """Who goes now, together: the first, with as many others as may; empty where none waits."""
        waiting = chain(self._urgent.items(), self._routine.items())
        taken = []
        for key, alone in islice(waiting, 1):
            others = () if alone else (key for key, alone in waiting if not alone)
            taken = [key, *islice(others, limit - 1)]
        for key in taken:
            self._urgent.pop(key, None)
            self._routine.pop(key, None)
        return taken
