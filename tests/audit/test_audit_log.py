"""The audit log grows with the changes it tells of, and shows whatever else is done to it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import pytest
from audit_parts import KEY, Intruder, Objects, append, event
from sqlalchemy.exc import DBAPIError

from wipsie.audit import Anchors, AuditKeys, AuditLog, all_events, list_events, verify
from wipsie.audit.chain import body_of, read_body, seal_of_event, write_body
from wipsie.database import Database
from wipsie.kernel.audit_event import AuditEvent
from wipsie.kernel.clock import SystemClock
from wipsie.kernel.errors import ConfigurationError, InternalError, InvalidInput, StorageUnavailable
from wipsie.telemetry import correlation

OTHER_KEY = bytes(reversed(range(32)))


def keys(*given: bytes) -> AuditKeys:
    return AuditKeys(given or [KEY])


async def test_an_event_is_there_if_and_only_if_its_change_is(database: Database) -> None:
    token = correlation.set_ids("req-1")
    try:
        async with database.unit_of_work() as unit:
            unit.record(event(1))
            unit.record(event(2))
    finally:
        correlation.reset(token)

    async def fail() -> None:
        async with database.unit_of_work() as unit:
            unit.record(event(3))
            raise LookupError

    with pytest.raises(LookupError):
        await fail()
    found = await list_events(database)
    assert [(one.seq, one.object, one.request_id, one.facts) for one in found] == [
        (2, "thing:2", "req-1", {"number": 2, "state": "open"}),
        (1, "thing:1", "req-1", {"number": 1, "state": "open"}),
    ]
    assert (await verify(database, keys())).is_intact


async def test_events_are_found_by_actor_action_and_object_page_by_page(database: Database) -> None:
    await append(database, 5)
    async with database.unit_of_work() as unit:
        unit.record(event(3, actor="user:usr_1"))
    assert [one.seq for one in await list_events(database, object="thing:3")] == [6, 3]
    assert [one.seq for one in await list_events(database, object="thing:3", actor="user:usr_1")] == [6]
    assert await list_events(database, action="tests:thing:remove") == []
    assert [one.seq for one in await list_events(database, limit=2, before_seq=4)] == [3, 2]
    assert [one.seq async for one in all_events(database, after_seq=4)] == [5, 6]


async def test_sixteen_writers_at_once_make_one_chain_and_no_look_meanwhile_raises_an_alarm(database: Database) -> None:
    async def write(writer: int) -> None:
        for number in range(12):
            async with database.unit_of_work() as unit:
                unit.record(event(number, actor=f"user:usr_{writer}"))

    writing = asyncio.gather(*(write(writer) for writer in range(16)))
    looks = 0
    while not writing.done():
        assert (await verify(database, keys())).findings == ()
        looks += 1
    await writing
    assert looks > 1
    found = await verify(database, keys())
    assert (found.events, found.findings) == (16 * 12, ())
    for writer in range(16):
        own = await list_events(database, actor=f"user:usr_{writer}")
        # Each writer's events lie in the order of its commits.
        assert [one.facts["number"] for one in own] == list(range(11, -1, -1))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_events SET actor = 'user:other' WHERE seq = 2",
        "DELETE FROM audit_events WHERE seq = 3",
        "DELETE FROM audit_head",
        "UPDATE audit_head SET seq = 1",
    ],
)
async def test_the_database_itself_refuses_changes(database: Database, statement: str) -> None:
    await append(database, 3)

    async def change() -> None:
        async with database.begin() as connection:
            await connection.exec_driver_sql(statement)

    with pytest.raises((DBAPIError, StorageUnavailable)):
        await change()
    assert (await verify(database, keys())).is_intact


@pytest.mark.parametrize("database_kind", ["postgresql"], indirect=True)
async def test_postgresql_refuses_to_empty_the_log(database: Database) -> None:
    await append(database, 3)

    async def empty(table: str) -> None:
        async with database.begin() as connection:
            await connection.exec_driver_sql(f"TRUNCATE {table}")

    for table in ("audit_events", "audit_head"):
        with pytest.raises((DBAPIError, StorageUnavailable)):
            await empty(table)
    assert (await verify(database, keys())).is_intact


@dataclass(frozen=True)
class Deed:
    """Something done to a log of six events behind Wipsie's back."""

    name: str
    statements: tuple[str, ...]
    found: set[tuple[str, int | None]]
    """(problem, event) that are told, among others."""


