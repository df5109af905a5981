"""Looks through the whole log for anything that was changed, left out, put in, moved or cut off."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Sequence
from typing import Any, Literal

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.audit.anchors import Anchor
from wipsie.audit.chain import GENESIS, SealedBody, read_body, seal_of_event, seal_of_head
from wipsie.audit.keys import AuditKeys
from wipsie.audit.log import PAGE_EVENTS
from wipsie.audit.tables import HEAD_ID, events_table, head_table
from wipsie.database import Database

FINDINGS_MAX = 100
"""A log rewritten from its beginning has as many findings as events: so many say enough."""

Problem = Literal["missing", "changed", "columns", "unknown_key", "head", "anchor"]
_REPEATED = ("seq", "at_ms", "actor", "action", "object", "request_id", "key_id")
"""Columns that repeat what the sealed body says."""


class Finding(msgspec.Struct, frozen=True):
    """One thing that is not as it was written."""

    problem: Problem
    seq: int | None
    """The event it was found at, None for what concerns the whole log."""
    sentence: str


class Verification(msgspec.Struct, frozen=True, kw_only=True):
    """What was looked through, and what was found."""

    events: int
    anchors: int
    findings: tuple[Finding, ...]
    cut: bool = False
    """There is more; the first `FINDINGS_MAX` are told."""

    @property
    def is_intact(self) -> bool:
        return not self.findings


class _Search:
    """One look through the log."""

    def __init__(self, keys: AuditKeys, anchors: Sequence[tuple[str, Anchor | None]]) -> None:
        self._keys = keys
        self._anchored: dict[int, list[Anchor]] = {}
        self._findings: list[Finding] = []
        self.cut = False
        self.seq = 0
        self.seal = GENESIS
        self.events = 0
        for key, anchor in anchors:
            if anchor is None or not anchor.is_genuine(keys):
                self._found("anchor", None, f"The anchor {key} was not made by this Wipsie, or was changed since.")
            else:
                self._anchored.setdefault(anchor.seq, []).append(anchor)

    @property
    def findings(self) -> tuple[Finding, ...]:
        return tuple(self._findings)

    def _found(self, problem: Problem, seq: int | None, sentence: str) -> None:
        if len(self._findings) < FINDINGS_MAX:
            self._findings.append(Finding(problem, seq, sentence))
        else:
            self.cut = True

    def look_at(self, row: Any) -> None:
        """The next event by number."""
        self.events += 1
        if row.seq != self.seq + 1:
            first, last = self.seq + 1, row.seq - 1
            which = f"Event {first} is" if first == last else f"Events {first} to {last} are"
            self._found("missing", first, f"{which} missing.")
        self._check_seal(row)
        stored = bytes(row.body)
        body = read_body(stored)
        if body is None:
            self._found("changed", row.seq, f"Event {row.seq} holds nothing that Wipsie writes.")
        else:
            self._check_columns(row, body)
        self.seq, self.seal = row.seq, row.seal
        for anchor in self._anchored.pop(row.seq, ()):
            if not hmac.compare_digest(anchor.seal, row.seal):
                self._found("anchor", row.seq, f"An anchor says that event {row.seq} was another one.")

    def _check_seal(self, row: Any) -> None:
        if not self._keys.knows(row.key_id):
            self._found(
                "unknown_key",
                row.seq,
                f"Event {row.seq} was sealed with a key we do not have ({row.key_id}); name it in AUDIT_KEY.",
            )
        elif not hmac.compare_digest(row.seal, seal_of_event(self._keys, row.key_id, self.seal, bytes(row.body))):
            self._found(
                "changed",
                row.seq,
                f"Event {row.seq} was changed, put in or moved, or the event before it was.",
            )

    def _check_columns(self, row: Any, body: SealedBody) -> None:
        differing = [name for name in _REPEATED if getattr(row, name) != getattr(body, name)]
        if differing:
            self._found(
                "columns", row.seq, f"Event {row.seq} shows another {', '.join(differing)} than was sealed with it."
            )

    def end(self, head: Any) -> None:
        """All events were looked at; `head` is the row that says where the log ends."""
        for seq in sorted(self._anchored):
            self._found(
                "anchor",
                seq,
                f"An anchor says that the log had {seq} events; it has {self.seq}: its end was cut off, or an older copy "
                "was put in its place.",
            )
        if head is None:
            self._found("head", None, "The row that says where the log ends is gone.")
            return
        if head.seq == 0 and not head.key_id and self.seq == 0:
            return
        if not self._keys.knows(head.key_id):
            if head.key_id or self.seq:
                self._found("unknown_key", None, "The end of the log was sealed with a key we do not have.")
            return
        genuine = hmac.compare_digest(head.head_seal, seal_of_head(self._keys, head.key_id, head.seq, head.seal))
        if not genuine:
            self._found("head", None, "The row that says where the log ends was changed.")
        elif (head.seq, head.seal) != (self.seq, self.seal):
            self._found(
                "head", None, f"The log has {self.seq} events, and its last row says that there were {head.seq}."
            )


async def verify(
    database: Database,
    keys: AuditKeys,
    *,
    anchors: Sequence[tuple[str, Anchor | None]] = (),
    on_progress: Callable[[int], None] | None = None,
) -> Verification:
    """Look through the log as of one moment, while others may append. `anchors`: what `Anchors.all` gave, read before.
    `on_progress` hears how many events were looked at. StorageUnavailable."""
    search = _Search(keys, anchors)
    columns = events_table.c
    async with database.read() as connection:
        head = await _head(connection)
        while True:
            page = (
                await connection.execute(
                    select(events_table).where(columns.seq > search.seq).order_by(columns.seq).limit(PAGE_EVENTS)
                )
            ).all()
            for row in page:
                search.look_at(row)
            if on_progress is not None:
                on_progress(search.events)
            if len(page) < PAGE_EVENTS:
                break
    search.end(head)
    return Verification(events=search.events, anchors=len(anchors), findings=search.findings, cut=search.cut)


async def _head(connection: AsyncConnection) -> Any:
    return (await connection.execute(select(head_table).where(head_table.c.id == HEAD_ID))).one_or_none()
