"""Writes the index: many mails in one commit, each once, whatever comes twice."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

import msgspec
from sqlalchemy import delete, func, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.database.bulk import bulk_insert
from wipsie.kernel import json
from wipsie.kernel.ids import ObjectId
from wipsie.slices.mail.store import erasures
from wipsie.slices.mail.store.entries import ENVELOPE, Arrival, Entry, storable
from wipsie.slices.mail.store.tables import (
    arrivals_table,
    attachments_table,
    mails_table,
    recipients_table,
    tags_table,
    words_table,
)

_MAILS = mails_table.c
_ARRIVALS = arrivals_table.c


class Added(msgspec.Struct, frozen=True):
    """What became of a mail that was added."""

    number: int
    is_new: bool
    """It was not in the index before."""
    is_copy: bool
    """Another message brought it before this one."""


class Replaced(msgspec.Struct, frozen=True):
    """What became of a mail that was to be written anew."""

    outcome: Literal["written", "erasing", "gone"]
    """Erasing: some of its objects may be gone since they were stored; store them again, and come again. Gone: the index does not
    have the mail."""
    erasure: ObjectId | None = None
    """Of what was stored of a mail that was erased meanwhile."""


async def add(
    connection: AsyncConnection,
    items: Sequence[tuple[Entry, Arrival | None]],
    *,
    now_ms: int,
    stored_since_ms: int | None = None,
) -> list[Added | None]:
    """Add mails and their arrivals; in the order of `items`. Without an arrival, a mail is known and nothing more. None for one
    whose objects are about to be erased, or were since `stored_since_ms`: store them again, and come again. Without that time
    the documents have lain there all along: None only for one that is about to be erased itself, or was in this moment. That a
    file of it may be gone is no reason to leave it out: as long as the index does not have it, no erasure spares its files."""
    await lock(connection, [entry.name.key for entry, _ in items])
    allowed = await _allowed(connection, items, now_ms=now_ms, stored_since_ms=stored_since_ms)
    added = iter(await _add([item for item, may in zip(items, allowed, strict=True) if may], connection, now_ms))
    return [next(added) if may else None for may in allowed]


async def lock(connection: AsyncConnection, keys: Sequence[str]) -> dict[str, int]:
    """The numbers of those of these mails that are there. Until the transaction ends nobody else writes them, and no erasure is
    begun. First in every transaction that writes mails, and by number, as everywhere: none of two waits for the other."""
    rows = await connection.execute(
        select(_MAILS.object_key, _MAILS.number)
        .where(_MAILS.object_key.in_(sorted(set(keys))))
        .order_by(_MAILS.number)
        .with_for_update()
    )
    numbers = {row[0]: row[1] for row in rows}
    # Whoever waits for a row keeps nobody from claiming.
    await erasures.let_none_begin(connection)
    return numbers


async def _allowed(
    connection: AsyncConnection,
    items: Sequence[tuple[Entry, Arrival | None]],
    *,
    now_ms: int,
    stored_since_ms: int | None,
) -> list[bool]:
    keys = sorted({entry.name.key for entry, _ in items})
    since_ms = now_ms if stored_since_ms is None else stored_since_ms
    documents = await erasures.documents_in_the_way(connection, keys, since_ms=since_ms)
    digests = [_digests(entry, arrival) for entry, arrival in items]
    files: set[str] = set()
    if stored_since_ms is not None:
        files = await erasures.files_in_the_way(
            connection, sorted({one for found in digests for one in found}), since_ms=since_ms
        )
    return [
        entry.name.key not in documents and not files & found for (entry, _), found in zip(items, digests, strict=True)
    ]


def _digests(entry: Entry, arrival: Arrival | None) -> set[str]:
    found = {row["sha256"] for row in entry.attachments}
    found |= {entry.mail["raw_sha256"], None if arrival is None else arrival.raw_sha256}
    return {sha256 for sha256 in found if sha256 is not None}


async def _add(items: Sequence[tuple[Entry, Arrival | None]], connection: AsyncConnection, now_ms: int) -> list[Added]:
    keys = {entry.name.key for entry, _ in items}
    numbers = await _numbers_of(connection, keys)
    before = set(numbers)
    fresh: dict[str, Entry] = {}
    for entry, _ in items:
        if entry.name.key not in before:
            fresh.setdefault(entry.name.key, entry)
    await _give_numbers(connection, list(fresh.values()), numbers)
    added: list[Added] = []
    brought = await _brought(connection, items, numbers)
    arrivals: list[dict[str, Any]] = []
    copies: dict[int, int] = {}
    for entry, arrival in items:
        key, number = entry.name.key, numbers[entry.name.key]
        messages = brought.setdefault(number, set())
        is_copy = bool(messages - ({arrival.message_id} if arrival is not None else set()))
        added.append(Added(number, is_new=key not in before, is_copy=is_copy))
        before.add(key)
        if arrival is not None and arrival.message_id not in messages:
            messages.add(arrival.message_id)
            arrivals.append(_arrival_row(number, arrival, is_copy=is_copy))
            copies[number] = copies.get(number, 0) + is_copy
    await _insert(connection, list(fresh.values()), numbers, copies, now_ms=now_ms)
    await bulk_insert(connection, arrivals_table, arrivals)
    came_for: dict[int, list[str]] = {}
    for entry, arrival in items:
        if arrival is not None:
            came_for.setdefault(numbers[entry.name.key], []).extend(arrival.recipients)
    await _add_recipients(connection, came_for)
    written = {numbers[key] for key in fresh}
    for number, count in sorted(copies.items()):
        if count and number not in written:
            await connection.execute(
                update(mails_table).where(_MAILS.number == number).values(copies=_MAILS.copies + count)
            )
    return added


async def replace(connection: AsyncConnection, entry: Entry, *, stored_since_ms: int, now_ms: int) -> Replaced:
    """Write anew what the index says of a mail whose objects were stored anew since then. Where it was erased meanwhile, what was
    stored of it is noted to be erased as well."""
    number = (await lock(connection, [entry.name.key])).get(entry.name.key)
    if number is None:
        raws = [] if entry.mail["raw_sha256"] is None else [entry.mail["raw_sha256"]]
        attachments = sorted({row["sha256"] for row in entry.attachments})
        erasure = await erasures.note_again(
            connection, entry.name.key, raws=raws, attachments=attachments, now_ms=now_ms
        )
        return Replaced("gone", None if erasure is None else erasure.id)
    (may,) = await _allowed(connection, [(entry, None)], now_ms=now_ms, stored_since_ms=stored_since_ms)
    if not may:
        return Replaced("erasing")
    await rewrite(connection, number, entry)
    return Replaced("written")


async def rewrite(connection: AsyncConnection, number: int, entry: Entry) -> None:
    """Write anew what the index says of a mail that this transaction has locked; its arrivals, tags, hold and number stay, and the time
    since when the archive has it."""
    await connection.execute(update(mails_table).where(_MAILS.number == number).values(entry.mail))
    await connection.execute(delete(words_table).where(words_table.c.number == number))
    for table in (recipients_table, attachments_table):
        await connection.execute(delete(table).where(table.c.mail == number))
    for table, rows in (
        (recipients_table, [{"mail": number, **row} for row in entry.recipients]),
        (attachments_table, [{"mail": number, **row} for row in entry.attachments]),
        (words_table, [{"number": number, **entry.words}]),
    ):
        await bulk_insert(connection, table, rows)
    came = await connection.execute(select(_ARRIVALS.recipients).where(_ARRIVALS.mail == number))
    recipients = [address for row in came for address in json.decode(row[0])]
    await _add_recipients(connection, {number: recipients})


async def remove(connection: AsyncConnection, numbers: Sequence[int]) -> None:
    """Forget mails, with all that hangs on them."""
    await connection.execute(delete(words_table).where(words_table.c.number.in_(numbers)))
    for table in (recipients_table, attachments_table, arrivals_table, tags_table):
        await connection.execute(delete(table).where(table.c.mail.in_(numbers)))
    await connection.execute(delete(mails_table).where(_MAILS.number.in_(numbers)))


async def _add_recipients(connection: AsyncConnection, came_for: Mapping[int, Sequence[str]]) -> None:
    """Whom copies were for, beside those the document names; by mail."""
    wanted = {
        number: dict.fromkeys(address.strip().casefold() for address in addresses)
        for number, addresses in came_for.items()
        if addresses
    }
    if not wanted:
        return
    known: dict[int, set[str]] = {number: set() for number in wanted}
    last: dict[int, int] = dict.fromkeys(wanted, 0)
    columns = recipients_table.c
    rows = await connection.execute(
        select(columns.mail, columns.address, columns.position).where(columns.mail.in_(list(wanted)))
    )
    for mail, address, position in rows:
        known[mail].add(address)
        last[mail] = max(last[mail], position)
    fresh = {number: [one for one in found if one not in known[number]] for number, found in wanted.items()}
    await bulk_insert(
        connection,
        recipients_table,
        [
            {"mail": number, "position": place, "role": ENVELOPE, "address": storable(address), "name": ""}
            for number, addresses in fresh.items()
            for place, address in enumerate(addresses, last[number] + 1)
        ],
    )


async def find_arrival(connection: AsyncConnection, message_id: str) -> str | None:
    """The key of the mail that this message brought; None for one that brought none so far."""
    joined = arrivals_table.join(mails_table, _ARRIVALS.mail == _MAILS.number)
    found = await connection.execute(
        select(_MAILS.object_key).select_from(joined).where(_ARRIVALS.message_id == message_id).limit(1)
    )
    return found.scalar_one_or_none()


async def find_timestamp_s(connection: AsyncConnection, raw_sha256: str) -> int | None:
    """The time of the oldest mail with this original."""
    wanted = select(func.min(_MAILS.timestamp_s)).where(_MAILS.raw_sha256 == raw_sha256)
    return (await connection.execute(wanted)).scalar_one_or_none()


async def _numbers_of(connection: AsyncConnection, keys: Iterable[str]) -> dict[str, int]:
    rows = await connection.execute(select(_MAILS.object_key, _MAILS.number).where(_MAILS.object_key.in_(list(keys))))
    return {row[0]: row[1] for row in rows}


async def _give_numbers(connection: AsyncConnection, fresh: Sequence[Entry], numbers: dict[str, int]) -> None:
    """The number of the mail's name, or the next one that is free: two mails of one second may share it."""
    if not fresh:
        return
    wanted = [entry.name.number for entry in fresh]
    rows = await connection.execute(select(_MAILS.number).where(_MAILS.number.in_(wanted)))
    taken = {row[0] for row in rows}
    for entry in fresh:
        number = entry.name.number
        while number in taken or await _is_taken(connection, number, entry.name.number):
            number += 1
        taken.add(number)
        numbers[entry.name.key] = number


