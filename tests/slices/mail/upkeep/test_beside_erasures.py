"""Verifying and indexing while mails are erased: what goes does not come back, and what only shares something with it stays."""

from __future__ import annotations

import pytest
from keepers import Keepers, mail

from wipsie.blobs import Blob, BlobStore
from wipsie.slices.mail.domain.document import CONTENT_TYPE
from wipsie.slices.mail.service.reindexing import MailReindex
from wipsie.slices.mail.store import erasures

DATABASES = pytest.mark.parametrize("database_kind", ["sqlite", "postgresql"], indirect=True)


@DATABASES
async def test_a_mail_that_is_being_erased_does_not_come_back(keepers: Keepers) -> None:
    await keepers.file(mail(1), mail(2))
    await keepers.erase_rows("Report 1")
    for from_scratch in (False, True):
        report = await keepers.reindex(from_scratch=from_scratch)
        assert (report.objects, report.leaving, report.refused) == (2, 1, 0)
        assert len(await keepers.desk.mails()) == 1
    assert (await keepers.verify(repair=True)).found["not_indexed"] == 0
    assert len(await keepers.desk.mails()) == 1


@DATABASES
@pytest.mark.parametrize("far", ["noted", "claimed", "done"])
async def test_mails_that_only_share_a_file_with_one_that_is_erased_are_indexed(keepers: Keepers, far: str) -> None:
    await keepers.file(*(mail(number, attachment=b"the logo") for number in range(1, 5)))
    clock = keepers.desk.clock
    erasure_id = await keepers.erase_rows("Report 1")
    if far == "claimed":
        async with keepers.desk.database.begin() as connection:
            assert await erasures.claim(connection, erasure_id, now_ms=clock.now_ms(), until_ms=clock.now_ms() + 60_000)
    if far == "done":
        assert await keepers.eraser().carry_out(erasure_id)
    await keepers.forget_all()
    leaving = int(far != "done")
    report = await keepers.reindex()
    assert (report.added, report.leaving, report.refused) == (3, leaving, 0)
    report = await keepers.reindex(from_scratch=True)
    assert (report.renewed, report.leaving, report.refused) == (3, leaving, 0)
    assert sorted(one["subject"] for one in await keepers.desk.mails()) == ["Report 2", "Report 3", "Report 4"]


@DATABASES
async def test_an_erasure_that_is_carried_out_while_the_index_is_made_takes_nothing_of_others(keepers: Keepers) -> None:
    await keepers.file(mail(1, attachment=b"a contract"), mail(2, attachment=b"a contract"))
    eraser = keepers.eraser()
    await keepers.erase_rows("Report 1")

    class Swept(BlobStore):
        """The upkeep of a running Wipsie comes at the worst moment: before the first document is read."""

        async def get(self, key: str) -> Blob:
            swept.append(await eraser.sweep())
            return await super().get(key)

    swept: list[int] = []
    blobs = Swept(f"file://{keepers.desk.folder}/blobs")
    report = await MailReindex(keepers.desk.database, blobs).run(from_scratch=True)
    assert sum(swept) == 1
    assert (report.added, report.renewed) == (0, 1)
    assert len(await keepers.keys("mail/attachments")) == 1
    assert (await keepers.verify()).is_well


@DATABASES
async def test_what_verifying_tells_as_mended_is_in_the_index(keepers: Keepers) -> None:
    await keepers.file(*(mail(number, attachment=b"the logo") for number in range(1, 4)))
    key = next(one["object_key"] for one in await keepers.desk.mails() if one["subject"] == "Report 1")
    document = (await keepers.desk.blobs.get(key)).content
    assert await keepers.eraser().carry_out(await keepers.erase_rows("Report 1"))
    # Somebody who had read it before stores it again.
    await keepers.desk.blobs.put(key, document, CONTENT_TYPE)
    await keepers.forget_all()
    report = await keepers.verify(repair=True)
    assert (report.found["not_indexed"], report.mended["not_indexed"], report.is_well) == (2, 2, True)
    assert sorted(one["subject"] for one in await keepers.desk.mails()) == ["Report 2", "Report 3"]