DEEDS = [
    Deed(
        "an event is changed",
        ("UPDATE audit_events SET body = (SELECT body FROM audit_events WHERE seq = 1) WHERE seq = 3",),
        {("changed", 3), ("columns", 3)},
    ),
    Deed(
        "what people search by is changed",
        ("UPDATE audit_events SET actor = 'user:innocent' WHERE seq = 4",),
        {("columns", 4)},
    ),
    Deed("an event is removed", ("DELETE FROM audit_events WHERE seq = 3",), {("missing", 3), ("changed", 4)}),
    Deed("the first event is removed", ("DELETE FROM audit_events WHERE seq = 1",), {("missing", 1), ("changed", 2)}),
    Deed(
        "an event is put in, and all behind it are numbered anew",
        (
            "UPDATE audit_events SET seq = seq + 100 WHERE seq > 3",
            "UPDATE audit_events SET seq = seq - 99 WHERE seq > 100",
            "INSERT INTO audit_events SELECT 4, at_ms, actor, action, object, request_id, key_id, body, seal FROM audit_events WHERE seq = 3",
        ),
        {("changed", 4), ("columns", 5), ("head", None)},
    ),
    Deed(
        "two events change places",
        (
            "UPDATE audit_events SET seq = 100 WHERE seq = 2",
            "UPDATE audit_events SET seq = 2 WHERE seq = 3",
            "UPDATE audit_events SET seq = 3 WHERE seq = 100",
        ),
        {("changed", 2), ("changed", 3), ("columns", 2), ("columns", 3)},
    ),
    Deed("the end is cut off", ("DELETE FROM audit_events WHERE seq > 4",), {("head", None)}),
    Deed(
        "the end is cut off, and the last row told so",
        (
            "DELETE FROM audit_events WHERE seq > 4",
            "UPDATE audit_head SET seq = 4, seal = (SELECT seal FROM audit_events WHERE seq = 4)",
        ),
        {("head", None)},
    ),
    Deed("all is emptied", ("DELETE FROM audit_events",), {("head", None)}),
    Deed(
        "all is emptied, as if it had never begun",
        ("DELETE FROM audit_events", "UPDATE audit_head SET seq = 0, seal = '', key_id = '', head_seal = ''"),
        {("anchor", 6)},
    ),
    Deed("the last row is taken away", ("DELETE FROM audit_head",), {("head", None)}),
    Deed(
        "a key nobody has is named",
        ("UPDATE audit_events SET key_id = '0123456789abcdef' WHERE seq = 2",),
        {("unknown_key", 2)},
    ),
]


@pytest.mark.parametrize("deed", DEEDS, ids=lambda deed: deed.name)
async def test_whatever_is_done_to_the_log_is_found(
    database: Database, intruder: Intruder, log: AuditLog, objects: Objects, deed: Deed
) -> None:
    await append(database, 6)
    anchors = Anchors(objects, log, SystemClock())
    await anchors.drop(database)
    before = await verify(database, keys(), anchors=await anchors.all())
    assert (before.events, before.anchors, before.findings) == (6, 1, ())
    await intruder.does(*deed.statements)
    after = await verify(database, keys(), anchors=await anchors.all())
    told = {(finding.problem, finding.seq) for finding in after.findings}
    assert deed.found <= told, after.findings
    assert all(finding.sentence.endswith((".", "AUDIT_KEY.")) for finding in after.findings)


async def test_a_chain_made_without_the_key_is_found(database: Database, intruder: Intruder) -> None:
    await append(database, 2)
    forger = keys(OTHER_KEY)
    stored = write_body(body_of(event(9), seq=3, at_ms=1, request_id=None, key_id=keys().current))
    (last,) = await list_events(database, limit=1)
    seal = seal_of_event(forger, forger.current, last.seal, stored)
    columns = "3, 1, 'cli', 'tests:thing:change', 'thing:9', NULL"
    literal = f"X'{stored.hex()}'" if database.dialect == "sqlite" else f"'\\x{stored.hex()}'"
    await intruder.does(
        f"INSERT INTO audit_events VALUES ({columns}, '{keys().current}', {literal}, '{seal}')",  # noqa: S608  what an intruder would say
        f"UPDATE audit_head SET seq = 3, seal = '{seal}'",  # noqa: S608  what an intruder would say
    )
    told = {(finding.problem, finding.seq) for finding in (await verify(database, keys())).findings}
    assert {("changed", 3), ("head", None)} <= told


async def test_without_its_last_row_nothing_is_changed_any_more(database: Database, intruder: Intruder) -> None:
    await append(database, 1)
    await intruder.does("DELETE FROM audit_head")
    with pytest.raises(InternalError, match="wipsie audit verify"):
        await append(database, 1, first=2)


async def test_a_log_rewritten_from_its_beginning_is_told_in_bounds(database: Database, intruder: Intruder) -> None:
    async with database.unit_of_work() as unit:
        for number in range(150):
            unit.record(event(number))
    await intruder.does("UPDATE audit_events SET at_ms = at_ms + 1")
    found = await verify(database, keys())
    assert (len(found.findings), found.cut) == (100, True)


# ------------------------------------------------------------------------------------------------------------------ keys


async def test_a_process_with_another_key_neither_changes_the_log_nor_anchors_it(
    database: Database, objects: Objects
) -> None:
    await append(database, 1)
    stranger = AuditLog(lambda: keys(OTHER_KEY), SystemClock())
    with pytest.raises(ConfigurationError, match="AUDIT_KEY"):
        await stranger.check_key(database)
    database.record_with(stranger)
    with pytest.raises(ConfigurationError, match="AUDIT_KEY"):
        await append(database, 1, first=2)
    with pytest.raises(ConfigurationError, match="AUDIT_KEY"):
        await Anchors(objects, stranger, SystemClock()).drop(database)
    assert await objects.list("audit", limit=10) == []
    assert [one.seq for one in await list_events(database)] == [1]


