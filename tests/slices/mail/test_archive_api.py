"""``/api/mail`` as a team uses it: found by its words, read, downloaded, replayed, held and erased; by those who may."""

from __future__ import annotations

import json
import mailbox
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from wipsie.slices.mail.domain.letter import Letter

if TYPE_CHECKING:
    from conftest import MailOffice

DATABASES = pytest.mark.parametrize("database_kind", ["sqlite", "postgresql"], indirect=True)
SECOND = 1_693_561_101


def letter(number: int, **changes: Any) -> Letter:
    given: dict[str, Any] = {
        "subject": f"Invoice {number}",
        "sender": f"person{number % 3}@shop{number % 2}.example.org",
        "timestamp_s": SECOND + number * 60,
        "content": f"Please pay number{number} soon. Ümläute count as letters.",
    }
    return Letter(**{**given, **changes})


def mime(subject: str, *, body: str = "Hello", file: bytes = b"%PDF-1.4\n", name: str = "report.pdf") -> bytes:
    from email.message import EmailMessage

    message = EmailMessage()
    message["From"] = "Ann Example <Ann@Example.org>"
    message["To"] = "Bob <bob@example.org>, carol@sub.example.net"
    message["Date"] = "Fri, 01 Sep 2023 11:38:21 +0200"
    message["Message-ID"] = f"<{subject.replace(' ', '.')}@example.org>"
    message["Subject"] = subject
    message.set_content(body)
    message.add_attachment(file, maintype="application", subtype="pdf", filename=name)
    return message.as_bytes()


@DATABASES
async def test_the_newest_come_first_and_pages_follow_each_other(mail_office: MailOffice) -> None:
    ids = await mail_office.file(*(letter(number) for number in range(7)))
    lea = mail_office.office["lea"]
    page = (await lea.get("/api/mail?limit=3&include=total")).ok()
    assert [one["id"] for one in page["data"]] == ids[:3:-1]
    assert page["total"] == {"count": 7, "exact": True}
    rest = await lea.all_pages("/api/mail?limit=2")
    assert [one["id"] for one in rest] == ids[::-1]
    oldest = (await lea.get("/api/mail?sort=sent_at&limit=1")).ok()["data"][0]
    assert oldest["id"] == ids[0]
    assert oldest["sent_at"] == "2023-09-01T09:38:21Z"
    assert oldest["is_letter"] is True
    assert oldest["preview"].startswith("Please pay number0 soon.")


@DATABASES
@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=invoice", [5, 4, 3, 2, 1, 0]),
        ("q=INVOICE+number3", [3]),
        ("q=umlaute", [5, 4, 3, 2, 1, 0]),
        ("q=inv", [5, 4, 3, 2, 1, 0]),
        ("q=subject:invoice", [5, 4, 3, 2, 1, 0]),
        ("q=subject:pay", []),
        ("q=from:person1", [4, 1]),
        ("q=pay+from:shop1", [5, 3, 1]),
        ("q=nothing", []),
        ("q=pay&sort=sent_at", [0, 1, 2, 3, 4, 5]),
        ("sender=person1@shop1.example.org", [1]),
        ("sender=PERSON1@SHOP1.example.org", [1]),
        ("sender=@shop1.example.org", [5, 3, 1]),
        ("sender=@example.org", [5, 4, 3, 2, 1, 0]),
        ("sender=@ample.org", []),
        ("sent_after=2023-09-01T09:42:21Z", [5, 4]),
        ("sent_before=2023-09-01T09:40:21Z", [1, 0]),
        ("sent_after=2200-01-01T00:00:00Z", []),
        ("sent_before=2200-01-01T00:00:00Z&q=pay", [5, 4, 3, 2, 1, 0]),
        ("sent_after=2023-09-01T09:39:21Z&sent_before=2023-09-01T09:41:21Z&q=pay", [2, 1]),
        ("is_letter=true&limit=100", [5, 4, 3, 2, 1, 0]),
        ("has_attachment=true", []),
        ("has_copies=false&q=number2", [2]),
    ],
)
async def test_mails_are_found(mail_office: MailOffice, query: str, found: list[int]) -> None:
    ids = await mail_office.file(*(letter(number) for number in range(6)))
    page = (await mail_office.office["lea"].get(f"/api/mail?{query}")).ok()
    assert [ids.index(one["id"]) for one in page["data"]] == found


