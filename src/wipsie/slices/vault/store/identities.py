"""Whom the vault knows: by business-scoped user id, with the number as something that may change, or be missing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Select, bindparam, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.blobs.sealing import KeyRing, keyed_token, keyed_tokens
from wipsie.database.inserts import insert_ignoring_conflicts
from wipsie.kernel.errors import Conflict
from wipsie.slices.vault.domain.languages import Language, language_of_country
from wipsie.slices.vault.domain.masking import masked_number, masked_user_id
from wipsie.slices.vault.domain.whatsapp.updates import Sender
from wipsie.slices.vault.store.columns import open_column, seal_column
from wipsie.slices.vault.store.tables import consents_table, identities_table

_IDENTITIES = identities_table.c
_USER = "vault user id"
_NUMBER = "vault number"
_TRIES_MAX = 3
# Built once, since every message needs them.
_OF = select(identities_table).where(_IDENTITIES.id == bindparam("of_owner"))
_NEWEST = select(identities_table).order_by(_IDENTITIES.created_at_ms.desc()).limit(1)
_BY_USER = _NEWEST.where(_IDENTITIES.user_token.in_(bindparam("tokens", expanding=True)))
_BY_NUMBER = _NEWEST.where(_IDENTITIES.number_token.in_(bindparam("tokens", expanding=True)))
_CHANGE = update(identities_table).where(_IDENTITIES.id == bindparam("of_owner"))


class IdentityDetails(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who somebody is at WhatsApp."""

    user_id: str | None = None
    wa_id: str | None = None
    name: str | None = None
    username: str | None = None
    displaced_by: str | None = None
    """Owner who came with their number, when that is all for which they need a step-up."""


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who wrote to us. `id` is our name for them, and the only one that goes anywhere."""

    id: str
    created_at_ms: int
    details: IdentityDetails
    masked: str
    language: Language
    phone_number_id: str
    last_message_at_ms: int
    consent_version: int | None
    consented_at_ms: int | None
    stopped_at_ms: int | None
    erase_at_ms: int | None
    pin_hash: str | None
    pin_failures: int
    pin_blocked_until_ms: int
    needs_step_up: bool
    stored_bytes: int


class Resolved(msgspec.Struct, frozen=True, kw_only=True):
    """Whose message it is."""

    identity: Identity
    is_new: bool = False
    displaced: str | None = None
    """Owner who had this number until now; what is theirs stays theirs."""


async def resolve(
    connection: AsyncConnection,
    ring: KeyRing,
    sender: Sender,
    *,
    new_id: str,
    phone_number_id: str,
    sent_at_ms: int,
    now_ms: int,
) -> Resolved:
    """The identity of a sender, made when there is none, and brought up to date. `phone_number_id`: ours they wrote to.

    A number that comes with another user id than before is another person's now, as far as anybody can tell: they begin anew, and
    whoever had it needs a step-up before anything is shown again."""
    for _ in range(_TRIES_MAX):
        resolved = await _resolve(
            connection,
            ring,
            sender,
            new_id=new_id,
            phone_number_id=phone_number_id,
            sent_at_ms=sent_at_ms,
            now_ms=now_ms,
        )
        if resolved is not None:
            return resolved
    raise Conflict("Others of this name come and go at this moment; try again.")


async def renumber(
    connection: AsyncConnection,
    ring: KeyRing,
    previous_user_id: str,
    *,
    user_id: str | None,
    wa_id: str | None,
    stranger: str | None = None,
) -> Identity | None:
    """Somebody's user id, or number, is another one from now on, as WhatsApp says. It is the same account, which is all that most have
    ever shown: only who has a PIN is asked for it next. `stranger`: who they were taken for meanwhile. None when the previous id is
    nobody's here."""
    identity = await by_user_id(connection, ring, previous_user_id)
    if identity is None:
        return None
    if (
        user_id is not None
        and (other := await by_user_id(connection, ring, user_id)) is not None
        and other.id != identity.id
    ):
        # They wrote with the new id before WhatsApp told us: what that began is theirs, and stays apart.
        return None
    before = await _by_number(connection, ring, wa_id)
    if before is not None and before.id != identity.id:
        await _take_number(connection, ring, before, by=identity.id)
    # They took their number from themselves, and nothing else happened since.
    is_cleared = stranger is not None and identity.details.displaced_by == stranger
    details = msgspec.structs.replace(
        identity.details,
        user_id=user_id or identity.details.user_id,
        wa_id=wa_id or identity.details.wa_id,
        displaced_by=None,
    )
    changed = msgspec.structs.replace(
        identity,
        details=details,
        masked=_masked(details),
        needs_step_up=identity.pin_hash is not None or (identity.needs_step_up and not is_cleared),
    )
    await _update(connection, ring, changed, with_details=True)
    if is_cleared and not changed.needs_step_up:
        await _set(connection, identity.id, needs_step_up=False)
    return changed


