"""The index is made again from the objects, as it was; and what only it knows is kept, or told before it is lost."""

from __future__ import annotations

import pytest
from keepers import LETTER, TABLES, Keepers, mail
from sqlalchemy import insert, text, update

from wipsie.blobs import BlobStore
from wipsie.kernel import json
from wipsie.slices.mail.domain.document import CONTENT_TYPE
from wipsie.slices.mail.domain.letter import Letter
from wipsie.slices.mail.service.reindexing import MailReindex
from wipsie.slices.mail.store import renewal
from wipsie.slices.mail.store.census import IndexedDocument
from wipsie.slices.mail.store.renewal import Losses
from wipsie.slices.mail.store.tables import (
    arrivals_table,
    attachments_table,
    mails_table,
    recipients_table,
    tags_table,
    words_table,
)

DATABASES = pytest.mark.parametrize("database_kind", ["sqlite", "postgresql"], indirect=True)
MAILS: list[bytes | Letter] = [
    LETTER,
    mail(1),
    mail(2, attachment=b"x" * 100),
    mail(3, attachment=b"x" * 100),
    mail(4, body="W\u00f6rter \u2013 words"),
]


async def found_by_words(keepers: Keepers, word: str) -> int:
    """How many mails the index of words gives."""
    if keepers.desk.database.dialect == "sqlite":
        statement = "SELECT count(*) FROM mail_words_index WHERE mail_words_index MATCH :word"
        word = f'"{word}"'
    else:
        vector = "array_to_tsvector(string_to_array(words, ' '))"
        statement = f"SELECT count(*) FROM mail_words WHERE {vector} @@ CAST(:word AS tsquery)"  # noqa: S608  no input
    async with keepers.desk.database.read() as connection:
        return (await connection.execute(text(statement), {"word": word})).scalar_one()


@DATABASES
async def test_an_index_that_was_lost_is_made_again_as_it_was(keepers: Keepers) -> None:
    await keepers.file(*MAILS)
    before = await keepers.rows()
    hits = await found_by_words(keepers, "hello")
    assert hits == 3
    await keepers.forget_all()
    report = await keepers.reindex()
    assert (report.objects, report.added, report.renewed, report.refused) == (5, 5, 0, 0)
    after = await keepers.rows()
    # The message that brought a mail is not in the objects, and a letter does not say when it came.
    arrivals = [(before.pop("mail_arrivals"), after.pop("mail_arrivals"))]
    assert after == before
    for was, is_now in arrivals:
        assert [one["mail"] for one in is_now] == [one["mail"] for one in was]
        assert all(one["message_id"].startswith("rebuilt-") and not one["is_copy"] for one in is_now)
        told = [
            [
                {name: value for name, value in one.items() if name != "message_id"}
                for one in rows
                if one["door"] == "smtp"
            ]
            for rows in (was, is_now)
        ]
        assert told[0] == told[1]
        assert len(told[0]) == 4
    assert await found_by_words(keepers, "hello") == hits
    assert (await keepers.verify()).is_well


@DATABASES
async def test_an_index_made_from_scratch_keeps_what_only_it_knows(keepers: Keepers) -> None:
    await keepers.file(*MAILS)
    await keepers.file(mail(1))
    database = keepers.desk.database
    async with database.begin() as connection:
        # Archived long ago: the time mails are kept for goes on.
        await connection.execute(update(mails_table).values(indexed_at_ms=1, held_by="ann", held_reason="a case"))
        for one in await keepers.desk.mails():
            await connection.execute(insert(tags_table).values(mail=one["number"], tag="work", tagged_by="ann"))
    right = await keepers.rows(*TABLES, tags_table)
    async with database.begin() as connection:
        await connection.execute(update(mails_table).values(subject="changed"))
        await connection.execute(update(recipients_table).values(address="eve@example.org"))
    report = await keepers.reindex(from_scratch=True)
    assert (report.objects, report.added, report.renewed, report.refused) == (5, 0, 5, 0)
    assert report.lost == Losses()
    assert await keepers.rows(*TABLES, tags_table) == right
    assert {one["indexed_at_ms"] for one in await keepers.desk.mails()} == {1}
    assert await found_by_words(keepers, "hello") == 3
    assert (await keepers.reindex(from_scratch=True)).renewed == 5
    assert (await keepers.verify()).is_well


