"""Statuses of WhatsApp, many in one commit: each finds its delivery, and no delivery falls back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import bindparam, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.blobs.sealing import KeyRing
from wipsie.slices.vault.domain.sending.body import FILE_KIND
from wipsie.slices.vault.domain.sending.states import SETTLED
from wipsie.slices.vault.domain.sending.statuses import Standing, Told, after_status
from wipsie.slices.vault.domain.whatsapp.updates import StatusUpdate
from wipsie.slices.vault.store.deliveries.rows import ARRIVED, DELIVERIES, ID_PREFIX, message_tokens
from wipsie.slices.vault.store.tables import deliveries_table

_AT_ONCE: Final = 1_000
# Built once, since every status needs them.
_WITHOUT_BODY: Final = [column for column in DELIVERIES if column.name != "body"]
WANTED: Final = (
    select(*_WITHOUT_BODY, DELIVERIES.body.is_not(None).label("has_body"))
    .where(
        or_(
            DELIVERIES.id.in_(bindparam("references", expanding=True)),
            DELIVERIES.message_token.in_(bindparam("tokens", expanding=True)),
        )
    )
    .order_by(DELIVERIES.number)
)
"""The deliveries that statuses may speak of, without what they say. `wanted_by` gives its parameters."""
_WANTED_LOCKED: Final = WANTED.with_for_update()
_CHANGE: Final = (
    update(deliveries_table)
    .where(DELIVERIES.number == bindparam("row_number"))
    .values(
        state=bindparam("new_state"),
        status=bindparam("new_status"),
        status_at_ms=bindparam("new_status_at_ms"),
        message_token=bindparam("new_message_token"),
        error_code=bindparam("new_error_code"),
        error=bindparam("new_error"),
        next_at_ms=bindparam("new_next_at_ms"),
        settled_at_ms=bindparam("new_settled_at_ms"),
    )
)
_END: Final = _CHANGE.values(body=None)


class _Row:
    """A delivery, as statuses change it."""

    def __init__(self, row: Any) -> None:
        self._row = row
        self.standing = Standing(
            state=row.state,
            status=row.status,
            attempts=row.attempts,
            has_body=row.has_body,
            error_code=row.error_code,
            error=row.error,
            next_at_ms=row.next_at_ms,
        )
        self.message_token: str | None = row.message_token
        self._status_at_ms: int | None = row.status_at_ms
        self.is_changed = False
        self.owner: str = row.owner

    @property
    def frees_line(self) -> bool:
        """What comes after it need not wait any more, or it waits itself, and no job knows that."""
        before, after = self._row.state, self.standing.state
        return before != after and (before == "unknown" or after == "waiting")

    @property
    def is_over(self) -> bool:
        """What it says is not needed any more. A file is deleted at WhatsApp by what stands in the body."""
        return self.standing.status in ARRIVED and self._row.kind != FILE_KIND

    def apply(self, status: StatusUpdate, tokens: Sequence[str], now_ms: int) -> None:
        told = Told(
            status=status.status,
            is_other_message=self.message_token is not None and self.message_token not in tokens,
            error=status.errors[0] if status.errors else None,
        )
        after = after_status(self.standing, told, now_ms=now_ms)
        if after == self.standing:
            return
        self.standing = after
        self.message_token = tokens[0]
        self._status_at_ms = now_ms if status.at_s is None else status.at_s * 1000
        self.is_changed = True

    def values(self, now_ms: int) -> dict[str, Any]:
        """Parameters of `_CHANGE`."""
        standing = self.standing
        return {
            "row_number": self._row.number,
            "new_state": standing.state,
            "new_status": standing.status,
            "new_status_at_ms": self._status_at_ms,
            "new_message_token": self.message_token,
            "new_error_code": standing.error_code,
            "new_error": standing.error,
            "new_next_at_ms": standing.next_at_ms,
            "new_settled_at_ms": (self._row.settled_at_ms or now_ms) if standing.state in SETTLED else None,
        }


async def apply_statuses(
    connection: AsyncConnection,
    ring: KeyRing,
    statuses: Sequence[StatusUpdate],
    *,
    now_ms: int,
    freed: set[str] | None = None,
) -> Sequence[StatusUpdate]:
    """Note what became of messages. A delivery is found by the reference it was sent with, or by the message's id. Returns statuses of
    nobody: of messages somebody else sent from the number, or whose rows are forgotten. `freed` gets the owners whose line may go on
    because of them: each is worth a job."""
    # In one order: two webhooks that tell of the same deliveries wait for each other, and not both. Those with a reference come
    # first: they may tell the id by which the others are found.
    ordered = sorted(range(len(statuses)), key=lambda index: (_reference(statuses[index]) or "~", index))
    unmatched: list[int] = []
    for start in range(0, len(ordered), _AT_ONCE):
        part = ordered[start : start + _AT_ONCE]
        missing, owners = await _apply(connection, ring, [statuses[index] for index in part], now_ms)
        if freed is not None:
            freed |= owners
        unmatched += [part[position] for position in missing]
    return [statuses[index] for index in sorted(unmatched)]


async def _apply(
    connection: AsyncConnection, ring: KeyRing, statuses: Sequence[StatusUpdate], now_ms: int
) -> tuple[list[int], set[str]]:
    """Positions of statuses of nobody, and owners whose line may go on."""
    tokens = [message_tokens(ring, status.message_id) for status in statuses]
    found = await connection.execute(_WANTED_LOCKED, wanted_by(ring, statuses))
    rows = [(row.id, _Row(row)) for row in found]
    by_id = dict(rows)
    by_token = {row.message_token: row for _, row in rows if row.message_token is not None}
    unmatched: list[int] = []
    for position, status in enumerate(statuses):
        row = by_id.get(_reference(status) or "") or next(
            (by_token[token] for token in tokens[position] if token in by_token), None
        )
        if row is None:
            unmatched.append(position)
        else:
            row.apply(status, tokens[position], now_ms)
            by_token[tokens[position][0]] = row
    changed = [row for _, row in rows if row.is_changed]
    for statement, part in (
        (_CHANGE, [row for row in changed if not row.is_over]),
        (_END, [row for row in changed if row.is_over]),
    ):
        if part:
            await connection.execute(statement, [row.values(now_ms) for row in part])
    return unmatched, {row.owner for row in changed if row.frees_line}


def wanted_by(ring: KeyRing, statuses: Sequence[StatusUpdate]) -> dict[str, list[str]]:
    """Parameters of `WANTED`."""
    references = {reference for status in statuses if (reference := _reference(status)) is not None}
    tokens = {token for status in statuses for token in message_tokens(ring, status.message_id)}
    return {"references": sorted(references), "tokens": sorted(tokens)}


def _reference(status: StatusUpdate) -> str | None:
    reference = status.reference
    return reference if reference is not None and reference.startswith(f"{ID_PREFIX}_") else None