@DATABASES
async def test_a_search_goes_on_from_page_to_page_and_marks_what_it_found(mail_office: MailOffice) -> None:
    ids = await mail_office.file(*(letter(number) for number in range(7)), letter(9, content="Nothing to see"))
    lea = mail_office.office["lea"]
    found = await lea.all_pages("/api/mail?q=pay+so&limit=2")
    assert [one["id"] for one in found] == ids[6::-1]
    assert "«pay»" in found[0]["snippet"]
    assert "«soon»" in found[0]["snippet"]


@DATABASES
async def test_what_came_as_mime_is_found_by_recipients_and_files(mail_office: MailOffice) -> None:
    (one,) = await mail_office.file(mime("The report"))
    await mail_office.file(letter(1))
    lea = mail_office.office["lea"]
    for query in (
        "recipient=bob@example.org",
        "recipient=BOB@example.org",
        "recipient=@example.net",
        "q=to:carol",
        "q=file:report",
        "has_attachment=true",
        "is_letter=false",
        "attachment_type=application/pdf",
        "attachment_type=application/*",
        "message_id=The.report@example.org",
        "message_id=%3CThe.report@example.org%3E",
        "sender=ann@example.org",
    ):
        page = (await lea.get(f"/api/mail?{query}")).ok()
        assert [mail["id"] for mail in page["data"]] == [one], query
    assert (await lea.get("/api/mail?attachment_type=image/*")).ok()["data"] == []


@DATABASES
async def test_a_mail_is_read_with_everything_that_is_known_of_it(mail_office: MailOffice) -> None:
    (one,) = await mail_office.file(mime("The report"))
    lea = mail_office.office["lea"]
    mail = (await lea.get(f"/api/mail/{one}")).ok()
    assert (mail["subject"], mail["sender_address"], mail["text"].strip()) == ("The report", "ann@example.org", "Hello")
    assert [(to["role"], to["address"]) for to in mail["recipients"]] == [
        ("to", "bob@example.org"),
        ("to", "carol@sub.example.net"),
    ]
    (file,) = mail["files"]
    assert (file["name"], file["media_type"], file["size"]) == ("report.pdf", "application/pdf", 9)
    (arrival,) = mail["arrivals"]
    assert (arrival["door"], arrival["is_copy"]) == ("smtp", False)
    (await lea.get("/api/mail/mail_0")).refused(404, "NOT_FOUND")
    (other,) = await mail_office.file(letter(1, extra={"importance": 5}))
    shown = (await lea.get(f"/api/mail/{other}")).ok()
    assert (shown["extra"], shown["raw_sha256"]) == ({"importance": 5}, None)


async def _raw(desk: Any, path: str) -> tuple[int, bytes, Any]:
    session = desk._session
    headers = {"Authorization": f"Bearer {await desk.badge.token()}"}
    async with session.get(path, headers=headers) as response:
        return response.status, await response.read(), response.headers


async def test_files_are_downloads_and_nothing_a_browser_would_run(mail_office: MailOffice) -> None:
    content = mime("Nasty", file=b"<script>alert(1)</script>", name='x";.html').replace(
        b"application/pdf", b"text/html"
    )
    (one,) = await mail_office.file(content)
    lea = mail_office.office["lea"]
    status, body, headers = await _raw(lea, f"/api/mail/{one}/raw")
    assert (status, body) == (200, content)
    assert headers["Content-Type"] == "application/octet-stream"
    status, body, headers = await _raw(lea, f"/api/mail/{one}/attachments/1")
    assert (status, body) == (200, b"<script>alert(1)</script>")
    assert headers["Content-Type"] == "application/octet-stream"
    assert headers["Content-Disposition"].startswith('attachment; filename="')
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert headers["Cache-Control"] == "private, no-store"
    status, body, headers = await _raw(lea, f"/api/mail/{one}/document")
    assert json.loads(body)["email_subject"] == "Nasty"
    for path in (f"/api/mail/{one}/attachments/2", f"/api/mail/{one}/attachments/x", "/api/mail/mail_0/raw"):
        (await lea.get(path)).refused(404, "NOT_FOUND")
    (plain,) = await mail_office.file(letter(1))
    (await lea.get(f"/api/mail/{plain}/raw")).refused(404, "NOT_FOUND")