async def _is_taken(connection: AsyncConnection, number: int, wanted: int) -> bool:
    if number == wanted:
        # Asked for all at once.
        return False
    found = await connection.execute(select(_MAILS.number).where(_MAILS.number == number))
    return found.first() is not None


async def _brought(
    connection: AsyncConnection, items: Sequence[tuple[Entry, Arrival | None]], numbers: dict[str, int]
) -> dict[int, set[str]]:
    """The messages that brought these mails before: this one, and any one other."""
    wanted = sorted({numbers[entry.name.key] for entry, _ in items})
    found: dict[int, set[str]] = {}
    pairs = [(numbers[entry.name.key], arrival.message_id) for entry, arrival in items if arrival is not None]
    own = select(_ARRIVALS.mail, _ARRIVALS.message_id).where(tuple_(_ARRIVALS.mail, _ARRIVALS.message_id).in_(pairs))
    first = select(_ARRIVALS.mail, _ARRIVALS.message_id).where(_ARRIVALS.mail.in_(wanted), ~_ARRIVALS.is_copy)
    for statement in (own, first):
        for row in await connection.execute(statement):
            found.setdefault(row[0], set()).add(row[1])
    return found


async def _insert(
    connection: AsyncConnection, fresh: Sequence[Entry], numbers: dict[str, int], copies: dict[int, int], *, now_ms: int
) -> None:
    def number(entry: Entry) -> int:
        return numbers[entry.name.key]

    # Of two processes with the same new mails, one waits for the other: in one order, or both would.
    fresh = sorted(fresh, key=number)
    await bulk_insert(
        connection,
        mails_table,
        [
            {"number": number(one), **one.mail, "copies": copies.get(number(one), 0), "indexed_at_ms": now_ms}
            for one in fresh
        ],
    )
    for table, rows in (
        (recipients_table, [{"mail": number(one), **row} for one in fresh for row in one.recipients]),
        (attachments_table, [{"mail": number(one), **row} for one in fresh for row in one.attachments]),
        (words_table, [{"number": number(one), **one.words} for one in fresh]),
    ):
        await bulk_insert(connection, table, rows)


def _arrival_row(number: int, arrival: Arrival, *, is_copy: bool) -> dict[str, Any]:
    return {
        "mail": number,
        "message_id": arrival.message_id,
        "door": arrival.door,
        "received_at_ms": arrival.received_at_ms,
        "sender": None if arrival.sender is None else storable(arrival.sender),
        "recipients": storable(json.encode_text(arrival.recipients)),
        "remote": None if arrival.remote is None else storable(arrival.remote),
        "reference": None if arrival.reference is None else storable(arrival.reference),
        "raw_sha256": arrival.raw_sha256,
        "raw_size": arrival.raw_size,
        "is_copy": is_copy,
    }
