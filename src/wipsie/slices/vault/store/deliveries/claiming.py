"""The line of an owner: its head is claimed, sent, and what came of it is written. Nobody overtakes.

A claim is a time: whoever holds it past that has died, and what it did with the message is not known. So every change after a claim
names the claim, and changes nothing when another has been given since.
"""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.blobs.sealing import KeyRing, SealBroken
from wipsie.slices.vault.domain.sending.body import FILE_KIND, DeliveryBody
from wipsie.slices.vault.domain.sending.deciding import Decision, after_silence
from wipsie.slices.vault.domain.sending.states import SETTLED, State
from wipsie.slices.vault.domain.sending.statuses import Standing, Told, after_status
from wipsie.slices.vault.domain.whatsapp.errors import ApiError
from wipsie.slices.vault.store.columns import open_column, seal_column
from wipsie.slices.vault.store.deliveries.rows import DELIVERIES, message_token
from wipsie.slices.vault.store.tables import deliveries_table

SEND_CLAIM_S = 60.0
"""How long one call may take at most, and how long a status of it is waited for when whoever made it died."""
UPLOAD_CLAIM_S = 300.0
ATTEMPTS_MAX = 20
"""More than any error is tried again: who sends it dies each time."""
BODY_BROKEN = "body_broken"
TOO_MANY_ATTEMPTS = "too_many_attempts"
# Built once, since every message needs them.
_HEAD = (
    select(deliveries_table)
    .where(DELIVERIES.owner == bindparam("of_owner"), DELIVERIES.settled_at_ms.is_(None))
    .order_by(DELIVERIES.number)
    .limit(1)
)
_HEAD_LOCKED = _HEAD.with_for_update()
_ROW_LOCKED = select(deliveries_table).where(DELIVERIES.number == bindparam("row_number")).with_for_update()
_CHANGE = update(deliveries_table).where(DELIVERIES.number == bindparam("row_number"))
_CHANGE_CLAIMED = _CHANGE.where(DELIVERIES.claimed_until_ms == bindparam("claim_until_ms"))
_BEGIN_SENDING = _CHANGE_CLAIMED.where(DELIVERIES.state == "waiting")
_RECORD = _CHANGE_CLAIMED.where(DELIVERIES.state.in_(("waiting", "sending")))


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be sent next to an owner."""

    id: str
    number: int
    phone_number_id: str
    kind: str
    state: State
    due_at_ms: int
    """Nothing is to be done before."""
    created_at_ms: int


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery that is ours until `until_ms`."""

    id: str
    number: int
    owner: str
    phone_number_id: str
    kind: str
    body: DeliveryBody
    is_sensitive: bool
    attempt: int
    """Which one this is, from 1."""
    unknowns: int
    until_ms: int
    created_at_ms: int
    last_error_code: int | None
    """Of the attempt before."""