async def test_keys_are_changed_and_the_old_one_still_proves_what_it_sealed(database: Database) -> None:
    await append(database, 2)
    successor = AuditLog(lambda: keys(OTHER_KEY, KEY), SystemClock())
    await successor.check_key(database)
    database.record_with(successor)
    await append(database, 2, first=3)
    assert (await verify(database, keys(OTHER_KEY, KEY))).is_intact
    alone = await verify(database, keys(OTHER_KEY))
    assert {(finding.problem, finding.seq) for finding in alone.findings} == {("unknown_key", 1), ("unknown_key", 2)}


async def test_an_empty_log_belongs_to_any_key(database: Database) -> None:
    await AuditLog(lambda: keys(OTHER_KEY), SystemClock()).check_key(database)
    assert (await verify(database, keys())).findings == ()


@pytest.mark.parametrize("given", [[], [b"short"], [KEY, b"short"]])
def test_short_keys_are_no_keys(given: list[bytes]) -> None:
    with pytest.raises(ConfigurationError, match="openssl rand -hex 32"):
        AuditKeys(given)


# --------------------------------------------------------------------------------------------------------------- anchors


async def test_an_older_copy_of_the_database_is_found_by_its_anchors_alone(
    database: Database, intruder: Intruder, log: AuditLog, objects: Objects
) -> None:
    await append(database, 3)
    anchors = Anchors(objects, log, SystemClock())
    async with database.read() as connection:
        head = (await connection.exec_driver_sql("SELECT seal, head_seal FROM audit_head")).one()
    await append(database, 3, first=4)
    dropped = await anchors.drop(database)
    assert dropped is not None
    assert dropped.seq == 6
    assert await anchors.drop(database) is None, "nothing came since"
    # What a restored backup looks like: every seal is genuine.
    await intruder.does(
        "DELETE FROM audit_events WHERE seq > 3",
        f"UPDATE audit_head SET seq = 3, seal = '{head.seal}', head_seal = '{head.head_seal}'",  # noqa: S608  what an intruder would say
    )
    assert (await verify(database, keys())).is_intact
    found = await verify(database, keys(), anchors=await anchors.all())
    assert [(finding.problem, finding.seq) for finding in found.findings] == [("anchor", 6)]


async def test_an_anchor_that_nobody_with_the_key_made_is_told(
    database: Database, log: AuditLog, objects: Objects
) -> None:
    await append(database, 2)
    await Anchors(objects, AuditLog(lambda: keys(OTHER_KEY, KEY), SystemClock()), SystemClock()).drop(database)
    await objects.put("audit/anchors/000000000009-nonsense.json", b"{}")
    found = await verify(database, keys(), anchors=await Anchors(objects, log, SystemClock()).all())
    assert [finding.problem for finding in found.findings] == ["anchor", "anchor"]


async def test_an_empty_log_needs_no_anchor(database: Database, log: AuditLog, objects: Objects) -> None:
    assert await Anchors(objects, log, SystemClock()).drop(database) is None
    assert await objects.list("audit", limit=10) == []


# ---------------------------------------------------------------------------------------------------------------- events


@pytest.mark.parametrize(
    "wrong",
    [
        {"actor": "Ann Example"},
        {"actor": "user:ann example"},
        {"action": "tests:change"},
        {"object": "thing"},
        {"object": "thing:"},
        {"object": "thing:" + "x" * 300},
        {"object": "thing:a\nb"},
        {"facts": {"said": "I have a headache"}},
        {"facts": {"Said": 1}},
        {"facts": {f"fact_{'x' * number}": number for number in range(21)}},
    ],
    ids=str,
)
def test_an_event_holds_ids_words_and_numbers_and_nothing_somebody_wrote(wrong: dict[str, object]) -> None:
    good: dict[str, object] = {"actor": "cli", "action": "tests:thing:change", "object": "thing:1"}
    with pytest.raises(InvalidInput):
        AuditEvent(**{**good, **wrong})  # pyright: ignore[reportArgumentType]


def test_a_body_has_one_form() -> None:
    stored = write_body(body_of(event(), seq=1, at_ms=2, request_id=None, key_id="k"))
    assert read_body(stored) is not None
    assert read_body(stored.replace(b":", b": ", 1)) is None
    assert read_body(stored.replace(b'"v":1', b'"v":1,"x":2')) is None
    assert read_body(b"\x00") is None


async def test_a_process_without_a_log_changes_nothing_that_is_to_be_audited(migrated_database_url: str) -> None:
    database = Database(migrated_database_url, clock=SystemClock())
    await database.start()
    with pytest.raises(InternalError, match="audit"):
        await append(database, 1)
    await database.stop()
