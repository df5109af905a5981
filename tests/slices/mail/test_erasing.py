"""What is erased is gone, all of it and nothing else, whatever comes at the same moment."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import update

from wipsie.kernel.errors import Conflict
from wipsie.slices.mail.domain.archive_key import read_key
from wipsie.slices.mail.domain.letter import Letter
from wipsie.slices.mail.service.erasing import MailEraser, Retention
from wipsie.slices.mail.service.index_writer import IndexWriter, StillErasing
from wipsie.slices.mail.service.stored_mail import read_stored
from wipsie.slices.mail.store import erasures
from wipsie.slices.mail.store.entries import Arrival, entry_of
from wipsie.slices.mail.store.tables import mails_table
from wipsie.testing.eventually import eventually

if TYPE_CHECKING:
    from conftest import MailOffice

DATABASES = pytest.mark.parametrize("database_kind", ["sqlite", "postgresql"], indirect=True)
LETTER = Letter(subject="Hello", sender="ann@example.org", timestamp_s=1_693_561_101, content="Text")
MAIL = (
    b"From: ann@example.org\r\nTo: bob@example.org\r\nDate: Fri, 01 Sep 2023 11:38:21 +0200\r\nMessage-ID: <1@example.org>\r\n"
    b"Subject: A file\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\nSee it.\r\n--x\r\n"
    b"Content-Type: application/pdf\r\nContent-Disposition: attachment; filename=a.pdf\r\n\r\n%PDF\r\n--x--\r\n"
)


def eraser(mail_office: MailOffice, **retention: Any) -> MailEraser:
    parts = mail_office.parts
    return MailEraser(parts.database, mail_office.blobs, parts.clock, Retention(**retention))


async def numbers(mail_office: MailOffice) -> dict[str, int]:
    """Id to number."""
    async with mail_office.parts.database.read() as connection:
        rows = await connection.execute(mails_table.select())
        return {row.id: row.number for row in rows}


async def erase_rows(mail_office: MailOffice, *mail_ids: str) -> list[Any]:
    known = await numbers(mail_office)
    async with mail_office.parts.database.unit_of_work() as unit:
        return await eraser(mail_office).erase_rows(unit.connection, [known[one] for one in mail_ids])


async def mail_objects(mail_office: MailOffice) -> list[str]:
    return sorted(key for key in await mail_office.objects() if key.startswith(("emails/", "mail/")))


@DATABASES
async def test_a_copy_that_waits_in_the_queue_keeps_its_bytes_when_the_mail_is_erased(mail_office: MailOffice) -> None:
    (one,) = await mail_office.file(MAIL)
    from wipsie.slices.mail.domain.arrival import Envelope

    await mail_office.intake.accept_raw(MAIL, Envelope(door="smtp", received_at_ms=1))
    assert (await mail_office.office["ada"].delete(f"/api/mail/{one}")).ok()["objects"] == "gone"
    await mail_office.office.clock.advance(61)
    assert await mail_office.work() == [one]
    assert (await mail_office.office["ada"].get(f"/api/mail/{one}")).ok()["attachments"] == 1
    assert len(await mail_objects(mail_office)) == 3


@DATABASES
async def test_a_mail_that_comes_while_it_is_being_erased_waits_and_is_whole_then(mail_office: MailOffice) -> None:
    (one,) = await mail_office.file(MAIL)
    (erasure,) = await erase_rows(mail_office, one)
    coming = asyncio.create_task(mail_office.file(MAIL))
    clock = mail_office.office.clock
    await eventually(lambda: not coming.done(), 5, "it waits")
    assert await eraser(mail_office).carry_out(erasure.id)

    async def has_come() -> bool:
        await clock.advance(10)
        return coming.done()

    await eventually(has_come, 20, "it is archived")
    assert await coming == [one]
    assert len(await mail_objects(mail_office)) == 3


@DATABASES
async def test_what_was_stored_before_an_erasure_ended_is_not_indexed(mail_office: MailOffice) -> None:
    (one,) = await mail_office.file(MAIL)
    key = (await mail_office.office["ada"].get(f"/api/mail/{one}")).ok()["key"]
    stored = await read_stored(mail_office.blobs, key)
    name = read_key(key)
    assert name is not None
    began_ms = mail_office.parts.clock.now_ms()
    (erasure,) = await erase_rows(mail_office, one)
    writer = IndexWriter(mail_office.parts.database)
    entry = entry_of(name, stored.mail, stored.content)
    other = entry_of(name, stored.mail, stored.content)
    came = Arrival(message_id="m", door="smtp", received_at_ms=5)
    with pytest.raises(StillErasing):
        await writer.add(entry, came, stored_since_ms=began_ms)
    await eraser(mail_office).carry_out(erasure.id)
    with pytest.raises(StillErasing):
        await writer.add(other, came, stored_since_ms=began_ms)
    await writer.add(other, came, stored_since_ms=began_ms + erasures.MARGIN_MS + 1)


@DATABASES
async def test_one_that_waits_keeps_no_other_from_the_index(mail_office: MailOffice) -> None:
    (one,) = await mail_office.file(LETTER)
    shown = (await mail_office.office["ada"].get(f"/api/mail/{one}")).ok()
    stored = await read_stored(mail_office.blobs, shown["key"])
    await erase_rows(mail_office, one)
    writer = IndexWriter(mail_office.parts.database)
    now_ms = mail_office.parts.clock.now_ms()
    names = [read_key(shown["key"]), read_key(shown["key"].replace("email-1693561101-", "email-1693561102-"))]
    results = await asyncio.gather(
        *(
            writer.add(entry_of(name, stored.mail, stored.content), None, stored_since_ms=now_ms)
            for name in names
            if name is not None
        ),
        return_exceptions=True,
    )
    assert isinstance(results[0], StillErasing)
    assert not isinstance(results[1], BaseException)


@DATABASES
async def test_an_erasure_is_carried_out_by_one_alone(mail_office: MailOffice) -> None:
    (one,) = await mail_office.file(MAIL)
    (erasure,) = await erase_rows(mail_office, one)
    sweepers = [eraser(mail_office) for _ in range(4)]
    assert sorted(await asyncio.gather(*(each.carry_out(erasure.id) for each in sweepers))) == [False] * 3 + [True]
    assert await mail_objects(mail_office) == []
    assert await eraser(mail_office).sweep() == 0


@DATABASES
async def test_originals_of_all_copies_go_with_the_mail(mail_office: MailOffice) -> None:
    (one,) = await mail_office.file(MAIL)
    assert await mail_office.file(b"Received: by another way\r\n" + MAIL) == [one]
    raws = [key for key in await mail_objects(mail_office) if key.startswith("mail/raw/")]
    assert len(raws) == 2
    (await mail_office.office["ada"].delete(f"/api/mail/{one}")).ok()
    assert await mail_objects(mail_office) == []


@DATABASES
async def test_a_hold_that_comes_first_wins(mail_office: MailOffice) -> None:
    (one,) = await mail_office.file(MAIL)
    number = (await numbers(mail_office))[one]
    async with mail_office.parts.database.begin() as connection:
        await connection.execute(
            update(mails_table).where(mails_table.c.number == number).values(held_by="user:x", held_reason="r")
        )
    assert await erase_rows(mail_office, one) == []
    (await mail_office.office["ada"].delete(f"/api/mail/{one}")).refused(409, Conflict.code)
    assert len(await mail_objects(mail_office)) == 3


@DATABASES
async def test_whom_a_copy_was_for_is_known_and_found(mail_office: MailOffice) -> None:
    from wipsie.slices.mail.domain.arrival import Envelope

    for recipient in ("bob@example.org", "Hidden@Example.net", "hidden@example.net"):
        envelope = Envelope(door="smtp", received_at_ms=1, recipients=(recipient,))
        await mail_office.intake.accept_raw(MAIL, envelope)
    (one,) = set(await mail_office.work())
    ada = mail_office.office["ada"]
    assert [mail["id"] for mail in (await ada.get("/api/mail?recipient=hidden@example.net")).ok()["data"]] == [one]
    recipients = (await ada.get(f"/api/mail/{one}")).ok()["recipients"]
    assert [(to["role"], to["address"]) for to in recipients] == [
        ("to", "bob@example.org"),
        ("envelope", "hidden@example.net"),
    ]
    (await ada.post(f"/api/mail/{one}/rearchive", None)).ok(202)
    await mail_office.work()
    assert (await ada.get(f"/api/mail/{one}")).ok()["recipients"] == recipients


@DATABASES
async def test_archiving_anew_keeps_what_only_the_door_knew(mail_office: MailOffice) -> None:
    from wipsie.slices.mail.domain.arrival import Envelope

    envelope = Envelope(
        door="postmark",
        received_at_ms=5000,
        sender="bounce@example.org",
        recipients=("x@example.org",),
        verdicts={"spf": "pass"},
    )
    await mail_office.intake.accept_raw(MAIL, envelope)
    (one,) = await mail_office.work()
    ada = mail_office.office["ada"]
    key = (await ada.get(f"/api/mail/{one}")).ok()["key"]
    before = json.loads((await mail_office.blobs.get(key)).content)
    (await ada.post(f"/api/mail/{one}/rearchive", None)).ok(202)
    await mail_office.work()
    assert json.loads((await mail_office.blobs.get(key)).content) == before
    assert (await ada.get(f"/api/mail/{one}")).ok()["verdicts"] == {"spf": "pass"}


async def test_a_mail_without_a_date_is_replayed_as_itself(mail_office: MailOffice) -> None:
    (one,) = await mail_office.file(MAIL.replace(b"Date: Fri, 01 Sep 2023 11:38:21 +0200\r\n", b""))
    await mail_office.office.clock.advance(1000)
    (await mail_office.office["ada"].post(f"/api/mail/{one}/replay", None)).ok(202)
    assert await mail_office.work() == [one]


@DATABASES
async def test_mails_whose_time_is_over_go_by_age_and_by_number_but_for_those_that_are_held(
    mail_office: MailOffice,
) -> None:
    clock = mail_office.office.clock
    ids: list[str] = []
    for days in (400, 300, 200, 100, 0):
        # Whatever a mail says of its time: the oldest here says it is the newest.
        said_s = 1_000_000_000 + len(ids) if days != 400 else 4_000_000_000
        ids += await mail_office.file(Letter(subject=f"{days} days", sender="ann", timestamp_s=said_s, content="x"))
        clock.jump(100 * 86_400 if days else 0)
    ada = mail_office.office["ada"]
    (await ada.ask("PUT", f"/api/mail/{ids[0]}/hold", {"reason": "A dispute."})).ok(204)

    async def left() -> list[str]:
        return sorted(mail["subject"] for mail in (await ada.get("/api/mail")).ok()["data"])

    await eraser(mail_office).upkeep()
    assert len(await left()) == 5
    await eraser(mail_office, age_s=250 * 86_400.0).upkeep()
    assert await left() == ["0 days", "100 days", "200 days", "400 days"]
    await eraser(mail_office, count=2).upkeep()
    assert await left() == ["0 days", "100 days", "400 days"]
    assert len([key for key in await mail_objects(mail_office) if key.startswith("emails/")]) == 3


@DATABASES
async def test_mails_of_a_wrong_clock_push_no_others_out(mail_office: MailOffice) -> None:
    real = [Letter(subject=f"real {n}", sender="ann", timestamp_s=1_700_000_000 + n, content="x") for n in range(4)]
    dated_2106 = [Letter(subject=f"late {n}", sender="x", timestamp_s=4_291_747_200 + n, content="x") for n in range(2)]
    ids: list[str] = []
    for letter in (*dated_2106, *real):
        ids += await mail_office.file(letter)
        mail_office.office.clock.jump(1)
    await eraser(mail_office, count=4).upkeep()
    assert set(await numbers(mail_office)) == set(ids[2:])
    # Of those archived at one moment, the mails' own times tell.
    async with mail_office.parts.database.begin() as connection:
        await connection.execute(update(mails_table).values(indexed_at_ms=1))
    await eraser(mail_office, count=3).upkeep()
    assert set(await numbers(mail_office)) == set(ids[3:])


@DATABASES
async def test_archiving_a_mail_anew_keeps_it_no_longer(mail_office: MailOffice) -> None:
    (one,) = await mail_office.file(MAIL)
    async with mail_office.parts.database.begin() as connection:
        await connection.execute(update(mails_table).values(indexed_at_ms=1))
    (await mail_office.office["ada"].post(f"/api/mail/{one}/rearchive", None)).ok(202)
    assert await mail_office.work() == [one]
    assert await eraser(mail_office, age_s=86_400.0).retire() == 1


async def test_a_letter_that_is_replayed_is_noted_as_replayed(mail_office: MailOffice) -> None:
    (one,) = await mail_office.file(LETTER)
    ada = mail_office.office["ada"]
    (await ada.post(f"/api/mail/{one}/replay", None)).ok(202)
    assert await mail_office.work() == [one]
    assert [came["door"] for came in (await ada.get(f"/api/mail/{one}")).ok()["arrivals"]] == ["api", "replay"]


async def test_bytes_of_messages_that_cannot_be_anywhere_any_more_are_removed(mail_office: MailOffice) -> None:
    await mail_office.blobs.put("mail/incoming/2024-01-01/00000000-0000-0000-0000-000000000001.eml", b"old")
    await mail_office.blobs.put("mail/incoming/2025-10-04/00000000-0000-0000-0000-000000000002.eml", b"new")
    assert await eraser(mail_office).tidy_incoming() == 1
    assert [key for key in await mail_objects(mail_office) if "incoming" in key] == [
        "mail/incoming/2025-10-04/00000000-0000-0000-0000-000000000002.eml"
    ]
