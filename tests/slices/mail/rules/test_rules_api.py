"""Promises of the API of rules: who may do what, what is refused and why, and that nobody's change is lost."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest
from rule_hall import OUTSIDE, PATH, Hall, letter, new_rule, text
from sqlalchemy import update

from wipsie.audit import list_events
from wipsie.queue.backends.sqlite import SqliteQueueBackend
from wipsie.queue.contract import QueueSettings
from wipsie.queue.engine import QueueEngine
from wipsie.slices.mail.domain.rules.rule import RULES_MAX
from wipsie.slices.mail.store import rules
from wipsie.slices.mail.store.rules import mail_rules_table

DATABASES = pytest.mark.parametrize("database_kind", ["sqlite", "postgresql"], indirect=True)
ANY = {"If-Match": "*"}


async def names(hall: Hall) -> list[str]:
    page = (await hall.ask("GET", PATH)).ok()
    return [rule["name"] for rule in page["data"]]


@DATABASES
async def test_a_rule_is_written_read_changed_and_removed_and_the_log_knows_it(hall: Hall) -> None:
    answer = await hall.ask("POST", PATH, new_rule(stop=True))
    rule = answer.ok(201)
    one = f"{PATH}/{rule['id']}"
    assert (answer.headers["Location"], answer.headers["ETag"]) == (one, '"1"')
    assert {name: rule[name] for name in ("name", "position", "enabled", "stop", "problem", "version")} == {
        "name": "Invoices",
        "position": 1,
        "enabled": True,
        "stop": True,
        "problem": None,
        "version": 1,
    }
    assert rule["conditions"] == [text("subject", "contains", "invoice")]
    assert rule["created_by"] == rule["updated_by"] == "usr_lead"
    shown = await hall.ask("GET", one, role="auditor")
    assert shown.ok() == rule
    again = await hall.ask("GET", one, headers={"If-None-Match": shown.headers["ETag"]})
    assert again.status == 304
    actions = [{"kind": "forward", "queue": f"wipsie-{OUTSIDE}"}]
    changed = await hall.ask(
        "PATCH", one, {"name": "Bills", "actions": actions}, role="admin", headers={"If-Match": '"1"'}
    )
    assert changed.headers["ETag"] == '"2"'
    assert changed.ok() == {
        **rule,
        "name": "Bills",
        "actions": [{"kind": "forward", "queue": OUTSIDE, "task_type": "raw"}],
        "version": 2,
        "updated_by": "usr_admin",
    }
    # What is said already is no change.
    same = await hall.ask("PATCH", one, {"name": "Bills", "enabled": True}, headers={"If-Match": '"2"'})
    assert same.ok()["version"] == 2
    assert (await hall.ask("DELETE", one, headers={"If-Match": '"2"'})).status == 204
    (await hall.ask("GET", one)).refused(404, "NOT_FOUND")
    events = [event for event in await list_events(hall.database) if event.object == f"mail_rule:{rule['id']}"]
    assert sorted((event.action, event.actor, event.facts["version"]) for event in events) == [
        ("mail:rule:change", "user:usr_admin", 2),
        ("mail:rule:create", "user:usr_lead", 1),
        ("mail:rule:remove", "user:usr_lead", 2),
    ]


ROLES = {"member": (403, 403), "lead": (200, 201), "admin": (200, 201), "auditor": (200, 403)}


@pytest.mark.parametrize("role", ROLES)
async def test_leads_and_admins_write_rules_and_auditors_read_them(hall: Hall, role: str) -> None:
    rule = await hall.write(name="there")
    read, written = ROLES[role]
    one = f"{PATH}/{rule['id']}"
    assert (await hall.ask("GET", PATH, role=role)).status == read
    assert (await hall.ask("GET", one, role=role)).status == read
    body = {"rule": {"conditions": rule["conditions"]}}
    assert (await hall.ask("POST", f"{PATH}/dry-run", body, role=role)).status == read
    assert (await hall.ask("POST", PATH, new_rule(), role=role)).status == written
    changed = 200 if written == 201 else written
    assert (await hall.ask("PATCH", one, {"stop": True}, role=role, headers=ANY)).status == changed
    assert (await hall.ask("POST", f"{one}/position", {"position": 1}, role=role, headers=ANY)).status == changed
    assert (await hall.ask("DELETE", one, role=role, headers=ANY)).status == (204 if written == 201 else written)


async def test_nobody_may_do_anything_without_saying_who_they_are(hall: Hall) -> None:
    (await hall.ask("GET", PATH, role="nobody")).refused(401, "UNAUTHORIZED")


@DATABASES
async def test_nobody_overwrites_what_they_have_not_read(hall: Hall) -> None:
    rule = await hall.write()
    one = f"{PATH}/{rule['id']}"
    stale = {"If-Match": '"7"'}
    for method, path, body in (
        ("PATCH", one, {"stop": True}),
        ("POST", f"{one}/position", {"position": 1}),
        ("DELETE", one, None),
    ):
        (await hall.ask(method, path, body)).refused(428, "PRECONDITION_REQUIRED")
        details = (await hall.ask(method, path, body, headers=stale)).refused(412, "PRECONDITION_FAILED")
        assert details["current"] == rule
        (await hall.ask(method, f"{PATH}/mrl_none" + path[len(one) :], body, headers=ANY)).refused(404, "NOT_FOUND")


@DATABASES
async def test_a_name_is_had_by_one_rule(hall: Hall) -> None:
    rule, other = await hall.write(name="Straße"), await hall.write(name="other")
    details = (await hall.ask("POST", PATH, new_rule(name=" STRASSE "))).refused(409, "CONFLICT")
    assert details == {"id": rule["id"], "path": f"{PATH}/{rule['id']}"}
    renamed = await hall.ask("PATCH", f"{PATH}/{other['id']}", {"name": "strasse"}, headers=ANY)
    renamed.refused(409, "CONFLICT")
    assert (await hall.change(rule["id"], name="STRASSE"))["name"] == "STRASSE"


@DATABASES
async def test_rules_move_to_any_place_and_those_that_make_room_get_new_versions(hall: Hall) -> None:
    ids = [(await hall.write(name=name))["id"] for name in "abcd"]
    await hall.ask("DELETE", f"{PATH}/{ids[1]}", headers=ANY)
    assert await names(hall) == ["a", "c", "d"]
    moved = await hall.ask("POST", f"{PATH}/{ids[3]}/position", {"position": 1}, headers={"If-Match": '"1"'})
    assert (moved.ok()["position"], moved.ok()["version"], moved.headers["ETag"]) == (1, 2, '"2"')
    assert await names(hall) == ["d", "a", "c"]
    page = (await hall.ask("GET", PATH)).ok()["data"]
    # The place of c is the third as before.
    assert [(rule["position"], rule["version"]) for rule in page] == [(1, 2), (2, 2), (3, 1)]
    (await hall.ask("POST", f"{PATH}/{ids[3]}/position", {"position": 200}, headers=ANY)).ok()
    assert await names(hall) == ["a", "c", "d"]
    await hall.write(name="b", position=2)
    assert await names(hall) == ["a", "b", "c", "d"]
    (await hall.ask("POST", f"{PATH}/{ids[0]}/position", {"position": 0}, headers=ANY)).refused(422, "VALIDATION_ERROR")
    assert [rule["name"] for rule in (await hall.ask("GET", f"{PATH}?sort=-position&limit=2")).ok()["data"]] == [
        "d",
        "c",
    ]


@DATABASES
async def test_rules_that_are_written_at_once_all_have_places_of_their_own(hall: Hall) -> None:
    written = await asyncio.gather(*(hall.write(name=f"rule {number}", position=1) for number in range(8)))
    page = (await hall.ask("GET", PATH)).ok()["data"]
    assert [rule["position"] for rule in page] == list(range(1, 9))
    assert {rule["id"] for rule in page} == {rule["id"] for rule in written}


async def test_a_repeat_with_the_same_key_writes_no_second_rule(hall: Hall) -> None:
    key = {"Idempotency-Key": "once"}
    first = (await hall.ask("POST", PATH, new_rule(), headers=key)).ok(201)
    again = await hall.ask("POST", PATH, new_rule(), headers=key)
    assert (again.ok(201), again.headers["Idempotency-Replayed"]) == (first, "true")
    assert await names(hall) == ["Invoices"]


async def test_there_are_no_more_rules_than_can_be_asked(hall: Hall) -> None:
    first = await hall.write()
    async with hall.database.begin() as connection:
        (stored,) = await rules.all_rules(connection)
        for number in range(2, RULES_MAX + 1):
            changes: dict[str, Any] = {"id": f"{stored.id[:-4]}x{number:03d}", "position": number, "name": f"r{number}"}
            await rules.add(connection, msgspec.structs.replace(stored, **changes))
    (await hall.ask("POST", PATH, new_rule(name="one more"))).refused(409, "CONFLICT")
    await hall.ask("DELETE", f"{PATH}/{first['id']}", headers=ANY)
    await hall.write(name="one more")


TAG = {"kind": "tag", "tag": "x"}
SUBJECT = text("subject", "contains", "x")
REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "no condition": ({"conditions": []}, "conditions"),
    "too many conditions": ({"conditions": [SUBJECT] * 21}, "conditions"),
    "no action": ({"actions": []}, "actions"),
    "too many actions": ({"actions": [{"kind": "tag", "tag": f"t{number}"} for number in range(11)]}, "actions"),
    "an action twice": ({"actions": [TAG, TAG]}, "actions[1]"),
    "an unknown kind": ({"conditions": [{"kind": "regex", "value": "(a+)+$"}]}, "conditions[0].kind"),
    "an unknown field": ({"conditions": [{**SUBJECT, "field": "header"}]}, "conditions[0].field"),
    "an unknown member": ({"conditions": [{**SUBJECT, "regex": "x"}]}, "conditions[0].regex"),
    "nothing to compare": ({"conditions": [SUBJECT, text("text", "contains", " ")]}, "conditions[1].value"),
    "a value too long": ({"conditions": [text("text", "glob", "*" * 501)]}, "conditions[0].value"),
    "a domain of a subject": ({"conditions": [text("subject", "domain", "a.example")]}, "conditions[0].operator"),
    "a verdict that is none": (
        {"conditions": [{"kind": "verdict", "method": "dkim", "result": "pass; fail"}]},
        "conditions[0].result",
    ),
    "a negative size": ({"conditions": [{"kind": "size_over", "bytes": -1}]}, "conditions[0].bytes"),
    "a tag with spaces around": ({"actions": [{"kind": "tag", "tag": " x"}]}, "actions[0].tag"),
    "a tag too long": ({"actions": [{"kind": "tag", "tag": "x" * 51}]}, "actions[0].tag"),
    "a name of two lines": ({"name": "a\nb"}, "name"),
    "a name of nothing": ({"name": "  "}, "name"),
    "the queue of mail": ({"actions": [{"kind": "forward", "queue": "mail"}]}, "actions[0].queue"),
    "the stored name of it": ({"actions": [{"kind": "forward", "queue": "wipsie-mail"}]}, "actions[0].queue"),
    "its dead letters": ({"actions": [{"kind": "forward", "queue": "wipsie-mail-dlq"}]}, "actions[0].queue"),
    "no such queue": ({"actions": [TAG, {"kind": "forward", "queue": "nowhere"}]}, "actions[1].queue"),
    "no queue's name": ({"actions": [{"kind": "forward", "queue": "a b/../c"}]}, "actions[0].queue"),
    "a task type of nobody": (
        {"actions": [{"kind": "forward", "queue": "default", "task_type": "other"}]},
        "actions[0].task_type",
    ),
    "raw for a queue of ours": ({"actions": [{"kind": "forward", "queue": "default"}]}, "actions[0].task_type"),
    "a task type for others": (
        {"actions": [{"kind": "forward", "queue": OUTSIDE, "task_type": "echo"}]},
        "actions[0].task_type",
    ),
    "a handler of other data": (
        {"actions": [{"kind": "forward", "queue": "default", "task_type": "invoice"}]},
        "actions[0].task_type",
    ),
    "no address": ({"actions": [{"kind": "notify", "recipient": "bob"}]}, "actions[0].recipient"),
    "another header": (
        {"actions": [{"kind": "notify", "recipient": "bob@example.org\nBcc: all@example.org"}]},
        "actions[0].recipient",
    ),
    "no URL": (
        {"actions": [{"kind": "notify", "channel": "webhook", "recipient": "file:///etc/passwd"}]},
        "actions[0].recipient",
    ),
    "a URL with a password": (
        {"actions": [{"kind": "notify", "channel": "webhook", "recipient": "https://a:b@example.org/"}]},
        "actions[0].recipient",
    ),
    "a URL with a bad port": (
        {"actions": [{"kind": "notify", "channel": "webhook", "recipient": "https://example.org:99999/"}]},
        "actions[0].recipient",
    ),
    "a title of two lines": ({"actions": [{"kind": "propose_incident", "title": "a\u2028b"}]}, "actions[0].title"),
    "a severity that is none": (
        {"actions": [{"kind": "propose_incident", "severity": "sev9"}]},
        "actions[0].severity",
    ),
    "a place before the first": ({"position": 0}, "position"),
}


@pytest.mark.parametrize("case", REFUSED)
async def test_a_rule_that_cannot_work_is_refused_with_the_field_that_is_wrong(hall: Hall, case: str) -> None:
    fields, where = REFUSED[case]
    details = (await hall.ask("POST", PATH, {**new_rule(), **fields})).refused(422, "VALIDATION_ERROR")
    assert details["field"] == where
    assert await names(hall) == []
    rule = await hall.write()
    if "position" not in fields:
        changed = await hall.ask("PATCH", f"{PATH}/{rule['id']}", fields, headers=ANY)
        assert changed.refused(422, "VALIDATION_ERROR")["field"] == where
        assert (await hall.ask("GET", f"{PATH}/{rule['id']}")).ok() == rule


async def test_a_queue_that_another_process_made_meanwhile_can_be_forwarded_to(hall: Hall) -> None:
    backend = SqliteQueueBackend(hall.desk.folder / "queue.db", clock=hall.clock)
    elsewhere = QueueEngine(backend, clock=hall.clock, names=hall.engine.names)
    await elsewhere.start([QueueSettings(name=hall.engine.names.stored("fresh"))])
    await elsewhere.stop()
    rule = await hall.write(actions=[{"kind": "forward", "queue": "fresh"}])
    assert rule["actions"][0]["queue"] == "fresh"


@DATABASES
async def test_a_rule_of_a_later_release_says_so_and_can_be_replaced_as_a_whole(hall: Hall) -> None:
    rule = await hall.write()
    async with hall.database.begin() as connection:
        await connection.execute(update(mail_rules_table).values(body='{"conditions":[{"kind":"of_tomorrow"}]}'))
    (shown,) = (await hall.ask("GET", PATH)).ok()["data"]
    assert (shown["conditions"], shown["actions"]) == ([], [])
    assert shown["problem"].startswith("body is not one of this release")
    one = f"{PATH}/{rule['id']}"
    details = (await hall.ask("PATCH", one, {"stop": True}, headers=ANY)).refused(422, "VALIDATION_ERROR")
    assert details["field"] == "conditions"
    assert (await hall.change(rule["id"], enabled=False))["enabled"] is False
    whole = await hall.change(rule["id"], conditions=rule["conditions"], actions=rule["actions"])
    assert (whole["problem"], whole["conditions"]) == (None, rule["conditions"])


HOSTILE_BODIES = {
    "no JSON": b"{",
    "a list": b"[]",
    "deep": b'{"name":' + b"[" * 50_000,
    "not UTF-8": b'{"name":"\xff"}',
    "a huge number": b'{"name":"x","position":' + b"9" * 5_000 + b"}",
}


@pytest.mark.parametrize("case", HOSTILE_BODIES)
@pytest.mark.parametrize("path", [PATH, f"{PATH}/dry-run"])
async def test_no_body_breaks_anything(hall: Hall, case: str, path: str) -> None:
    answer = await hall.ask_raw("POST", path, HOSTILE_BODIES[case])
    assert answer.status in (400, 422)


@pytest.mark.parametrize("reference", ["x" * 5_000, "%00", "%F0%9F%92%A9", "'; DROP TABLE mail_rules; --"])
async def test_no_reference_breaks_anything(hall: Hall, reference: str) -> None:
    answer = await hall.ask("GET", f"{PATH}/{reference}")
    answer.refused(404, "NOT_FOUND")


async def test_the_operations_are_described(hall: Hall) -> None:
    document = hall.api.openapi()
    assert {
        (method, path): operation["x-required-permission"]
        for path, operations in document["paths"].items()
        if path.startswith(PATH)
        for method, operation in operations.items()
    } == {
        ("get", PATH): "mail:read",
        ("post", PATH): "mail:rules:write",
        ("post", f"{PATH}/dry-run"): "mail:read",
        ("get", f"{PATH}/{{rule_id}}"): "mail:read",
        ("patch", f"{PATH}/{{rule_id}}"): "mail:rules:write",
        ("delete", f"{PATH}/{{rule_id}}"): "mail:rules:write",
        ("post", f"{PATH}/{{rule_id}}/position"): "mail:rules:write",
    }


async def test_the_examples_of_the_document_are_taken(hall: Hall) -> None:
    document = hall.api.openapi()
    examples = document["paths"][PATH]["post"]["requestBody"]["content"]["application/json"]["examples"]
    for example in examples.values():
        (await hall.ask("POST", PATH, example["value"])).ok(201)
    await hall.come(letter())