class GivenUp(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery that is not sent: nobody knows whether it arrived, and it is not to arrive twice; or nobody can read it."""

    id: str
    phone_number_id: str
    kind: str
    error: str


async def head_of(connection: AsyncConnection, owner: str) -> Head | None:
    """What is to be sent next; None when nothing waits."""
    row = (await connection.execute(_HEAD, {"of_owner": owner})).one_or_none()
    return None if row is None else _as_head(row)


async def claim_head(connection: AsyncConnection, ring: KeyRing, owner: str, *, now_ms: int) -> Claim | GivenUp | None:
    """Take what is to be sent next, if it is due; None otherwise. A file is claimed for its upload first: see `begin_sending`.
    KeyMissing."""
    row = (await connection.execute(_HEAD_LOCKED, {"of_owner": owner})).one_or_none()
    if row is None or _as_head(row).due_at_ms > now_ms:
        return None
    # Who was sending it died: the time of the claim was the time for a status.
    unknowns = row.unknowns + (1 if row.state == "sending" else 0)
    silence = None if row.state == "waiting" else after_silence(unknowns=unknowns, is_sensitive=row.is_sensitive)
    body = _opened(ring, row)
    reason = _why_not(row, silence, body)
    if reason is not None or body is None:
        await connection.execute(
            _CHANGE,
            {
                "row_number": row.number,
                "state": "failed",
                "error_code": None,
                "error": reason,
                "unknowns": unknowns,
                "settled_at_ms": now_ms,
                "claimed_until_ms": 0,
            },
        )
        return GivenUp(id=row.id, phone_number_id=row.phone_number_id, kind=row.kind, error=reason or BODY_BROKEN)
    is_upload = row.kind == FILE_KIND and body.media_id is None
    until_ms = now_ms + round((UPLOAD_CLAIM_S if is_upload else SEND_CLAIM_S) * 1000)
    await connection.execute(
        _CHANGE,
        {
            "row_number": row.number,
            "state": "waiting" if is_upload else "sending",
            "attempts": row.attempts + 1,
            "unknowns": unknowns,
            "claimed_until_ms": until_ms,
            **({} if silence is None else {"error_code": None, "error": silence.error}),
        },
    )
    return Claim(
        id=row.id,
        number=row.number,
        owner=owner,
        phone_number_id=row.phone_number_id,
        kind=row.kind,
        body=body,
        is_sensitive=row.is_sensitive,
        attempt=row.attempts + 1,
        unknowns=unknowns,
        until_ms=until_ms,
        created_at_ms=row.created_at_ms,
        last_error_code=row.error_code,
    )


async def begin_sending(
    connection: AsyncConnection, ring: KeyRing, claim: Claim, *, media_id: str, now_ms: int
) -> Claim | None:
    """The file is uploaded, and the message goes next. None when the claim has run out."""
    body = msgspec.structs.replace(claim.body, media_id=media_id)
    until_ms = now_ms + round(SEND_CLAIM_S * 1000)
    changed = await connection.execute(
        _BEGIN_SENDING,
        {
            "row_number": claim.number,
            "claim_until_ms": claim.until_ms,
            "state": "sending",
            "claimed_until_ms": until_ms,
            "body": seal_column(ring, body, DELIVERIES.body, claim.id),
        },
    )
    return msgspec.structs.replace(claim, body=body, until_ms=until_ms) if changed.rowcount else None


async def record_taken(
    connection: AsyncConnection, ring: KeyRing, claim: Claim, message_id: str | None, *, now_ms: int
) -> State:
    """WhatsApp took it: how it stands now. A status may have told that, or of its failure, before the answer came."""
    row = (await connection.execute(_ROW_LOCKED, {"row_number": claim.number})).one_or_none()
    if row is None:
        # The owner was erased meanwhile.
        return "cancelled"
    token = None if message_id is None else message_token(ring, message_id)
    if row.state in SETTLED and row.message_token is not None:
        return row.state
    standing = Standing(state="accepted", status=None, attempts=row.attempts, has_body=row.body is not None)
    if row.status == "failed" and row.message_token == token:
        told = Told(status="failed", error=ApiError(code=row.error_code))
        standing = after_status(standing, told, now_ms=now_ms)
    is_receipt = message_id is None
    await connection.execute(
        _CHANGE,
        {
            "row_number": claim.number,
            "state": standing.state,
            "status": standing.status,
            "message_token": token,
            "error_code": standing.error_code,
            "error": standing.error,
            "next_at_ms": standing.next_at_ms,
            "claimed_until_ms": 0,
            "settled_at_ms": now_ms if standing.state in SETTLED else None,
            # Nothing is told of receipts.
            **({"body": None} if is_receipt else {}),
        },
    )
    return standing.state


async def record(connection: AsyncConnection, claim: Claim, decision: Decision, *, now_ms: int) -> bool:
    """What becomes of it when WhatsApp did not take it, or nobody knows. False when a status told more meanwhile, or the claim ran
    out: that holds then."""
    is_unknown = decision.state == "unknown"
    changed = await connection.execute(
        _RECORD,
        {
            "row_number": claim.number,
            "claim_until_ms": claim.until_ms,
            **_settled(decision, now_ms),
            "attempts": claim.attempt if decision.is_counted else claim.attempt - 1,
            "unknowns": claim.unknowns + 1 if is_unknown else claim.unknowns,
            # A pause holds everybody, and may end before its time.
            "next_at_ms": now_ms if decision.pause is not None else now_ms + round(decision.in_s * 1000),
            "claimed_until_ms": 0,
        },
    )
    return changed.rowcount > 0


def _opened(ring: KeyRing, row: Any) -> DeliveryBody | None:
    """None for a body that nobody can read. KeyMissing."""
    if row.body is None:
        return None
    try:
        return open_column(ring, row.body, DeliveryBody, DELIVERIES.body, row.id)
    except SealBroken:
        return None


def _why_not(row: Any, silence: Decision | None, body: DeliveryBody | None) -> str | None:
    """Why it is not sent, in a word; None when it is."""
    if silence is not None and silence.state == "failed":
        return silence.error
    if body is None:
        return BODY_BROKEN
    return TOO_MANY_ATTEMPTS if row.attempts >= ATTEMPTS_MAX else None


def _as_head(row: Any) -> Head:
    due_at_ms = row.claimed_until_ms if row.state == "sending" else max(row.next_at_ms, row.claimed_until_ms)
    return Head(
        id=row.id,
        number=row.number,
        phone_number_id=row.phone_number_id,
        kind=row.kind,
        state=row.state,
        due_at_ms=due_at_ms,
        created_at_ms=row.created_at_ms,
    )


def _settled(decision: Decision, now_ms: int) -> dict[str, Any]:
    return {
        "state": decision.state,
        "error_code": decision.error_code,
        "error": decision.error,
        "settled_at_ms": now_ms if decision.state in SETTLED else None,
    }
