"""The inbox: what people sent, from the moment Meta is told that we have it until it is handled.

A message is known by our number and its id. One that comes again changes nothing; what it brings is compared, since the same id with
another content is nobody's retry.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import bindparam, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.blobs.sealing import KeyRing, SealBroken, keyed_token, keyed_tokens
from wipsie.database.inserts import insert_ignoring_conflicts
from wipsie.slices.vault.domain.whatsapp.updates import IncomingMessage, Media
from wipsie.slices.vault.store.columns import open_column, seal_column
from wipsie.slices.vault.store.tables import inbox_table

_ROWS = inbox_table.c
_CONTENT = "vault content"
_SENDER = "vault sender"
_MESSAGE = "vault message id"
_TOKENS_AT_ONCE = 500
HANDLED_AT_ONCE_MAX = 50
"""Messages of one sender that are read together."""
# Built once, since every message needs them.
_WAITING_OF = (
    select(inbox_table)
    .where(_ROWS.sender_token == bindparam("token"), _ROWS.handled_at_ms.is_(None))
    .order_by(_ROWS.sent_at_ms, _ROWS.number)
    .limit(HANDLED_AT_ONCE_MAX)
)
_KNOWN = select(_ROWS.phone_number_id, _ROWS.message_token, _ROWS.content_token).where(
    _ROWS.message_token.in_(bindparam("tokens", expanding=True))
)
_MARK_HANDLED = update(inbox_table).where(_ROWS.number == bindparam("row_number"), _ROWS.handled_at_ms.is_(None))


class InboxRow(msgspec.Struct, frozen=True, kw_only=True):
    """A message that waits to be handled."""

    number: int
    phone_number_id: str
    message: IncomingMessage
    sent_at_ms: int
    arrived_at_ms: int
    attempts: int


class Accepted(msgspec.Struct, frozen=True, kw_only=True):
    """What became of messages that were taken in."""

    new: tuple[IncomingMessage, ...]
    """Those that were not here before."""
    changed: int
    """How many were here before, with another content."""


class MessagesBroken(SealBroken):
    """Messages that nobody can read: somebody changed their rows."""

    def __init__(self, numbers: Sequence[int]) -> None:
        super().__init__("Messages that wait do not open; their rows were changed.", details={"numbers": list(numbers)})
        self.numbers = tuple(numbers)


def sender_token(ring: KeyRing, message: IncomingMessage) -> str:
    """By what the messages of one sender are found."""
    return keyed_token(ring, message.sender.key, owner="", purpose=_SENDER)


async def take_in(
    connection: AsyncConnection, ring: KeyRing, messages: Sequence[IncomingMessage], *, now_ms: int
) -> Accepted:
    """Keep messages of one webhook, each once. Their senders have keys, see `Sender.key`."""
    once = {_Key.of(ring, one): one for one in reversed(messages)}
    known = await _known(connection, ring, messages)
    statement = insert_ignoring_conflicts(connection.dialect.name, inbox_table).returning(
        _ROWS.phone_number_id, _ROWS.message_token, _ROWS.content_token
    )
    fresh = {key: one for key, one in reversed(once.items()) if _number_and_id(one) not in known}
    inserted: set[_Key] = set()
    if fresh:
        rows = [_row(ring, key, one, now_ms) for key, one in fresh.items()]
        for row in await connection.execute(statement, rows):
            key = _Key(row.phone_number_id, row.message_token)
            inserted.add(key)
            # What else comes with this id, in this very body, is compared with it.
            known[_number_and_id(fresh[key])] = row.content_token
    if len(inserted) < len(fresh):
        # Another request brought some of them in this very moment.
        known |= await _known(connection, ring, [one for key, one in fresh.items() if key not in inserted])
    return Accepted(
        new=tuple(one for key, one in fresh.items() if key in inserted), changed=_count_changed(ring, messages, known)
    )


async def waiting_of(connection: AsyncConnection, ring: KeyRing, token: str) -> list[InboxRow]:
    """What waits of one sender, in the order in which it was sent. MessagesBroken when some of it cannot be read; KeyMissing."""
    found = await connection.execute(_WAITING_OF, {"token": token})
    waiting: list[InboxRow] = []
    broken: list[int] = []
    for row in found:
        try:
            waiting.append(_opened(ring, row))
        except SealBroken:
            broken.append(row.number)
    if broken:
        raise MessagesBroken(broken)
    return waiting


async def mark_handled(connection: AsyncConnection, number: int, *, now_ms: int, error: str | None = None) -> bool:
    """Note that a message is handled, and forget what it said; False when somebody else did that already. `error`: why it was given up."""
    changed = await connection.execute(
        _MARK_HANDLED, {"row_number": number, "handled_at_ms": now_ms, "body": None, "error": error}
    )
    return changed.rowcount > 0


async def count_attempt(connection: AsyncConnection, number: int, count: int = 1) -> int:
    """Note that handling a message begins, before it does: what ends the process is counted too. How often it began. `count` -1 takes
    it back."""
    found = await connection.execute(
        update(inbox_table)
        .where(_ROWS.number == number)
        .values(attempts=_ROWS.attempts + count)
        .returning(_ROWS.attempts)
    )
    return found.scalar_one_or_none() or 0


async def overdue_senders(connection: AsyncConnection, *, before_ms: int, count_max: int) -> list[str]:
    """Tokens of senders whose messages wait since `before_ms`: their job was lost, or given up."""
    found = await connection.execute(
        select(_ROWS.sender_token)
        .where(_ROWS.handled_at_ms.is_(None), _ROWS.arrived_at_ms < before_ms)
        .group_by(_ROWS.sender_token)
        .order_by(func.min(_ROWS.number))
        .limit(count_max)
    )
    return list(found.scalars())


async def count_waiting(connection: AsyncConnection) -> int:
    """How many messages wait to be handled."""
    found = await connection.execute(select(func.count()).where(_ROWS.handled_at_ms.is_(None)).select_from(inbox_table))
    return found.scalar_one()


async def forget_handled(connection: AsyncConnection, *, before_ms: int, count_max: int) -> int:
    """Remove rows of messages handled before `before_ms`: later than that nobody sends them again. How many."""
    old = select(_ROWS.number).where(_ROWS.handled_at_ms < before_ms).order_by(_ROWS.handled_at_ms).limit(count_max)
    return (await connection.execute(delete(inbox_table).where(_ROWS.number.in_(old)))).rowcount


class _Key(NamedTuple):
    """What names a message in the table."""

    phone_number_id: str
    message_token: str

    @classmethod
    def of(cls, ring: KeyRing, message: IncomingMessage) -> _Key:
        return cls(_number_and_id(message)[0], keyed_token(ring, message.id, owner="", purpose=_MESSAGE))

    @property
    def row_id(self) -> str:
        return f"{self.phone_number_id}/{self.message_token}"


def _number_and_id(message: IncomingMessage) -> tuple[str, str]:
    return message.number.phone_number_id or "", message.id


def _opened(ring: KeyRing, row: Any) -> InboxRow:
    row_id = _Key(row.phone_number_id, row.message_token).row_id
    return InboxRow(
        number=row.number,
        phone_number_id=row.phone_number_id,
        message=open_column(ring, row.body, IncomingMessage, _ROWS.body, row_id),
        sent_at_ms=row.sent_at_ms,
        arrived_at_ms=row.arrived_at_ms,
        attempts=row.attempts,
    )


def _row(ring: KeyRing, key: _Key, message: IncomingMessage, now_ms: int) -> dict[str, object]:
    return {
        "phone_number_id": key.phone_number_id,
        "message_token": key.message_token,
        "sender_token": sender_token(ring, message),
        "kind": str(message.content.__struct_config__.tag),
        "sent_at_ms": now_ms if message.sent_at_s is None else message.sent_at_s * 1000,
        "arrived_at_ms": now_ms,
        "content_token": keyed_token(ring, _content(message), owner=message.id, purpose=_CONTENT),
        "body": seal_column(ring, message, _ROWS.body, key.row_id),
        "attempts": 0,
    }


def _content(message: IncomingMessage) -> str:
    content = message.content
    # Where the bytes lie for five minutes is another place each time.
    if isinstance(content, Media):
        content = msgspec.structs.replace(content, url=None)
    return msgspec.json.encode((message.sender.key, content)).decode()


async def _known(
    connection: AsyncConnection, ring: KeyRing, messages: Sequence[IncomingMessage]
) -> dict[tuple[str, str], str]:
    """Of those that are in the table: the token of their content, by number and id. Looked up under all keys of the ring: one that
    came before the key in use was is known all the same."""
    by_token = {
        token: message for message in messages for token in keyed_tokens(ring, message.id, owner="", purpose=_MESSAGE)
    }
    known: dict[tuple[str, str], str] = {}
    tokens = list(by_token)
    for start in range(0, len(tokens), _TOKENS_AT_ONCE):
        found = await connection.execute(_KNOWN, {"tokens": tokens[start : start + _TOKENS_AT_ONCE]})
        for row in found:
            known[row.phone_number_id, by_token[row.message_token].id] = row.content_token
    return known


def _count_changed(ring: KeyRing, messages: Sequence[IncomingMessage], known: dict[tuple[str, str], str]) -> int:
    return sum(
        known[key] not in keyed_tokens(ring, _content(one), owner=one.id, purpose=_CONTENT)
        for one in messages
        if (key := _number_and_id(one)) in known
    )