async def need_step_up(connection: AsyncConnection, ring: KeyRing, sender: Sender) -> Identity | None:
    """Have a sender show who they are before anything that was kept is shown. None when they are nobody here."""
    identity = await by_user_id(connection, ring, sender.user_id) or await _by_number(connection, ring, sender.wa_id)
    if identity is None:
        return None
    suspected = _suspected(identity, by=None)
    await _update(connection, ring, suspected, with_details=suspected.details != identity.details)
    return suspected


async def is_locked(connection: AsyncConnection, owner: str) -> bool:
    """Whether somebody has to show who they are before anything that was kept is shown."""
    found = await connection.execute(select(_IDENTITIES.needs_step_up).where(_IDENTITIES.id == owner))
    return bool(found.scalar())


async def let_in(connection: AsyncConnection, owner: str) -> None:
    """Somebody of the staff knows who they are: they are asked for nothing, and choose a PIN anew."""
    await _set(connection, owner, pin_hash=None, pin_failures=0, pin_blocked_until_ms=0, needs_step_up=False)


async def identity_of(connection: AsyncConnection, ring: KeyRing, owner: str) -> Identity | None:
    """The identity of this id."""
    found = (await connection.execute(_OF, {"of_owner": owner})).one_or_none()
    return None if found is None else _identity(ring, found)


async def rekey(connection: AsyncConnection, ring: KeyRing, owner: str) -> None:
    """Have somebody found by tokens of the key in use, and their details sealed with it."""
    identity = await identity_of(connection, ring, owner)
    if identity is not None:
        await _set(connection, owner, **_keyed(ring, owner, identity.details))


async def by_user_id(connection: AsyncConnection, ring: KeyRing, user_id: str | None) -> Identity | None:
    """The identity that has this user id now."""
    if user_id is None:
        return None
    return await _first(connection, ring, _BY_USER, keyed_tokens(ring, user_id, owner="", purpose=_USER))


async def set_language(connection: AsyncConnection, owner: str, language: Language) -> None:
    """Speak this language with them."""
    await _set(connection, owner, language=language)


async def give_consent(
    connection: AsyncConnection,
    ring: KeyRing,
    owner: str,
    *,
    version: int,
    language: Language,
    message_id: str,
    now_ms: int,
) -> None:
    """Record what somebody agreed to, with what, and when."""
    await _set(
        connection,
        owner,
        consent_version=version,
        consented_at_ms=now_ms,
        stopped_at_ms=None,
        erase_at_ms=None,
    )
    await connection.execute(
        insert(consents_table).values(
            owner=owner,
            given_at_ms=now_ms,
            version=version,
            language=language,
            message=seal_column(ring, message_id, consents_table.c.message, f"{owner}/{now_ms}"),
        )
    )


