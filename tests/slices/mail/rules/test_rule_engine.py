"""Promises of rules at work: what a mail sets in motion is committed with it, once, and no rule keeps a mail from the archive."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import nullcontext

import msgspec
import pytest
from rule_hall import OUTSIDE, Hall, letter, text
from sqlalchemy import update

from wipsie.kernel.ids import ObjectId
from wipsie.slices.mail.domain.letter import Letter
from wipsie.slices.mail.service.rules.book import FRESH_S
from wipsie.slices.mail.service.rules.engine import NOTICES_PER_HOUR_MAX, RuleEngine
from wipsie.slices.mail.service.rules.messages import LAST_NOTICE
from wipsie.slices.mail.store import index, rules
from wipsie.slices.mail.store.rules import StoredRule, mail_rules_table

DATABASES = pytest.mark.parametrize("database_kind", ["sqlite", "postgresql"], indirect=True)
OpenHall = Callable[..., Awaitable[Hall]]
ALL_ACTIONS = [
    {"kind": "tag", "tag": "invoices"},
    {"kind": "forward", "queue": OUTSIDE},
    {"kind": "notify", "recipient": "bob@example.org"},
    {"kind": "notify", "channel": "webhook", "recipient": "https://hooks.example.org/mail"},
    {"kind": "propose_incident", "severity": "sev2", "title": "{rule}! {subject}"},
]
MAIL = b"From: Ann <ann@example.org>\r\nTo: bob@example.org\r\nDate: Fri, 01 Sep 2023 11:38:21 +0200\r\n\
Message-ID: <one@example.org>\r\nSubject: Your invoice\r\n\r\nPlease pay.\r\n"


@DATABASES
async def test_a_mail_is_tagged_forwarded_told_of_and_proposes_an_incident(hall: Hall) -> None:
    rule = await hall.write(actions=ALL_ACTIONS)
    entry = letter(content="The secret text")
    mail_id = await hall.come(entry)
    assert await hall.tags(mail_id) == {"invoices": rule["id"]}
    (hit,) = await hall.hits(mail_id)
    assert (hit.rule, hit.at_ms) == (rule["id"], hall.clock.now_ms())
    assert hit.actions == [
        "tag:invoices",
        "forward:ledger:raw",
        "notify:email",
        "notify:webhook",
        "propose_incident",
    ]
    assert "secret" not in str(await hall.published())
    await hall.relay()
    names = {
        "id": mail_id,
        "subject": "Your invoice",
        "sender": "ann@example.org",
        "timestamp": 1_693_561_101,
        "key": entry.name.key,
        "rule": rule["id"],
    }
    (forwarded,) = await hall.waiting(OUTSIDE)
    assert (forwarded["task_type"], forwarded["source"], forwarded["data"]) == ("raw", "mail", names)
    to_person, to_program = sorted(await hall.waiting("notifications"), key=lambda one: one["data"]["recipient"])
    assert to_person["data"]["recipient"] == "bob@example.org"
    assert to_person["data"]["subject"] == "Invoices: Your invoice"
    assert f"Id: {mail_id}" in to_person["data"]["body"]
    assert to_program["data"]["recipient"] == "https://hooks.example.org/mail"
    assert (to_program["data"]["notification_type"], to_program["data"]["metadata"]) == ("webhook", names)
    (signal,) = await hall.waiting("operations")
    assert signal["task_type"] == "operations_signal"
    assert {name: signal["data"][name] for name in ("problem", "subject_kind", "subject", "trouble", "state")} == {
        "problem": "mail_rule_matched",
        "subject_kind": "mail",
        "subject": mail_id,
        "trouble": rule["id"],
        "state": "failing",
    }
    assert (signal["data"]["title"], signal["data"]["severity"]) == ("Invoices! Your invoice", "sev2")
    assert {one["correlation_id"] for one in (forwarded, to_person, to_program, signal)} == {mail_id}


@DATABASES
async def test_a_mail_that_is_delivered_twice_or_comes_as_a_copy_is_acted_on_once(open_hall: OpenHall) -> None:
    hall = await open_hall()
    await hall.write(actions=ALL_ACTIONS)
    await hall.desk.put_raw(MAIL, recipients=("bob@example.org",))
    await hall.desk.work()
    # A copy that came another way, and a letter that is sent twice.
    await hall.desk.put_raw(b"Received: from elsewhere\r\n" + MAIL, recipients=("carol@example.org",), door="lmtp")
    for _ in range(2):
        await hall.desk.intake.accept_letter(
            Letter(subject="Invoice 2", sender="ann@example.org", timestamp_s=1_693_561_101, content="x")
        )
    await hall.desk.work()
    assert sorted(mail["copies"] for mail in await hall.desk.mails()) == [1, 1]
    await hall.relay()
    assert sorted(one["data"]["subject"] for one in await hall.waiting(OUTSIDE)) == ["Invoice 2", "Your invoice"]
    assert len(await hall.waiting("notifications")) == 4
    assert len(await hall.waiting("operations")) == 1


@DATABASES
async def test_a_commit_that_fails_takes_everything_with_it_and_the_next_one_does_it_all(hall: Hall) -> None:
    await hall.write(actions=ALL_ACTIONS)
    entry = letter()
    for fails in (True, False):
        with pytest.raises(ZeroDivisionError) if fails else nullcontext():
            async with hall.database.unit_of_work() as unit:
                (added,) = await index.add(unit.connection, [(entry, None)], now_ms=1)
                assert added is not None
                await hall.rules.on_new(unit, [(entry, added)])
                assert unit.published == 4
                if fails:
                    raise ZeroDivisionError
        assert len(await hall.published()) == (0 if fails else 4)
        assert len(await hall.hits(entry.name.id)) == (0 if fails else 1)


@DATABASES
async def test_a_mail_whose_rows_are_made_again_under_another_number_is_not_acted_on_again(hall: Hall) -> None:
    rule = await hall.write(actions=ALL_ACTIONS)
    entry, other = letter(), letter("Minutes")
    mail_id = await hall.come(entry)
    before = await hall.published()
    async with hall.database.begin() as connection:
        await index.remove(connection, [entry.name.number])
    # Another mail of its second comes first this time, and gets its number.
    await hall.come(msgspec.structs.replace(other, name=msgspec.structs.replace(other.name, number=entry.name.number)))
    await hall.come(entry)
    assert [hit.rule for hit in await hall.hits(mail_id)] == [rule["id"]]
    assert await hall.published() == before
    (row,) = [mail for mail in await hall.desk.mails() if mail["id"] == mail_id]
    assert row["number"] == entry.name.number + 1


@DATABASES
async def test_a_tag_that_is_there_and_two_rules_with_one_tag_are_no_conflict(hall: Hall) -> None:
    first = await hall.write(name="one")
    second = await hall.write(name="two", actions=[{"kind": "tag", "tag": "invoices"}, {"kind": "tag", "tag": "b"}])
    mail_id = await hall.come(letter())
    assert await hall.tags(mail_id) == {"invoices": first["id"], "b": second["id"]}
    async with hall.database.begin() as connection:
        number = letter().name.number
        await rules.add_tags(connection, {(number, "invoices"): "user:usr_1", (number, "c"): "user:usr_1"})
    assert await hall.tags(mail_id) == {"invoices": first["id"], "b": second["id"], "c": "user:usr_1"}


@DATABASES
async def test_rules_are_asked_in_their_order_and_one_that_is_off_is_not(hall: Hall) -> None:
    ids: dict[str, str] = {}
    for name in ("last", "stops", "first", "off"):
        rule = await hall.write(
            name=name,
            position=1,
            stop=name in ("stops", "off"),
            enabled=name != "off",
            actions=[{"kind": "tag", "tag": name}],
        )
        ids[name] = rule["id"]
    assert await hall.tags(await hall.come(letter("Invoice 1"))) == {"first": ids["first"], "stops": ids["stops"]}
    await hall.change(ids["stops"], stop=False)
    assert set(await hall.tags(await hall.come(letter("Invoice 2")))) == {"first", "stops", "last"}
    assert await hall.tags(await hall.come(letter("Minutes"))) == {}


@DATABASES
async def test_a_rule_that_cannot_be_read_is_passed_over_and_the_mail_is_archived(hall: Hall) -> None:
    broken, deep, good = [await hall.write(name=name) for name in ("broken", "deep", "good")]
    async with hall.database.begin() as connection:
        for rule, body in ((broken, '{"conditions":[{"kind":"of_tomorrow"}],"actions":[]}'), (deep, "[" * 10_000)):
            await connection.execute(
                update(mail_rules_table).where(mail_rules_table.c.id == rule["id"]).values(body=body)
            )
    hall.rules.forget()
    mail_id = await hall.come(letter())
    assert [hit.rule for hit in await hall.hits(mail_id)] == [good["id"]]
    assert len(await hall.desk.mails()) == 1


async def test_an_action_that_cannot_be_done_is_passed_over_and_the_others_are_done(hall: Hall) -> None:
    rule = await hall.write(actions=[{"kind": "notify", "recipient": "bob@example.org"}, {"kind": "tag", "tag": "x"}])
    entry = letter()
    # A time that no calendar has: no sentence can be made of it.
    mail_id = await hall.come(msgspec.structs.replace(entry, mail={**entry.mail, "timestamp_s": 10**17}))
    assert await hall.tags(mail_id) == {"x": rule["id"]}
    (hit,) = await hall.hits(mail_id)
    assert hit.actions == ["tag:x"]
    assert await hall.published() == []


async def test_a_rule_of_another_process_is_seen_after_some_seconds_and_a_change_of_ours_at_once(hall: Hall) -> None:
    # The rules are read now, and known for a while.
    assert await hall.hits(await hall.come(letter("Invoice 1"))) == []
    stored = StoredRule(
        id=ObjectId("mrl_1"),
        created_at_ms=1,
        created_by=None,
        updated_at_ms=1,
        updated_by=None,
        version=1,
        position=1,
        name="Of elsewhere",
        enabled=True,
        body='{"conditions":[{"kind":"has_attachment","value":false}],"actions":[{"kind":"tag","tag":"x"}]}',
    )
    async with hall.database.begin() as connection:
        await rules.add(connection, stored)
    assert await hall.hits(await hall.come(letter("Invoice 2"))) == []
    hall.clock.jump(FRESH_S)
    assert len(await hall.hits(await hall.come(letter("Invoice 3")))) == 1
    await hall.change("mrl_1", enabled=False)
    assert await hall.hits(await hall.come(letter("Invoice 4"))) == []


async def test_many_mails_of_one_rule_within_an_hour_propose_one_incident(hall: Hall) -> None:
    await hall.write(actions=[{"kind": "propose_incident"}])
    await hall.write(name="other", actions=[{"kind": "propose_incident"}])
    for number in range(5):
        await hall.come(letter(f"Invoice {number}"))
    # Another process, which knows nothing of the first, tells it again: the queue takes it once.
    other = RuleEngine(hall.clock)
    entry = letter("Invoice of elsewhere")
    async with hall.database.unit_of_work() as unit:
        (added,) = await index.add(unit.connection, [(entry, None)], now_ms=1)
        assert added is not None
        await other.on_new(unit, [(entry, added)])
    assert len(await hall.published()) == 4
    await hall.relay()
    assert len(await hall.waiting("operations")) == 2
    hall.clock.jump(3600)
    await hall.come(letter("Invoice of the next hour"))
    await hall.relay()
    signals = await hall.waiting("operations")
    assert len(signals) == 4
    assert len({one["data"]["trouble"] for one in signals}) == 2


async def test_a_flood_of_mails_is_no_flood_of_notices_and_the_last_one_says_so(hall: Hall) -> None:
    await hall.write(actions=[{"kind": "notify", "recipient": "bob@example.org"}, {"kind": "tag", "tag": "x"}])
    entries = [letter(f"Invoice {number}") for number in range(NOTICES_PER_HOUR_MAX + 10)]
    for batch in (entries[:30], entries[30:]):
        async with hall.database.unit_of_work() as unit:
            added = await index.add(unit.connection, [(entry, None) for entry in batch], now_ms=1)
            fresh = [(entry, one) for entry, one in zip(batch, added, strict=True) if one is not None]
            await hall.rules.on_new(unit, fresh)
    bodies = [one["data"]["body"] for one in await hall.published()]
    assert len(bodies) == NOTICES_PER_HOUR_MAX
    assert [place for place, body in enumerate(bodies) if LAST_NOTICE in body] == [NOTICES_PER_HOUR_MAX - 1]
    # Those that nobody was told of are tagged all the same.
    assert [(await hall.hits(entry.name.id))[0].actions for entry in entries[-2:]] == [["tag:x"]] * 2
    hall.clock.jump(3600)
    await hall.come(letter("Invoice of the next hour"))
    assert len(await hall.published()) == NOTICES_PER_HOUR_MAX + 1


@pytest.mark.parametrize(
    "subject",
    ["Invoice\u202e4711\u2028x", "Invoice " + "\u0007" * 3, "Invoice " + "ü" * 5_000, "{sender}{rule} invoice {0}"],
    ids=lambda subject: repr(subject[:12]),
)
async def test_what_a_mail_says_cannot_disturb_what_is_told_of_it(hall: Hall, subject: str) -> None:
    await hall.write(actions=ALL_ACTIONS)
    await hall.come(letter(subject, sender="evil\u202e <x@example.org>"))
    await hall.relay()
    (signal,) = await hall.waiting("operations")
    for told in (signal["data"]["title"], signal["data"]["sentence"]):
        assert told.isprintable()
    assert len(signal["data"]["title"]) <= 200
    assert len(signal["data"]["sentence"]) <= 500
    if subject.startswith("{"):
        assert signal["data"]["title"] == f"Invoices! {subject}"
    for notice in await hall.waiting("notifications"):
        assert notice["data"]["subject"].isprintable()
        assert len(notice["data"]["subject"]) <= 300


async def test_a_queue_that_keeps_an_order_gets_each_mail_once_in_the_order_of_its_sender(hall: Hall) -> None:
    await hall.write(actions=[{"kind": "forward", "queue": "letters.fifo"}])
    for number in range(3):
        await hall.come(letter(f"Invoice {number}"))
    await hall.relay()
    assert [one["data"]["subject"] for one in await hall.waiting("letters.fifo")] == [
        "Invoice 0",
        "Invoice 1",
        "Invoice 2",
    ]


@DATABASES
async def test_hits_are_forgotten_with_mails_that_are_erased(hall: Hall) -> None:
    await hall.write()
    first, second = await hall.come(letter("Invoice 1")), await hall.come(letter("Invoice 2"))
    async with hall.database.begin() as connection:
        await rules.forget_hits(connection, [first])
    assert await hall.hits(first) == []
    assert len(await hall.hits(second)) == 1


async def test_a_condition_on_a_mail_of_mime_sees_its_parts(open_hall: OpenHall) -> None:
    hall = await open_hall()
    await hall.write(
        text("recipient", "domain", "example.org"),
        text("attachment_name", "glob", "*.pdf"),
        text("attachment_type", "is", "application/pdf"),
        text("list_id", "contains", "team"),
        text("text", "contains", "see the report"),
        {"kind": "has_attachment"},
        {"kind": "size_over", "bytes": 100},
        {"kind": "verdict", "method": "spam", "result": "pass"},
    )
    boundary = b"--x\r\nContent-Type: text/plain\r\n\r\nSee the report.\r\n--x\r\nContent-Type: application/pdf\r\n\
Content-Disposition: attachment; filename=Report.PDF\r\n\r\n%PDF\r\n--x--\r\n"
    head = MAIL.partition(b"\r\n\r\n")[0]
    content = (
        head
        + b"\r\nList-Id: <team.example.org>\r\nMIME-Version: 1.0\r\n\
Content-Type: multipart/mixed; boundary=x\r\n\r\n"
        + boundary
    )
    await hall.desk.put_raw(content, verdicts={"spam": "PASS"})
    await hall.desk.work()
    (mail,) = await hall.desk.mails()
    assert set(await hall.tags(mail["id"])) == {"invoices"}