async def test_an_object_that_was_damaged_is_told_and_not_delivered(mail_office: MailOffice) -> None:
    (one,) = await mail_office.file(mime("The report"))
    mail = (await mail_office.office["lea"].get(f"/api/mail/{one}")).ok()
    path = mail_office.parts.settings.data_dir / "blobs" / "mail" / "raw" / mail["raw_sha256"][:2]
    (path / f"{mail['raw_sha256']}.eml").write_bytes(b"something else")
    (await mail_office.office["lea"].get(f"/api/mail/{one}/raw")).refused(500, "BLOB_CORRUPT")


@DATABASES
async def test_a_mail_is_replayed_and_archived_anew(mail_office: MailOffice) -> None:
    (one,) = await mail_office.file(mime("The report"))
    (other,) = await mail_office.file(letter(1, extra={"importance": 5}))
    ada, lea = mail_office.office["ada"], mail_office.office["lea"]
    for mail_id in (one, other):
        (await ada.post(f"/api/mail/{mail_id}/replay", None)).ok(202)
        assert await mail_office.work() == [mail_id]
        assert (await lea.get(f"/api/mail/{mail_id}")).ok()["copies"] == 1
    before = (await lea.get(f"/api/mail/{one}")).ok()
    await mail_office.blobs.put(before["key"], b'{"damaged":', "application/json")
    (await ada.post(f"/api/mail/{one}/rearchive", None)).ok(202)
    assert await mail_office.work() == [one]
    after = (await lea.get(f"/api/mail/{one}")).ok()
    volatile = ("sha256",)
    assert {key: value for key, value in after.items() if key not in volatile} == {
        key: value for key, value in before.items() if key not in volatile
    }
    (await ada.post(f"/api/mail/{other}/rearchive", None)).refused(409, "CONFLICT")
    (await ada.post("/api/mail/mail_0/replay", None)).refused(404, "NOT_FOUND")


@DATABASES
async def test_a_mail_is_erased_with_all_that_nobody_else_has(mail_office: MailOffice) -> None:
    first, second = await mail_office.file(mime("The report"), mime("The same file"))
    (third,) = await mail_office.file(letter(1))
    ada = mail_office.office["ada"]
    assert (await ada.delete(f"/api/mail/{first}")).ok() == {"id": first, "objects": "gone"}
    (await ada.get(f"/api/mail/{first}")).refused(404, "NOT_FOUND")
    kept = await mail_office.objects()
    assert len([key for key in kept if key.startswith("mail/attachments/")]) == 1
    assert len([key for key in kept if key.startswith("mail/raw/")]) == 1
    assert len([key for key in kept if key.startswith("emails/")]) == 2
    assert (await ada.get("/api/mail?q=report&has_attachment=true")).ok()["data"] != []
    assert (await ada.get("/api/mail?q=subject:report")).ok()["data"] == []
    for mail_id in (second, third):
        (await ada.delete(f"/api/mail/{mail_id}")).ok()
    left = {key for key in await mail_office.objects() if key.startswith(("mail/", "emails/"))}
    assert left == set()
    (await ada.delete(f"/api/mail/{first}")).refused(404, "NOT_FOUND")
    # It may come again, once nobody can have stored its objects before they were removed.
    await mail_office.office.clock.advance(61)
    assert await mail_office.file(mime("The report")) == [first]