async def withdraw_consent(connection: AsyncConnection, owner: str, *, now_ms: int, erase_at_ms: int) -> None:
    """Nothing is processed for them from now on, and everything is erased at `erase_at_ms` unless they agree again."""
    await _set(
        connection, owner, consent_version=None, consented_at_ms=None, stopped_at_ms=now_ms, erase_at_ms=erase_at_ms
    )
    await connection.execute(
        update(consents_table)
        .where(consents_table.c.owner == owner, consents_table.c.withdrawn_at_ms.is_(None))
        .values(withdrawn_at_ms=now_ms)
    )


async def set_pin(connection: AsyncConnection, owner: str, pin_hash: str) -> None:
    """Keep the hash of a PIN. Whoever set it, or knew it, has shown who they are."""
    await _set(connection, owner, pin_hash=pin_hash, pin_failures=0, pin_blocked_until_ms=0, needs_step_up=False)


async def pin_failed(connection: AsyncConnection, owner: str, *, failures: int, blocked_until_ms: int) -> None:
    """The PIN was wrong."""
    await _set(connection, owner, pin_failures=failures, pin_blocked_until_ms=blocked_until_ms)


async def add_stored_bytes(connection: AsyncConnection, owner: str, count: int) -> None:
    """Count what is stored for somebody; `count` below 0 for what is erased."""
    await connection.execute(
        update(identities_table).where(_IDENTITIES.id == owner).values(stored_bytes=_IDENTITIES.stored_bytes + count)
    )


async def owners_to_erase(connection: AsyncConnection, *, now_ms: int, count_max: int) -> Sequence[str]:
    """Those who withdrew their consent long enough ago."""
    found = await connection.execute(
        select(_IDENTITIES.id)
        .where(_IDENTITIES.erase_at_ms <= now_ms)
        .order_by(_IDENTITIES.erase_at_ms)
        .limit(count_max)
    )
    return found.scalars().all()


async def forget(connection: AsyncConnection, owner: str) -> None:
    """Remove somebody's row. What they agreed to, and when they withdrew, stays: under our name for them, which is nobody's now."""
    await connection.execute(delete(identities_table).where(_IDENTITIES.id == owner))


async def _resolve(
    connection: AsyncConnection,
    ring: KeyRing,
    sender: Sender,
    *,
    new_id: str,
    phone_number_id: str,
    sent_at_ms: int,
    now_ms: int,
) -> Resolved | None:
    """None when another message of theirs made their identity in this very moment: it is there now."""
    identity = await by_user_id(connection, ring, sender.user_id)
    by_number = await _by_number(connection, ring, sender.wa_id)
    displaced = None
    if identity is None and by_number is not None and (sender.user_id is None or by_number.details.user_id is None):
        identity, by_number = by_number, None
    if by_number is not None and (identity is None or by_number.id != identity.id):
        displaced = by_number.id
        await _take_number(connection, ring, by_number, by=new_id if identity is None else identity.id)
    if identity is None:
        identity = _fresh(sender, new_id, phone_number_id, sent_at_ms, now_ms)
        is_new = await _add(connection, ring, identity)
        return Resolved(identity=identity, is_new=True, displaced=displaced) if is_new else None
    details = IdentityDetails(
        user_id=sender.user_id or identity.details.user_id,
        wa_id=sender.wa_id or identity.details.wa_id,
        name=sender.name or identity.details.name,
        username=sender.username or identity.details.username,
        displaced_by=identity.details.displaced_by,
    )
    changed = msgspec.structs.replace(
        identity,
        details=details,
        masked=_masked(details),
        phone_number_id=phone_number_id,
        last_message_at_ms=max(identity.last_message_at_ms, sent_at_ms),
    )
    if changed != identity:
        await _update(connection, ring, changed, with_details=details != identity.details)
    return Resolved(identity=changed, displaced=displaced)


async def _set(connection: AsyncConnection, owner: str, **values: Any) -> None:
    await connection.execute(_CHANGE, {"of_owner": owner, **values})


