"""What a record is found by."""

from __future__ import annotations

import msgspec


class Findable(msgspec.Struct, frozen=True, kw_only=True):
    """What a record is found by."""

    title: str
    body: str = ""
    restricted: bool = False
    """Only some may find it: see `RecordTable.visible_to` of its kind."""