@DATABASES
async def test_a_mail_that_is_held_is_erased_by_nobody(mail_office: MailOffice) -> None:
    (one,) = await mail_office.file(letter(1))
    ada = mail_office.office["ada"]
    (await ada.ask("PUT", f"/api/mail/{one}/hold", {"reason": "A dispute."})).ok(204)
    shown = (await ada.get("/api/mail?held=true")).ok()["data"]
    assert [(mail["id"], mail["held"]["reason"]) for mail in shown] == [(one, "A dispute.")]
    (await ada.delete(f"/api/mail/{one}")).refused(409, "CONFLICT")
    (await ada.delete(f"/api/mail/{one}/hold")).ok(204)
    (await ada.delete(f"/api/mail/{one}")).ok()


@DATABASES
async def test_mails_are_tagged_and_found_by_their_tags(mail_office: MailOffice) -> None:
    one, other = await mail_office.file(letter(1), letter(2))
    lea = mail_office.office["lea"]
    for _ in range(2):
        (await lea.ask("PUT", f"/api/mail/{one}/tags/to%20pay")).ok(204)
    (await lea.ask("PUT", f"/api/mail/{other}/tags/done")).ok(204)
    found = (await lea.get("/api/mail?tag=to%20pay")).ok()["data"]
    assert [(mail["id"], mail["tags"]) for mail in found] == [(one, ["to pay"])]
    (await lea.ask("DELETE", f"/api/mail/{one}/tags/to%20pay")).ok(204)
    assert (await lea.get("/api/mail?tag=to%20pay")).ok()["data"] == []
    (await lea.ask("PUT", f"/api/mail/{one}/tags/{'x' * 51}")).refused(422, "VALIDATION_ERROR")
    (await lea.ask("PUT", "/api/mail/mail_0/tags/x")).refused(404, "NOT_FOUND")


@pytest.mark.parametrize(
    "query",
    [
        "q=",
        "q=%20",
        "q=...",
        f"q={'x' * 2000}",
        "sent_after=yesterday",
        "held=perhaps",
        "sender=",
        "sender=a%0Ab",
        "limit=0",
        "limit=101",
        "sort=subject",
        "unknown=1",
        "attachment_type=pdf",
        "q=a&q=b",
    ],
)
async def test_a_wrong_question_is_refused_by_name(mail_office: MailOffice, query: str) -> None:
    answer = await mail_office.office["lea"].get(f"/api/mail?{query}")
    answer.refused(422, "VALIDATION_ERROR")


HOSTILE = [
    "AND",
    "a OR b",
    'a" OR "b',
    "a*",
    "(a",
    "NEAR(a b)",
    "subject:",
    "'; DROP TABLE mails; --",
    "a:b:c",
    "\ue001pay",
    "-a",
    "NULL",
]


@DATABASES
async def test_nothing_in_a_search_is_syntax(mail_office: MailOffice) -> None:
    await mail_office.file(letter(1))
    lea = mail_office.office["lea"]
    for text in HOSTILE:
        answer = await lea.get("/api/mail?" + "q=" + "".join(f"%{byte:02X}" for byte in text.encode()))
        assert answer.status in (200, 422), (text, answer.body)


PATHS = {
    "/api/mail": "GET",
    "/api/mail/{}": "GET",
    "/api/mail/{}/raw": "GET",
    "/api/mail/{}/document": "GET",
    "/api/mail/{}/attachments/1": "GET",
    "/api/mail/{}/replay": "POST",
    "/api/mail/{}/rearchive": "POST",
    "/api/mail/{}/tags/x": "PUT",
    "/api/mail/{}/hold": "PUT",
}


async def test_members_see_no_mail_and_leads_change_none(mail_office: MailOffice) -> None:
    (one,) = await mail_office.file(mime("Private"))
    for path, method in PATHS.items():
        (await mail_office.office["ann"].ask(method, path.format(one))).refused(403, "FORBIDDEN")
    for path in ("/replay", "/rearchive"):
        (await mail_office.office["lea"].post(f"/api/mail/{one}{path}", None)).refused(403, "FORBIDDEN")
    (await mail_office.office["lea"].delete(f"/api/mail/{one}")).refused(403, "FORBIDDEN")
    (await mail_office.office["otto"].get(f"/api/mail/{one}")).ok()
    (await mail_office.office["otto"].ask("PUT", f"/api/mail/{one}/tags/x")).refused(403, "FORBIDDEN")