@DATABASES
async def test_what_is_missing_or_differs_is_mended_and_the_rest_and_what_people_put_there_stays(
    keepers: Keepers,
) -> None:
    await keepers.file(*MAILS)
    await keepers.file(mail(1))
    numbers = {one["subject"]: one["number"] for one in await keepers.desk.mails()}
    database = keepers.desk.database
    async with database.begin() as connection:
        for number in numbers.values():
            await connection.execute(insert(tags_table).values(mail=number, tag="work", tagged_by="ann"))
        held = update(mails_table).where(mails_table.c.number == numbers["Report 1"])
        await connection.execute(held.values(held_by="ann", held_reason="a case"))
    right = await keepers.rows()
    async with database.begin() as connection:
        for table, column, subject, values in (
            (mails_table, mails_table.c.number, "Report 1", {"subject": "changed", "sha256": "0"}),
            (recipients_table, recipients_table.c.mail, "Report 2", {"address": "eve@example.org"}),
            (attachments_table, attachments_table.c.mail, "Report 3", {"size": 5}),
        ):
            await connection.execute(update(table).where(column == numbers[subject]).values(**values))
        await connection.execute(words_table.delete().where(words_table.c.number == numbers["Report 4"]))
    report = await keepers.reindex()
    assert (report.objects, report.added, report.renewed, report.unchanged) == (5, 0, 4, 1)
    assert await keepers.rows() == right
    async with database.begin() as connection:
        await connection.execute(mails_table.delete().where(mails_table.c.number == numbers["Report 4"]))
        for table, column in ((words_table, words_table.c.number), (recipients_table, recipients_table.c.mail)):
            await connection.execute(table.delete().where(column == numbers["Report 4"]))
        await connection.execute(arrivals_table.delete().where(arrivals_table.c.mail == numbers["Report 4"]))
    report = await keepers.reindex()
    assert (report.added, report.renewed, report.unchanged) == (1, 0, 4)
    assert await keepers.rows(mails_table, words_table) == {name: right[name] for name in ("mails", "mail_words")}
    assert await found_by_words(keepers, "hello") == 3


@DATABASES
async def test_mails_without_documents_leave_an_index_made_from_scratch_and_what_goes_with_them_is_told(
    keepers: Keepers,
) -> None:
    await keepers.file(mail(1), mail(1), mail(1), mail(2), mail(3), mail(30))
    rows = {one["subject"]: one for one in await keepers.desk.mails()}
    gone, held = rows["Report 1"], rows["Report 2"]
    async with keepers.desk.database.begin() as connection:
        for number in (gone["number"], rows["Report 3"]["number"]):
            await connection.execute(insert(tags_table).values(mail=number, tag="a", tagged_by="ann"))
        await connection.execute(update(mails_table).where(mails_table.c.id == held["id"]).values(held_by="ann"))
        # Of a mail that is not there: it would stand in the way of one that comes.
        await connection.execute(insert(words_table).values(number=5, words="orphan", text=""))
    for one in (gone, held):
        assert await keepers.desk.blobs.delete(one["object_key"])
    reindex = MailReindex(keepers.desk.database, keepers.desk.blobs)
    losses = await reindex.losses()
    assert losses == Losses(mails=1, arrivals=3, tags=1)
    assert (await keepers.reindex()).lost is None
    assert len(await keepers.desk.mails()) == 4
    report = await keepers.reindex(from_scratch=True)
    assert (report.lost, report.objects, report.renewed) == (losses, 2, 2)
    # What is held stays, whatever is left of it.
    left = await keepers.rows(mails_table, tags_table, words_table)
    assert [one["subject"] for one in left["mails"]] == ["Report 2", "Report 30", "Report 3"]
    assert [one["mail"] for one in left["mail_tags"]] == [rows["Report 3"]["number"]]
    assert len(left["mail_words"]) == 3


@DATABASES
async def test_a_mail_that_was_archived_again_since_it_was_looked_at_stays(keepers: Keepers) -> None:
    await keepers.file(mail(1))
    (row,) = await keepers.desk.mails()
    looked_at = IndexedDocument(row["number"], row["object_key"], row["indexed_at_ms"] - 1)
    async with keepers.desk.database.begin() as connection:
        assert await renewal.forget(connection, [looked_at]) == Losses()
    assert len(await keepers.desk.mails()) == 1


