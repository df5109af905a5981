"""A page of a list, as it is answered."""

from __future__ import annotations

from typing import Generic, TypeVar

import msgspec
from msgspec import UNSET, UnsetType

ItemT = TypeVar("ItemT")

TOTAL_MAX = 10_000


class PageInfo(msgspec.Struct, frozen=True, kw_only=True):
    """Where in the list this page is."""

    next_cursor: str | None
    """Send it as ``cursor`` for the page after this one; null at the end."""
    prev_cursor: str | None
    """For the page before; null at the beginning."""
    has_more: bool
    """Whether there is a page after this one."""


class Total(msgspec.Struct, frozen=True, kw_only=True):
    """How many records there are on all pages."""

    count: int
    exact: bool
    """False: there are more than `count`; counting stopped there."""


class Page(msgspec.Struct, Generic[ItemT], frozen=True, kw_only=True):
    """Some records of a list, in its order."""

    data: list[ItemT]
    page: PageInfo
    total: Total | UnsetType = UNSET
    """With ``include=total``."""
    facets: dict[str, dict[str, int]] | UnsetType = UNSET
    """With ``facets=``: how many records each value has, under all other filters. Over the whole list, not this page."""
