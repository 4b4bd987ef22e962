"""What all children of one `up` tell, at one port: figures with the label `program`, readiness of each."""

import asyncio
import json
from collections.abc import Iterable, Iterator
from typing import Final

from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

from cloud.config import Place
from cloud.operations.asking import ask
from cloud.operations.post import Check, Post

UP: Final = "carebed_program_up"


class Gathering:
    """Knows where each child answers; a child that does not is told as such."""

    def __init__(self, programs: Iterable[str]) -> None:
        """`programs` are asked for, whether they have said where they answer or not."""
        self._places: dict[str, Place | None] = dict.fromkeys(programs)

    def note(self, program: str, port: int | None) -> None:
        """A child answers at this port of loopback; None: not at present."""
        self._places[program] = None if port is None else Place("127.0.0.1", port)

    def post(self) -> Post:
        """The port's answers."""
        return Post({name: self._ready(name) for name in self._places}, self.metrics)

    async def metrics(self) -> bytes:
        """The figures of all children, in one exposition."""
        texts = await asyncio.gather(*(self._told(program) for program in self._places))
        registry = CollectorRegistry(auto_describe=False)
        registry.register(_Joined(dict(zip(self._places, texts, strict=True))))
        return generate_latest(registry)

    def _ready(self, program: str) -> Check:
        async def check() -> str:
            place = self._places[program]
            if place is None:
                return "not started"
            try:
                status, body = await ask(place, "/readyz")
            except OSError:
                return "does not answer"
            if status == 200:
                return ""
            wrong = json.loads(body)["wrong"]
            return "; ".join(f"{name}: {reason}" for name, reason in wrong.items())

        return check

    async def _told(self, program: str) -> str | None:
        place = self._places[program]
        if place is None:
            return None
        try:
            status, body = await ask(place, "/metrics")
        except OSError:
            return None
        return body.decode() if status == 200 else None


class _Joined(Collector):
    """Families of several expositions as one, each line with the program it comes from."""

    def __init__(self, texts: dict[str, str | None]) -> None:
        self._texts = texts

    def collect(self) -> Iterator[Metric]:
        """Each family once."""
        up = Metric(UP, "Whether the program answers on its operations port.", "gauge")
        joined = {UP: up}
        for program, text in self._texts.items():
            up.add_sample(UP, {"program": program}, float(text is not None))
            for family in text_string_to_metric_families(text or ""):
                own = joined.setdefault(family.name, Metric(family.name, family.documentation, family.type))
                for sample in family.samples:
                    own.add_sample(sample.name, {**sample.labels, "program": program}, sample.value)
        yield from joined.values()
