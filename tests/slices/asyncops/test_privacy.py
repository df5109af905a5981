"""Promises of privacy: whoever asks gets all that is held of them, and who is erased is nowhere any more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from sqlalchemy import BigInteger, Boolean, Float, Integer, Table, insert, text
from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.app.privacy import privacy_of
from wipsie.app.shared_personal_data import TEXTS as SHARED_TEXTS
from wipsie.audit import list_events
from wipsie.database.json_column import Json
from wipsie.database.metadata import metadata
from wipsie.database.personal_text import NOBODY, PersonalText
from wipsie.database.urls import parse_database_url
from wipsie.kernel import json
from wipsie.kernel.text_words import folded
from wipsie.slices.asyncops.domain.digest.build import build_digest
from wipsie.slices.asyncops.domain.digest.facts import DigestFacts, Snapshot
from wipsie.slices.asyncops.domain.digest.window import Window
from wipsie.slices.asyncops.personal_data import PEOPLE
from wipsie.slices.asyncops.personal_data import TEXTS as ASYNCOPS_TEXTS
from wipsie.slices.mail.personal_data import TAGS as MAIL_TAGS
from wipsie.slices.mail.personal_data import TEXTS as MAIL_TEXTS
from wipsie.slices.tasks.personal_data import TEXTS as TASKS_TEXTS
from wipsie.sqs_endpoint.moves.store import move_tasks_table
from wipsie.workers.leader import leases_table

if TYPE_CHECKING:
    from wipsie.testing.office import Office

NAME = 'Zaphod "Q" Beeblebröx'
EMAIL = "zaphod.marker@example.org"

# The account itself is exported and erased as a whole, see `wipsie.auth.personal_data`.
OF_ACCOUNTS: Mapping[str, frozenset[str]] = {
    "users": frozenset({"email", "email_key", "name", "timezone", "work_days"}),
    "sessions": frozenset({"address", "user_agent"}),
    "api_keys": frozenset({"name"}),
    "one_time_links": frozenset({"email"}),
}
# Mails are exported and erased as a whole, those from and to the person, see `wipsie.slices.mail.personal_data`.
OF_MAIL: Mapping[str, frozenset[str]] = {
    "mails": frozenset({"subject", "sender", "sender_address", "preview", "message_id", "in_reply_to", "list_id"})
    | {"held_reason"},
    "mail_recipients": frozenset({"address", "name"}),
    "mail_attachments": frozenset({"name", "content_id"}),
    "mail_arrivals": frozenset({"sender", "recipients", "remote", "reference"}),
    "mail_words": frozenset({"words", "text"}),
}
PERSONAL: Mapping[str, frozenset[str]] = {
    **OF_ACCOUNTS,
    **OF_MAIL,
    **{name: frozenset(columns) for name, columns in ASYNCOPS_TEXTS.items()},
    **{
        table.name: frozenset(columns)
        for table, columns in {**TASKS_TEXTS, **SHARED_TEXTS, **MAIL_TEXTS, **MAIL_TAGS}.items()
    },
}
"""By table: the columns that may hold a name or an address."""

_IDS = "ids: opaque, and nobody's once the account is erased"
_WORDS = "one of a closed list of words, or a name Wipsie gives"
_MACHINE = "of machines and processes, not of people"
_SEALS = "hashes, seals and keys: they tell nothing"
_WORDS_OF_TEXTS = "written anew from the texts beside them"
_SEALED = "sealed: of people who write to the vault, and have it exported and erased there"
WITHOUT: Mapping[str, Mapping[str, str]] = {
    "users": {
        "id": _IDS,
        "role": _WORDS,
        "password_hash": _SEALS,
        "password_key_id": _SEALS,
        "created_by": _IDS,
    },
    "sessions": {"id": _IDS, "user_id": _IDS, "revoked_because": _WORDS},
    "api_keys": {
        "id": _IDS,
        "user_id": _IDS,
        "scopes": _WORDS,
        "secret_hash": _SEALS,
        "access_key_id": _IDS,
        "secret_key_id": _SEALS,
        "allow": _WORDS,
    },
    move_tasks_table.name: {
        "task_id": _IDS,
        "source": _WORDS,
        "source_arn": _WORDS,
        "destination": _WORDS,
        "destination_arn": _WORDS,
        "status": _WORDS,
        "failure": _WORDS,
        "holder": _MACHINE,
    },
    "one_time_links": {
        "id": _IDS,
        "kind": _WORDS,
        "token_hash": _SEALS,
        "user_id": _IDS,
        "role": _WORDS,
        "created_by": _IDS,
    },
    "audit_events": {
        "actor": _IDS,
        "action": _WORDS,
        "object": _IDS,
        "request_id": _IDS,
        "key_id": _SEALS,
        "body": "ids, short words and numbers only: the log refuses texts",
        "seal": _SEALS,
    },
    "audit_head": {"seal": _SEALS, "key_id": _SEALS, "head_seal": _SEALS},
    leases_table.name: {"name": _WORDS, "holder": _MACHINE},
    "workers": {"worker_id": _MACHINE, "host": _MACHINE, "queues": _WORDS, "version": _MACHINE},
    "shared_values": {"key": "hashes of what is counted, and names of limits", "value": "numbers"},
    "handled_messages": {"message_id": _IDS, "handler": _WORDS},
    "idempotent_answers": {"key": _SEALS, "fingerprint": _SEALS, "etag": _SEALS},
    "outbox": {"queue": _WORDS, "message_id": _IDS, "fingerprint": _SEALS},
    "schedules": {
        "name": _WORDS,
        "queue": _WORDS,
        "cron": _WORDS,
        "timezone": _WORDS,
        "catch_up": _WORDS,
        "made_by": _WORDS,
        "paused_by": _IDS,
        "last_message_id": _IDS,
    },
    "task_runs": {
        "message_id": _IDS,
        "queue": _WORDS,
        "task_type": _WORDS,
        "status": _WORDS,
        "worker": _MACHINE,
        "correlation_id": _IDS,
    },
    "poll_sources": {
        "source_key": _SEALS,
        "status": _WORDS,
        "etag": _SEALS,
        "last_modified": _MACHINE,
        "content_type": _MACHINE,
        "content_sha256": _SEALS,
        "blob_key": _SEALS,
    },
    "mails": {
        "id": _IDS,
        "object_key": _SEALS,
        "sha256": _SEALS,
        "raw_sha256": _SEALS,
        "verdicts": _WORDS,
        "held_by": _IDS,
    },
    "mail_recipients": {"role": _WORDS},
    "mail_attachments": {"media_type": _WORDS, "sha256": _SEALS},
    "mail_arrivals": {"message_id": _IDS, "door": _WORDS, "raw_sha256": _SEALS},
    "mail_tags": {"tagged_by": _IDS},
    "mail_rules": {"id": _IDS, "created_by": _IDS, "updated_by": _IDS},
    "mail_rule_hits": {"mail_id": _IDS, "rule": _IDS},
    "mail_erasures": {"id": _IDS, "object_key": _SEALS},
    "mail_erased_files": {"erasure": _IDS, "kind": _WORDS, "sha256": _SEALS},
    "object_numbers": {"kind": _WORDS},
    "status_updates": {"id": _IDS, "created_by": _IDS, "author": _IDS, "for_date": "a day", "health": _WORDS},
    "incidents": {
        "id": _IDS,
        "created_by": _IDS,
        "severity": _WORDS,
        "status": _WORDS,
        "visibility": _WORDS,
        "declared_by": _IDS,
        "lead": _IDS,
        "comms": _IDS,
        "scribe": _IDS,
        "duplicate_of": _IDS,
        "source": _WORDS,
    },
    "incident_components": {"incident_id": _IDS},
    "follow_ups": {
        "id": _IDS,
        "created_by": _IDS,
        "object_kind": _WORDS,
        "object_id": _IDS,
        "owner": _IDS,
        "due_on": "a day",
        "state": _WORDS,
    },
    "postmortems": {"id": _IDS, "created_by": _IDS, "incident_id": _IDS, "state": _WORDS, "owner": _IDS},
    "blockers": {
        "id": _IDS,
        "created_by": _IDS,
        "blocked": _IDS,
        "waiting_kind": _WORDS,
        "waiting_on": _IDS,
        "severity": _WORDS,
        "status": _WORDS,
    },
    "decisions": {
        "id": _IDS,
        "created_by": _IDS,
        "status": _WORDS,
        "decided_on": "a day",
        "revisit_on": "a day",
        "supersedes": _IDS,
        "superseded_by": _IDS,
        "source_digest": _SEALS,
    },
    "daily_summaries": {
        "id": _IDS,
        "created_by": _IDS,
        "timezone": _WORDS,
        "for_date": "a day",
        "schema_version": _WORDS,
        "generator": _WORDS,
        "headline": "counts of things and people, in sentences of ours",
        "content_hash": _SEALS,
    },
    "comments": {"id": _IDS, "object_kind": _WORDS, "object_id": _IDS, "created_by": _IDS},
    "links": {
        "id": _IDS,
        "from_kind": _WORDS,
        "from_id": _IDS,
        "relation": _WORDS,
        "to_kind": _WORDS,
        "created_by": _IDS,
    },
    "followers": {"object_id": _IDS, "user_id": _IDS, "object_kind": _WORDS},
    "timeline_events": {
        "id": _IDS,
        "object_kind": _WORDS,
        "object_id": _IDS,
        "kind": _WORDS,
        "actor": _IDS,
        "corrects": _IDS,
    },
    "search_documents": {
        "object_id": _IDS,
        "object_kind": _WORDS,
        "reference": _IDS,
        "title_words": _WORDS_OF_TEXTS,
        "body_words": _WORDS_OF_TEXTS,
        "parent_kind": _WORDS,
        "parent_id": _IDS,
    },
    "asyncops_preferences": {"user_id": _IDS, "summary_sections": _WORDS},
    "vault_identities": {
        "id": _IDS,
        "user_token": _SEALS,
        "number_token": _SEALS,
        "details": _SEALED,
        "masked": "a country and four digits",
        "language": _WORDS,
        "phone_number_id": "a number of ours",
        "pin_hash": _SEALS,
    },
    "vault_consents": {
        "owner": _IDS,
        "language": _WORDS,
        "message": _SEALED,
    },
    "vault_inbox": {
        "phone_number_id": "a number of ours",
        "message_token": _SEALS,
        "sender_token": _SEALS,
        "kind": _WORDS,
        "content_token": _SEALS,
        "body": _SEALED,
        "error": _WORDS,
    },
    "vault_conversations": {
        "owner": _IDS,
        "state": _WORDS,
        "body": _SEALED,
    },
    "vault_files": {
        "id": _IDS,
        "owner": _IDS,
        "phone_number_id": "a number of ours",
        "state": _WORDS,
        "kind": _WORDS,
        "content_token": _SEALS,
        "scan": _WORDS,
        "reason": _WORDS,
        "details": _SEALED,
        "reading": _SEALED,
    },
    "vault_objects": {
        "id": _IDS,
        "owner": _IDS,
        "file": _IDS,
        "role": _WORDS,
        "object_key": _IDS,
        "wrapped_key": _SEALS,
        "kek_id": _SEALS,
        "sealed_sha256": _SEALS,
        "media_type": _WORDS,
    },
    "vault_reports": {
        "id": _IDS,
        "owner": _IDS,
        "details": _SEALED,
        "scan": _WORDS,
    },
    "vault_report_files": {
        "report": _IDS,
        "file": _IDS,
    },
    "vault_words": {
        "token": _SEALS,
        "report": _IDS,
    },
    "vault_exports": {"id": _IDS, "owner": _IDS},
    "vault_links": {
        "nonce": _SEALS,
        "owner": _IDS,
        "object": _IDS,
        "purpose": _WORDS,
    },
    "vault_accesses": {"id": _IDS, "owner": _IDS, "report": _IDS, "actor": _IDS, "reason": _SEALED},
    "vault_deliveries": {
        "id": _IDS,
        "owner": _IDS,
        "phone_number_id": "a number of ours",
        "kind": _WORDS,
        "body": _SEALED,
        "state": _WORDS,
        "status": _WORDS,
        "message_token": _SEALS,
        "error": _WORDS,
    },
    "vault_pauses": {
        "phone_number_id": "a number of ours",
        "reason": _WORDS,
    },
}
"""By table: the columns with text that hold nothing of what people are called, and why."""


def _texts(table: Table) -> set[str]:
    """The columns that can hold text at all."""
    numbers = (Integer, BigInteger, Boolean, Float)
    return {column.key for column in table.columns if not isinstance(column.type, numbers)}


def test_of_every_column_with_text_it_is_known_whether_it_may_name_people() -> None:
    for name, table in metadata.tables.items():
        without, personal = set(WITHOUT.get(name, {})), set(PERSONAL.get(name, ()))
        assert without | personal == _texts(table), f"Say of each column of {name} whether it may name people."
        assert not without & personal, name
    assert set(PERSONAL) | set(WITHOUT) == set(metadata.tables)
    for name, columns in PEOPLE.items():
        assert set(columns) <= set(metadata.tables[name].columns.keys()), name


def _sentence(table: str, column: str) -> str:
    return f"{NAME} wrote from {EMAIL.upper()} in {table}.{column}"


def _value(column: Any, marked: str | None, number: int) -> Any:
    kind = column.type
    if isinstance(kind, Json):
        name = column.table.name, column.key
        if name in {("timeline_events", "data"), ("postmortems", "sections")}:
            return {"summary": marked or "x"}
        if name == ("daily_summaries", "content"):
            window = Window(end_ms=number, timezone="UTC")
            empty = build_digest(DigestFacts(snapshots=[Snapshot(window=window.before(days)) for days in range(8)]))
            return msgspec.structs.replace(empty, headline=[marked or "x"])
        if name == ("decisions", "options"):
            return [{"title": marked or "x"}]
        return [marked or "x"] if name != ("users", "work_days") else [0]
    if isinstance(kind, Boolean):
        return False
    if isinstance(kind, (Integer, BigInteger)):
        return number
    if isinstance(kind, Float):
        return 1.0
    return marked or f"{column.key}-{number}"


async def _plant(connection: AsyncConnection, user_id: str) -> list[tuple[str, str]]:
    """A row in each table, which names the person in one column after the other; where."""
    planted: list[tuple[str, str]] = []
    for name, columns in sorted(PERSONAL.items()):
        if name in OF_ACCOUNTS or name in OF_MAIL:
            continue
        table = metadata.tables[name]
        for number, planted_in in enumerate(sorted(columns), start=1):
            marked = _sentence(name, planted_in)
            if name == "incident_components":
                marked = marked.casefold()
            row = {
                column.key: _value(column, marked if column.key == planted_in else None, 1000 + number)
                for column in table.columns
            }
            if name == "search_documents":
                row |= {"title_words": folded(row["title"]), "body_words": folded(row["body"])}
            if name == "task_runs":
                row["result"] = json.encode_text({"said": row["result"]})
            await connection.execute(insert(table).values(row))
            planted.append((name, planted_in))
    for name, columns in PEOPLE.items():
        table = metadata.tables[name]
        if name in {"followers", "asyncops_preferences"}:
            row = {column.key: _value(column, None, 2000) for column in table.columns}
            await connection.execute(insert(table).values({**row, columns[0]: user_id}))
            planted.append((name, columns[0]))
    return planted


def _traces(written: str) -> list[str]:
    """What is left of the person in a text, however it is written."""
    plain = written.lower()
    return [word for word in ("zaphod", "beeblebr") if word in plain]


async def _whole_database(office: Office) -> str:
    """Everything in it, as text."""
    path = parse_database_url(office.parts.settings.database.url).path
    if path is not None:
        files = [one for one in path.parent.iterdir() if one.name.startswith(path.name)]
        return "\n".join(one.read_bytes().decode("utf-8", "replace") for one in files)
    found: list[str] = []
    async with office.parts.database.read() as connection:
        wanted = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
        for name in (await connection.execute(text(wanted))).scalars().all():
            rows = await connection.execute(text(f'SELECT * FROM "{name}"'))  # noqa: S608  names of our own tables
            found += [str(tuple(row)) for row in rows]
    return "\n".join(found)


async def _zaphod(office: Office) -> str:
    """Somebody with a name and an address that stand nowhere else; their id."""
    await office.hire("zaphod", "member", name=NAME, email=EMAIL, email_key=EMAIL)
    return office["zaphod"].user_id


async def test_all_that_is_held_is_found_and_nothing_is_left_after(office: Office) -> None:
    user_id = await _zaphod(office)
    on = (await office["zaphod"].post("/api/status", {"notes": "I am fine", "mood": "so so"})).headers["Location"]
    (await office["ann"].post(f"{on}/comments", {"body": f"@[Zaph]({user_id}) and {NAME}?"})).ok(201)
    incident = {"title": f"{NAME} was here", "severity": "sev4"}
    kept = (await office["zaphod"].post("/api/incidents", incident)).ok(201)
    async with office.parts.database.begin() as connection:
        planted = await _plant(connection, user_id)
    assert _traces(await _whole_database(office))

    export = (await office["zaphod"].get(f"/api/users/{user_id}/personal-data")).ok()
    written = json.encode_text(export)
    for table, column in planted:
        assert table in written
        expected = f"in {table}.{column}"
        assert (table, column) in {("followers", "user_id"), ("asyncops_preferences", "user_id")} or (
            expected in written
        ), expected
    account = export["data"]["accounts"]["account"][0]
    assert (account["name"], account["email"]) == (NAME, EMAIL)
    assert "password" not in written.replace("password_changed_at", "")

    erased = (await office["ada"].post(f"/api/users/{user_id}/erasure", None)).ok()
    counted = {table for counts in erased["rows"].values() for table in counts}
    assert {table for table, _ in planted} <= counted
    assert erased["free_space_overwritten"] is (office.parts.database.dialect == "sqlite")
    assert _traces(await _whole_database(office)) == []

    # What belongs to the team's work stays.
    shown = (await office["ann"].get(f"/api/incidents/{kept['number']}")).ok()
    assert shown["title"] == f"{NOBODY} was here"
    assert (await office["ann"].get("/api/search?q=former+member&kind=incident")).ok()["data"]
    (await office["ann"].get(on)).refused(404, "NOT_FOUND")
    # And once more changes nothing.
    again = (await office["ada"].post(f"/api/users/{user_id}/erasure", None)).ok()
    assert again["rows"] == {}


async def test_an_export_and_an_erasure_are_audited_without_personal_data(office: Office) -> None:
    user_id = await _zaphod(office)
    (await office["ada"].get(f"/api/users/{user_id}/personal-data")).ok()
    (await office["ada"].post(f"/api/users/{user_id}/erasure", None)).ok()
    events = await list_events(office.parts.database)
    assert [(event.actor, event.action, event.object) for event in events[:2]] == [
        (f"user:{office['ada'].user_id}", "privacy:person:erase", f"user:{user_id}"),
        (f"user:{office['ada'].user_id}", "privacy:person:export", f"user:{user_id}"),
    ]
    assert list(events[0].facts) == ["rows"]


@pytest.mark.parametrize("other", ["ann", "lea", "otto"])
async def test_nobody_but_an_admin_gets_or_ends_what_is_held_of_another(office: Office, other: str) -> None:
    bob = office["bob"].user_id
    (await office[other].get(f"/api/users/{bob}/personal-data")).refused(403, "FORBIDDEN")
    (await office[other].post(f"/api/users/{bob}/erasure", None)).refused(403, "FORBIDDEN")
    (await office[other].post(f"/api/users/{office[other].user_id}/erasure", None)).refused(403, "FORBIDDEN")
    (await office[other].get(f"/api/users/{office[other].user_id}/personal-data")).ok()


async def test_the_last_admin_is_not_erased_and_nothing_of_anybody_is(office: Office) -> None:
    ada = office["ada"].user_id
    on = (await office["ada"].post("/api/status", {"notes": "x"})).headers["Location"]
    (await office["ada"].post(f"/api/users/{ada}/erasure", None)).refused(409, "CONFLICT")
    (await office["ann"].get(on)).ok()
    for path, method in (("personal-data", "GET"), ("erasure", "POST")):
        (await office["ada"].ask(method, f"/api/users/usr_0/{path}")).refused(404, "NOT_FOUND")


async def test_a_dry_run_tells_and_changes_nothing(office: Office) -> None:
    user_id = await _zaphod(office)
    (await office["zaphod"].post("/api/status", {"notes": "x"})).ok(201)
    privacy = privacy_of(office.parts)
    looked = await privacy.erase("cli", EMAIL.upper(), dry_run=True)
    assert looked.user == user_id
    assert (looked.dry_run, looked.rows["asyncops"]["status_updates"]) == (True, 1)
    assert (await privacy.export("cli", user_id)).data["accounts"]["account"][0]["name"] == NAME
    assert (await privacy.erase("cli", user_id)).rows == looked.rows


async def test_what_waits_to_be_sent_to_them_is_dropped(office: Office) -> None:
    user_id = await _zaphod(office)
    on = (await office["zaphod"].post("/api/status", {})).headers["Location"]
    (await office["ann"].post(f"{on}/comments", {"body": "Hello"})).ok(201)
    if not await office.published():
        pytest.skip("Messages go straight into the queue here, and are kept until they are processed or expire.")
    (await office["ada"].post(f"/api/users/{user_id}/erasure", None)).ok()
    assert await office.published() == []


def test_a_name_is_taken_out_where_it_is_written_so_and_nowhere_else() -> None:
    person = PersonalText(user_id="usr_1", name="Mark", email="mark@example.org")
    assert person.without("Mark, mark the Markdown. Mark@Example.ORG") == (
        f"{NOBODY}, mark the Markdown. usr_1@erased.invalid"
    )
    assert person.without({"Mark": ["by Mark", 5, None]}) == {NOBODY: [f"by {NOBODY}", 5, None]}
    assert person.without("@[The boss](usr_1) @[x](usr_10)") == f"@[{NOBODY}](usr_1) @[x](usr_10)"
    # One letter is in too many words.
    assert PersonalText(user_id="usr_1", name="X", email="x@example.org").without("X, x") == "X, x"