async def _by_number(connection: AsyncConnection, ring: KeyRing, wa_id: str | None) -> Identity | None:
    if wa_id is None:
        return None
    return await _first(connection, ring, _BY_NUMBER, keyed_tokens(ring, wa_id, owner="", purpose=_NUMBER))


async def _first(
    connection: AsyncConnection, ring: KeyRing, statement: Select[Any], tokens: list[str]
) -> Identity | None:
    found = (await connection.execute(statement, {"tokens": tokens})).one_or_none()
    return None if found is None else _identity(ring, found)


async def _add(connection: AsyncConnection, ring: KeyRing, identity: Identity) -> bool:
    """False when somebody is there with this user id, or this number."""
    statement = insert_ignoring_conflicts(connection.dialect.name, identities_table).values(
        **_plain(identity), next_report=1, **_keyed(ring, identity.id, identity.details)
    )
    return (await connection.execute(statement)).rowcount > 0


async def _take_number(connection: AsyncConnection, ring: KeyRing, identity: Identity, *, by: str) -> None:
    details = msgspec.structs.replace(identity.details, wa_id=None)
    without = msgspec.structs.replace(identity, details=details, masked=_masked(details))
    await _update(connection, ring, _suspected(without, by=by), with_details=True)


def _suspected(identity: Identity, *, by: str | None) -> Identity:
    # The first reason may turn out to be none; a second one stays.
    details = msgspec.structs.replace(identity.details, displaced_by=None if identity.needs_step_up else by)
    return msgspec.structs.replace(identity, details=details, needs_step_up=True)


async def _update(connection: AsyncConnection, ring: KeyRing, identity: Identity, *, with_details: bool) -> None:
    values: dict[str, Any] = {
        "masked": identity.masked,
        "phone_number_id": identity.phone_number_id,
        "last_message_at_ms": identity.last_message_at_ms,
    }
    # Only ever set here: it may have been set by somebody else since this was read.
    if identity.needs_step_up:
        values["needs_step_up"] = True
    if with_details:
        values |= _keyed(ring, identity.id, identity.details)
    await _set(connection, identity.id, **values)


def _fresh(sender: Sender, new_id: str, phone_number_id: str, sent_at_ms: int, now_ms: int) -> Identity:
    details = IdentityDetails(user_id=sender.user_id, wa_id=sender.wa_id, name=sender.name, username=sender.username)
    return Identity(
        id=new_id,
        created_at_ms=now_ms,
        details=details,
        masked=_masked(details),
        language=language_of_country((sender.user_id or "").partition(".")[0]),
        phone_number_id=phone_number_id,
        last_message_at_ms=sent_at_ms,
        consent_version=None,
        consented_at_ms=None,
        stopped_at_ms=None,
        erase_at_ms=None,
        pin_hash=None,
        pin_failures=0,
        pin_blocked_until_ms=0,
        needs_step_up=False,
        stored_bytes=0,
    )


def _masked(details: IdentityDetails) -> str:
    return masked_number(details.wa_id) if details.wa_id is not None else masked_user_id(details.user_id or "")


def _plain(identity: Identity) -> dict[str, Any]:
    values = msgspec.structs.asdict(identity)
    del values["details"]
    return values


def _keyed(ring: KeyRing, owner: str, details: IdentityDetails) -> dict[str, Any]:
    return {
        "user_token": None if details.user_id is None else keyed_token(ring, details.user_id, owner="", purpose=_USER),
        "number_token": None if details.wa_id is None else keyed_token(ring, details.wa_id, owner="", purpose=_NUMBER),
        "details": seal_column(ring, details, _IDENTITIES.details, owner),
    }


def _identity(ring: KeyRing, row: Any) -> Identity:
    return Identity(
        details=open_column(ring, row.details, IdentityDetails, _IDENTITIES.details, row.id),
        **{name: getattr(row, name) for name in Identity.__struct_fields__ if name != "details"},
    )
