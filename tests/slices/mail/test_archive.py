"""The archive: what is accepted is there once, whole, under a name that follows from what it says; and the index knows it."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from wipsie.kernel.ids import ObjectId
from wipsie.slices.mail.domain.archive_key import ArchiveName
from wipsie.slices.mail.domain.arrival import raw_key
from wipsie.slices.mail.domain.document import letter_mail
from wipsie.slices.mail.domain.letter import Letter
from wipsie.slices.mail.store.entries import entry_of
from wipsie.slices.mail.store.index import add
from wipsie.testing.eventually import eventually

LETTER = Letter(
    subject="Happy new year!",
    sender="John doe",
    timestamp_s=1693561101,
    content="Just want to say... Happy new year!!!",
)
DATABASES = pytest.mark.parametrize("database_kind", ["sqlite", "postgresql"], indirect=True)
MAIL = b"""\
Received: from mx.example.org by us.example.org; Fri, 01 Sep 2023 09:40:00 +0000\r
From: Ann Example <ann@example.org>\r
To: Bob <bob@example.org>, carol@example.org\r
Cc: dave@example.org\r
Date: Fri, 01 Sep 2023 11:38:21 +0200\r
Message-ID: <one@example.org>\r
Subject: The report of =?utf-8?q?M=C3=A4rz?=\r
MIME-Version: 1.0\r
Content-Type: multipart/mixed; boundary=x\r
\r
--x\r
Content-Type: text/plain; charset=utf-8\r
\r
Here is the report.\r
--x\r
Content-Type: application/pdf; name=report.pdf\r
Content-Disposition: attachment; filename=report.pdf\r
Content-Transfer-Encoding: base64\r
\r
JVBERi0xLjQK\r
--x--\r
"""


@DATABASES
async def test_a_letter_is_archived_under_the_name_that_was_answered(desk: Any) -> None:
    accepted = await desk.intake.accept_letter(LETTER)
    await desk.work()
    assert await desk.documents() == {accepted.name.key: LETTER.document()}
    assert accepted.name.key.startswith("emails/2023/09/01/email-1693561101-")
    content = (await desk.blobs.get(accepted.name.key)).content
    assert content.endswith(b"}\n")
    assert content.count(b"\n") == 1
    (mail,) = await desk.mails()
    assert (mail["id"], mail["object_key"]) == (accepted.name.id, accepted.name.key)
    assert (mail["subject"], mail["sender"], mail["timestamp_s"]) == ("Happy new year!", "John doe", 1693561101)
    assert (mail["copies"], mail["attachments"], mail["raw_sha256"]) == (0, 0, None)
    (arrival,) = await desk.arrivals()
    assert (arrival["message_id"], arrival["door"], arrival["is_copy"]) == (accepted.message_id, "api", False)


@DATABASES
async def test_a_copy_is_known_as_a_copy_and_two_letters_never_meet(desk: Any) -> None:
    other = Letter(subject="Happy new year!", sender="John doe", timestamp_s=1693561101, content="Something else")
    for letter in (LETTER, LETTER, other, LETTER):
        await desk.intake.accept_letter(letter)
    await desk.work()
    assert len(await desk.documents()) == 2
    mails = await desk.mails()
    assert sorted((mail["preview"][:9], mail["copies"]) for mail in mails) == [("Just want", 2), ("Something", 0)]
    assert sorted(arrival["is_copy"] for arrival in await desk.arrivals()) == [False, False, True, True]
    assert desk.metric("mail_duplicates_total") == 2
    assert desk.metric("sqs_messages_processed_total") == 4


FOREIGN = {
    "as we write it": LETTER.document(),
    "within data": {"data": LETTER.document()},
    "the other timestamp": {
        **{key: value for key, value in LETTER.document().items() if key != "email_timestamp"},
        "email_timestream": "1693561101",
    },
    "a number as timestamp": {**LETTER.document(), "email_timestamp": 1693561101},
}


@pytest.mark.parametrize("case", FOREIGN)
async def test_messages_of_other_programs_are_archived_as_ours(desk: Any, case: str) -> None:
    await desk.put(json.dumps(FOREIGN[case], indent=2))
    await desk.work()
    ((key, document),) = (await desk.documents()).items()
    assert document == LETTER.document()
    assert [arrival["door"] for arrival in await desk.arrivals()] == ["queue"]
    assert key == (await desk.intake.accept_letter(LETTER)).name.key


async def test_members_that_tasks_have_of_their_own_are_archived_too(desk: Any) -> None:
    extra = {"id": "5", "source": "crm", "priority": "high", "message": "m", "timestamp": "t", "task_type": "x"}
    await desk.put(json.dumps({**LETTER.document(), **extra}))
    await desk.work()
    (document,) = (await desk.documents()).values()
    assert document == {**LETTER.document(), **extra}


NO_MAIL = {
    "no JSON": "hello",
    "empty object": "{}",
    "a list": "[1]",
    "deep": "[" * 100_000,
    "a field missing": json.dumps({"email_subject": "a", "email_sender": "b", "email_timestamp": "1"}),
    "a timestamp beyond all": json.dumps({**LETTER.document(), "email_timestamp": "999999999999"}),
    "a place that is no mail": json.dumps(
        {
            "email_raw": {"key": "secrets/mail.token", "sha256": "0" * 64, "size": 5},
            "email_envelope": {"door": "smtp", "received_at_ms": 5},
        }
    ),
    "a time before all": json.dumps(
        {
            "email_raw": {"key": raw_key("0" * 64), "sha256": "0" * 64, "size": 5},
            "email_envelope": {"door": "smtp", "received_at_ms": -5},
        }
    ),
    "a digest that is none": json.dumps(
        {
            "email_raw": {"key": raw_key("../x"), "sha256": "../x", "size": 5},
            "email_envelope": {"door": "smtp", "received_at_ms": 5},
        }
    ),
    "a bucket nobody named": json.dumps(
        {
            "email_object": {"bucket": "payroll", "key": "salaries.csv"},
            "email_envelope": {"door": "ses", "received_at_ms": 5},
        }
    ),
}


@pytest.mark.parametrize("case", NO_MAIL)
async def test_what_is_no_mail_is_a_dead_letter_with_its_reason_and_the_others_go_on(desk: Any, case: str) -> None:
    await desk.put(NO_MAIL[case])
    await desk.intake.accept_letter(LETTER)
    await desk.work()
    (dead,) = await desk.dead_letters()
    assert dead.body == NO_MAIL[case]
    assert dead.dead_letter.cause.code == "NOT_A_MAIL"
    assert dead.dead_letter.cause.reason
    assert len(await desk.documents()) == 1
    assert desk.metric("sqs_messages_failed_total") == 1


async def test_a_mail_whose_bytes_are_gone_is_tried_again_before_it_is_a_dead_letter(desk: Any) -> None:
    await desk.put_raw(MAIL)
    ((key, _),) = [entry async for entry in desk.blobs.walk("mail/incoming")]
    await desk.blobs.delete(key)
    worker = desk.new_worker()
    await worker.start()

    async def waits() -> bool:
        return (await desk.counts()).delayed == 1

    await eventually(waits, 10, "it waits for its next try")
    await worker.drain()
    assert await desk.dead_letters() == []


async def test_a_mail_is_archived_with_its_original_and_its_attachments(desk: Any) -> None:
    await desk.put_raw(MAIL, sender="ann@example.org", recipients=("bob@example.org",), remote="192.0.2.1")
    await desk.work()
    ((key, document),) = (await desk.documents()).items()
    assert key.startswith("emails/2023/09/01/email-1693561101-")
    assert document["email_subject"] == "The report of März"
    assert document["email_sender"] == "Ann Example <ann@example.org>"
    assert document["email_content"].strip() == "Here is the report."
    mime = document["email_mime"]
    assert (await desk.blobs.get(mime["raw"]["key"])).content == MAIL
    (attachment,) = mime["attachments"]
    assert (attachment["name"], attachment["media_type"], attachment["size"]) == ("report.pdf", "application/pdf", 9)
    stored = await desk.blobs.get(f"mail/attachments/{attachment['sha256'][:2]}/{attachment['sha256']}")
    assert stored.content == b"%PDF-1.4\n"
    (mail,) = await desk.mails()
    assert (mail["message_id"], mail["sender_address"]) == ("one@example.org", "ann@example.org")
    assert list((desk.folder / "work").iterdir()) == []
    assert [entry async for entry in desk.blobs.walk("mail/incoming")] == []


@DATABASES
async def test_copies_that_came_by_other_ways_are_one_mail_with_all_its_arrivals(desk: Any) -> None:
    await desk.put_raw(MAIL, recipients=("bob@example.org",))
    await desk.put_raw(
        b"Received: from elsewhere\r\nX-Spam: no\r\n" + MAIL, recipients=("carol@example.org",), door="lmtp"
    )
    await desk.put_raw(MAIL.replace(b"\r\n", b"\n"), recipients=("dave@example.org",), door="import")
    await desk.put_raw(MAIL.replace(b"Here is", b"There was"), recipients=("bob@example.org",))
    await desk.work()
    assert len(await desk.documents()) == 2
    assert sorted(mail["copies"] for mail in await desk.mails()) == [0, 2]
    assert sorted(json.loads(arrival["recipients"])[0] for arrival in await desk.arrivals()) == [
        "bob@example.org",
        "bob@example.org",
        "carol@example.org",
        "dave@example.org",
    ]
    assert len([key async for key, _ in desk.blobs.walk("mail/attachments")]) == 1


@DATABASES
@pytest.mark.parametrize(
    "envelope", [{"door": "smtp"}, {"door": "import", "reference": "box@0"}], ids=["smtp", "import"]
)
async def test_a_mail_whose_worker_was_killed_before_it_acknowledged_is_there_once(
    desk: Any, envelope: dict[str, Any]
) -> None:
    await desk.put_raw(MAIL, **envelope)
    await desk.archive_and_die()
    before = (await desk.documents(), await desk.mails(), await desk.arrivals())
    assert len(before[1]) == 1
    await desk.work()
    assert (await desk.documents(), await desk.mails(), await desk.arrivals()) == before
    assert desk.metric("mail_duplicates_total") == 0
    assert await desk.dead_letters() == []


async def test_a_mail_waits_while_the_store_is_away_and_is_archived_when_it_is_back(desk: Any) -> None:
    accepted = await desk.intake.accept_letter(LETTER)
    folder = desk.folder / "blobs"
    folder.mkdir(exist_ok=True)
    away = desk.folder / "away"
    folder.rename(away)
    folder.write_text("a file where the store was")
    worker = desk.new_worker()
    await worker.start()
    await eventually(lambda: desk.metric("s3_uploads_failed_total") >= 1, 10, "an upload fails")
    assert (await desk.counts()).leased == 1
    folder.unlink()
    away.rename(folder)

    async def is_archived() -> bool:
        return bool(await desk.mails())

    await eventually(is_archived, 10, "the mail is archived")
    await worker.drain()
    assert list(await desk.documents()) == [accepted.name.key]
    assert await desk.dead_letters() == []


async def test_a_worker_that_stops_gives_back_what_waits_for_the_store(desk: Any) -> None:
    await desk.intake.accept_letter(LETTER)
    (desk.folder / "blobs").write_text("a file where the store should be")
    worker = desk.new_worker()
    await worker.start()
    await eventually(lambda: desk.metric("s3_uploads_failed_total") >= 1, 10, "an upload fails")
    await worker.drain(0.1)
    assert (await desk.counts()).ready == 1


async def test_without_a_dead_letter_queue_what_is_no_mail_is_put_aside_and_nothing_is_lost(desk: Any) -> None:
    queue = desk.engine.resolve("mail")
    settings = await desk.engine.queue_settings(queue)
    await desk.engine.change_queue(msgspec.structs.replace(settings, dead_letter_queue=None))
    message_id = await desk.put("no mail: \u00e9")
    await desk.work()
    ((key, _),) = [entry async for entry in desk.blobs.walk("quarantine")]
    assert key.endswith(f"/{message_id}.txt")
    assert (await desk.blobs.get(key)).content.decode() == "no mail: \u00e9"
    assert desk.metric("mail_quarantined_total") == 1


async def test_two_mails_of_one_second_that_share_a_number_are_both_kept(desk: Any) -> None:
    entries = [
        entry_of(
            ArchiveName(
                key=f"emails/2023/09/01/email-1693561101-{n:032x}.json", id=ObjectId(f"mail_{n:032x}"), number=7
            ),
            letter_mail(LETTER),
            b"{}",
        )
        for n in range(4)
    ]
    now_ms = 5
    async with desk.database.begin() as connection:
        first = await add(connection, [(entry, None) for entry in entries[:3]], now_ms=now_ms)
    async with desk.database.begin() as connection:
        second = await add(connection, [(entry, None) for entry in entries], now_ms=now_ms)
    assert [one and one.number for one in first] == [7, 8, 9]
    assert [one and (one.number, one.is_new) for one in second] == [(7, False), (8, False), (9, False), (10, True)]


async def test_a_mail_waits_for_its_attachments_too(desk: Any) -> None:
    await desk.put_raw(MAIL)
    place = desk.folder / "blobs" / "mail" / "attachments"
    place.write_text("a file where a folder should be")
    worker = desk.new_worker()
    await worker.start()
    await eventually(lambda: desk.metric("s3_uploads_failed_total") >= 2, 10, "the attachment fails, again and again")
    assert (await desk.counts()).leased == 1
    place.unlink()

    async def is_archived() -> bool:
        return bool(await desk.mails())

    await eventually(is_archived, 20, "the mail is archived")
    await worker.drain()
    assert await desk.dead_letters() == []


@DATABASES
async def test_a_letter_may_hold_what_a_database_does_not_keep(desk: Any) -> None:
    await desk.put(json.dumps({**LETTER.document(), "email_content": "before\0after", "more": "\0"}))
    await desk.work()
    (document,) = (await desk.documents()).values()
    assert document["email_content"] == "before\0after"
    (mail,) = await desk.mails()
    assert mail["preview"] == "before\ufffdafter"


async def test_a_mail_without_a_date_that_is_sent_again_is_the_same_mail(desk: Any) -> None:
    undated = MAIL.replace(b"Date: Fri, 01 Sep 2023 11:38:21 +0200\r\n", b"").replace(
        b"Received: from mx.example.org by us.example.org; Fri, 01 Sep 2023 09:40:00 +0000\r\n", b""
    )
    await desk.put_raw(undated, received_at_ms=1_759_586_400_000)
    await desk.work()
    await desk.put_raw(undated, received_at_ms=1_759_586_402_000)
    await desk.work()
    (mail,) = await desk.mails()
    assert (mail["copies"], mail["timestamp_s"]) == (1, 1_759_586_400)


async def test_a_letter_that_comes_again_mends_its_damaged_document(desk: Any) -> None:
    accepted = await desk.intake.accept_letter(LETTER)
    await desk.work()
    path = desk.folder / "blobs" / accepted.name.key
    whole = path.read_bytes()
    path.write_bytes(b"garbage")
    await desk.intake.accept_letter(LETTER)
    await desk.work()
    assert path.read_bytes() == whole
    (mail,) = await desk.mails()
    assert mail["copies"] == 1
