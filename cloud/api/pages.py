"""Pages of lists that are put together in memory: `limit` at a time, on after the last one's key."""

from collections.abc import Callable, Sequence
from typing import Annotated, Any, TypeVar

import msgspec
from fastapi import Depends, Query

_Item = TypeVar("_Item")


class Page(msgspec.Struct, frozen=True):
    """Which part of a list is wanted."""

    limit: int
    after: str | None


def _page(
    limit: Annotated[int, Query(ge=1, le=1000)] = 500,
    after: Annotated[
        str | None, Query(pattern=r"^[!-~]{1,200}$", description="the key of the last one of the page before")
    ] = None,
) -> Page:
    return Page(limit, after)


Paged = Annotated[Page, Depends(_page)]


def cut(items: Sequence[_Item], page: Page, key: Callable[[_Item], Any]) -> list[_Item]:
    """The page of a list in its own order; empty after a key that the list does not have (any more)."""
    start = 0
    if page.after is not None:
        places = (place for place, item in enumerate(items, 1) if str(key(item)) == page.after)
        start = next(places, len(items))
    return list(items[start : start + page.limit])
