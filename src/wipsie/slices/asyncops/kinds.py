"""What kinds of records there are: their ids, their numbers for people, their places in the API."""

from __future__ import annotations

import re

import msgspec


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of record."""

    name: str
    """As rows, audit events and links name it, for example ``incident``."""
    plural: str
    title: str
    """For people."""
    id_prefix: str
    path: str
    """Of its list in the API."""
    number_prefix: str | None = None
    """``INC`` for INC-42; None for kinds without numbers."""

    def number_text(self, number: int) -> str:
        """For people, for example ``INC-42``."""
        return f"{self.number_prefix}-{number}"

    def number_in(self, reference: str) -> int | None:
        """The number in ``INC-42`` (in any case); None when it is none of this kind."""
        if self.number_prefix is None:
            return None
        match = _NUMBER.fullmatch(reference)
        return int(match[2]) if match is not None and match[1].upper() == self.number_prefix else None


_NUMBER = re.compile(r"([A-Za-z]{2,5})-([1-9]\d{0,8})")

STATUS = Kind(name="status", plural="status updates", title="Status update", id_prefix="upd", path="/api/status")
INCIDENT = Kind(
    name="incident",
    plural="incidents",
    title="Incident",
    id_prefix="inc",
    path="/api/incidents",
    number_prefix="INC",
)
BLOCKER = Kind(
    name="blocker", plural="blockers", title="Blocker", id_prefix="blk", path="/api/blockers", number_prefix="BLK"
)
DECISION = Kind(
    name="decision", plural="decisions", title="Decision", id_prefix="dec", path="/api/decisions", number_prefix="DEC"
)
SUMMARY = Kind(name="summary", plural="summaries", title="Daily summary", id_prefix="sum", path="/api/summaries")
FOLLOW_UP = Kind(name="follow_up", plural="follow-ups", title="Follow-up", id_prefix="fup", path="/api/follow-ups")
"""Hangs on an incident or a decision, and is no subject of its own; likewise a postmortem."""
POSTMORTEM = Kind(name="postmortem", plural="postmortems", title="Postmortem", id_prefix="pmr", path="/api/postmortems")
KINDS = {kind.name: kind for kind in (STATUS, INCIDENT, BLOCKER, DECISION, SUMMARY)}