NOT_MAILS: dict[str, tuple[str, bytes, str]] = {
    "no JSON": ("emails/2023/09/01/email-1693561101-{0}.json", b"hello", "it is no JSON"),
    "a list": ("emails/2023/09/01/email-1693561101-{0}.json", b"[1]", "it is no JSON object"),
    "deep": ("emails/2023/09/01/email-1693561101-{0}.json", b"[" * 100_000, "it is no JSON"),
    "a half of a character": (
        "emails/2023/09/01/email-1693561101-{0}.json",
        b'{"email_subject": "\\ud800"}',
        "it is no JSON",
    ),
    "another name": ("emails/2023/09/01/readme.txt", b"{}", "no mail has this key"),
    "another day": ("emails/2023/09/02/email-1693561101-{0}.json", b"{}", "no mail has this key"),
    "no such day": ("emails/2023/99/99/email-1693561101-{0}.json", b"{}", "no mail has this key"),
    "another mail": (
        "emails/2023/09/01/email-1693561101-{0}.json",
        b'{"email_subject": "a", "email_sender": "b", "email_timestamp": "1693561101", "email_content": "c"}',
        "its key is that of another mail",
    ),
    "a mail of somebody else": (
        "emails/2023/09/01/email-1693561101-{0}.json",
        b'{"email_subject": "a", "email_sender": "b", "email_timestamp": "1", "email_content": "c", "email_mime": 5}',
        "its member email_mime is not ours",
    ),
}


@pytest.mark.parametrize("case", NOT_MAILS)
async def test_an_object_that_is_no_mail_is_told_and_the_others_are_indexed(keepers: Keepers, case: str) -> None:
    await keepers.file(LETTER, mail(1))
    key, content, reason = NOT_MAILS[case]
    key = key.format("f" * 32)
    await keepers.desk.blobs.put(key, content, CONTENT_TYPE)
    report = await keepers.reindex(from_scratch=True)
    assert (report.objects, report.renewed, report.refused) == (3, 2, 1)
    (refusal,) = report.refusals
    assert (refusal.key, reason in refusal.reason) == (key, True)
    (finding,) = (await keepers.verify()).findings
    assert (finding.kind, finding.key, reason in finding.detail) == ("not_a_mail", key, True)


@DATABASES
async def test_a_document_the_database_does_not_take_is_told_alone(keepers: Keepers) -> None:
    await keepers.file(mail(1), mail(2), mail(3))
    key = (await keepers.keys("emails"))[1]
    document = json.decode((await keepers.desk.blobs.get(key)).content)
    file = {"number": 1, "name": "x", "media_type": "x/y", "size": 2**63, "sha256": "0" * 64}
    document["email_mime"]["attachments"] = [file]
    await keepers.desk.blobs.put(key, json.encode(document) + b"\n", CONTENT_TYPE)
    await keepers.forget_all()
    report = await keepers.reindex()
    assert (report.objects, report.added, report.refused) == (3, 2, 1)
    assert report.refusals[0].key == key
    assert report.refusals[0].reason.startswith("the index does not take it")
    verified = await keepers.verify(repair=True)
    assert (verified.found["not_indexed"], verified.mended["not_indexed"], verified.is_well) == (1, 0, False)


async def test_an_object_whose_bytes_changed_is_told(keepers: Keepers) -> None:
    await keepers.file(LETTER)
    (key,) = await keepers.keys("emails")
    path = keepers.path(key)
    path.write_bytes(path.read_bytes().replace(b"Happy", b"Happx"))
    report = await keepers.reindex()
    assert [one.reason for one in report.refusals] == ["its bytes are not those that were stored"]


async def test_many_mails_are_indexed_in_several_commits_with_progress(keepers: Keepers) -> None:
    await keepers.file(*(mail(number) for number in range(150)))
    told: list[tuple[int, int | None]] = []
    reindex = MailReindex(keepers.desk.database, BlobStore(f"file://{keepers.desk.folder}/blobs"))
    report = await reindex.run(from_scratch=True, on_progress=lambda done, of: told.append((done, of)))
    assert report.renewed == 150
    assert told == [(128, 150), (150, 150)]
