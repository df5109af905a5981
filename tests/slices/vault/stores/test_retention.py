"""What is not needed any more is forgotten: names of files that were refused, and why staff opened reports of somebody who is gone."""

from __future__ import annotations

import pytest

from wipsie.blobs.sealing import KeyRing
from wipsie.database import Database
from wipsie.slices.vault.store import accesses, files
from wipsie.slices.vault.store.files import FileDetails, FileState
from wipsie.slices.vault.store.kept_files import bury_files, of_ids, unwanted_files

DETAILS = FileDetails(
    message_id="wamid.SECRET", media_id="970000000000201", media="document", file_name="Knee of Asha.pdf"
)


@pytest.mark.parametrize(("state", "is_forgotten"), [("refused", True), ("discarded", True), ("saved", False)])
async def test_what_was_not_kept_loses_its_name_once_it_is_old(
    database: Database, ring: KeyRing, state: FileState, is_forgotten: bool
) -> None:
    async with database.begin() as connection:
        await files.note_file(
            connection, ring, "vfl_1", owner="vid_1", phone_number_id="42", details=DETAILS, state=state, now_ms=1_000
        )
        assert await unwanted_files(connection, before_ms=1_000, count_max=10) == []
        old = await unwanted_files(connection, before_ms=1_001, count_max=10)
        assert await bury_files(connection, ring, of_ids(old), now_ms=2_000) == (["vfl_1"] if is_forgotten else [])
        assert await unwanted_files(connection, before_ms=9_000, count_max=10) == []
    async with database.read() as connection:
        file = await files.file_of(connection, ring, "vfl_1")
    assert file is not None
    assert file.details.file_name == (None if is_forgotten else "Knee of Asha.pdf")


async def test_why_reports_were_opened_goes_with_their_owner(database: Database, ring: KeyRing) -> None:
    async with database.begin() as connection:
        for owner in ("vid_1", "vid_2"):
            await accesses.add_access(
                connection, ring, owner=owner, report="rep_1", actor="user:usr_1", reason="They asked.", now_ms=1
            )
        await accesses.forget_accesses(connection, "vid_1")
        assert await accesses.accesses_of(connection, ring, "vid_1", count_max=10) == []
        assert len(await accesses.accesses_of(connection, ring, "vid_2", count_max=10)) == 1