@DATABASES
async def test_mails_of_a_person_are_told_to_them_and_erased_with_them(mail_office: MailOffice) -> None:
    office = mail_office.office
    user = office["bob"].user_id
    to_bob, from_ann = mime("For Bob"), letter(1, sender="BOB@example.org")
    kept = letter(2, sender="bob@example.org")
    ids = await mail_office.file(to_bob, from_ann, letter(3), kept)
    (await office["ada"].ask("PUT", f"/api/mail/{ids[3]}/hold", {"reason": "A dispute."})).ok(204)
    export = (await office["bob"].get(f"/api/users/{user}/personal-data")).ok()["data"]["mail"]
    assert {mail["id"] for mail in export["mails"]} == {ids[0], ids[1], ids[3]}
    erased = (await office["ada"].post(f"/api/users/{user}/erasure", None)).ok()
    assert erased["rows"]["mail"] == {"mails": 2}
    left = (await office["ada"].get("/api/mail")).ok()["data"]
    assert {mail["id"] for mail in left} == {ids[2], ids[3]}
    (upkeep,) = next(one for one in office.parts.slices if one.name == "mail").upkeep
    await upkeep()
    assert len([key for key in await mail_office.objects() if key.startswith("emails/")]) == 2
    assert not [key for key in await mail_office.objects() if key.startswith("mail/")]


@DATABASES
async def test_mails_are_exported_as_an_mbox_and_as_a_table(mail_office: MailOffice, tmp_path: Path) -> None:
    content = mime("The report")
    await mail_office.file(content, letter(1), letter(20_000))
    lea = mail_office.office["lea"]
    status, body, headers = await _raw(lea, "/api/mail/export")
    assert (status, headers["Content-Type"]) == (200, "application/mbox")
    assert headers["Content-Disposition"].startswith('attachment; filename="mails-')
    (tmp_path / "mails.mbox").write_bytes(body)
    box = mailbox.mbox(tmp_path / "mails.mbox")
    assert [message["Subject"] for message in box] == ["The report", "Invoice 1", "Invoice 20000"]
    box.close()
    status, body, headers = await _raw(lea, "/api/mail/export?format=parquet&from=2023-09-02&sender=@example.org")
    assert (status, headers["Content-Type"]) == (200, "application/vnd.apache.parquet")
    (tmp_path / "mails.parquet").write_bytes(body)
    assert pl.read_parquet(tmp_path / "mails.parquet")["subject"].to_list() == ["Invoice 20000"]
    status, body, _ = await _raw(lea, "/api/mail/export?to=2000-01-01")
    assert (status, body) == (200, b"")
    status, body, _ = await _raw(lea, "/api/mail/export?from=9999-12-30")
    assert (status, body) == (200, b"")
    for query in ("sender=%00", "format=pdf", "from=yesterday", "to=9999-12-31", "unknown=1"):
        (await lea.get(f"/api/mail/export?{query}")).refused(422, "VALIDATION_ERROR")
    (await mail_office.office["ann"].get("/api/mail/export")).refused(403, "FORBIDDEN")


async def test_a_mail_tells_what_rules_did_with_it(mail_office: MailOffice) -> None:
    office = mail_office.office
    rule = {
        "name": "Money",
        "conditions": [{"kind": "text", "field": "subject", "operator": "contains", "value": "invoice"}],
        "actions": [{"kind": "tag", "tag": "money"}],
    }
    made = (await office["lea"].post("/api/mail/rules", rule)).ok(201)
    (mail_id,) = await mail_office.file(letter(1))
    mail = (await office["lea"].get(f"/api/mail/{mail_id}")).ok()
    assert mail["tags"] == ["money"]
    (told,) = mail["rules"]
    assert (told["rule"], told["actions"]) == (made["id"], ["tag:money"])
