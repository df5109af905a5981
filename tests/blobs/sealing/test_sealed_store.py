"""Promises of the sealed store, over a directory, in memory and in a bucket."""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sealed_form import CHUNK, KEK, OLD_KEK, content_of, read_object, unwrap

from wipsie.blobs import BlobCorrupt, BlobNotFound, BlobStore, BlobTooLarge
from wipsie.blobs.sealing import (
    GivenKeys,
    KeyFile,
    KeyHolder,
    KeyMissing,
    KeyRing,
    SealBroken,
    Sealed,
    SealedInfo,
    SealedStore,
)
from wipsie.blobs.sealing.sealed_store import IN_MEMORY_BYTES_MAX
from wipsie.kernel.errors import InvalidInput, StorageUnavailable
from wipsie.testing.clock import FakeClock

LARGE = IN_MEMORY_BYTES_MAX + 3 * CHUNK + 7
"""Goes through the work folder."""
SIZES = [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK + 5, IN_MEMORY_BYTES_MAX, LARGE]

pytestmark = pytest.mark.usefixtures("leaves_nothing_behind")


@pytest.mark.parametrize("size", SIZES)
async def test_content_comes_back_in_every_way_there_is(sealed: SealedStore, tmp_path: Path, size: int) -> None:
    content = content_of(size)
    (tmp_path / "in").write_bytes(content)
    for number, given in enumerate((content, tmp_path / "in")):
        put = await sealed.put("staging/a", "rep_1", given)
        assert put.info.size == size
        assert await sealed.get("staging/a", "rep_1", put.wrapped) == content
        out = tmp_path / f"out{number}"
        assert await sealed.fetch("staging/a", "rep_1", put.wrapped, out) == size
        assert out.read_bytes() == content
        async with sealed.opened("staging/a", "rep_1", put.wrapped) as opened:
            assert opened.size == size
            assert b"".join([piece async for piece in opened.pieces()]) == content
            assert b"".join([piece async for piece in opened.pieces()]) == content, "a second time"
        assert await sealed.verify("staging/a", "rep_1", put.wrapped) == put.info
    assert not _left(tmp_path / "work")


@pytest.mark.parametrize("size", [0, 1, CHUNK, 3 * CHUNK + 5, LARGE])
async def test_content_that_is_made_piece_by_piece_comes_back(sealed: SealedStore, tmp_path: Path, size: int) -> None:
    put = await sealed.put_pieces("exports/a", "exp_1", _pieces(content_of(size)))
    assert put.info.size == size
    assert await sealed.get("exports/a", "exp_1", put.wrapped) == content_of(size)
    assert await sealed.verify("exports/a", "exp_1", put.wrapped) == put.info
    assert not _left(tmp_path / "work")


async def test_pieces_that_end_in_an_error_leave_nothing(sealed: SealedStore, blobs: BlobStore, tmp_path: Path) -> None:
    with pytest.raises(LookupError, match="no more"):
        await sealed.put_pieces("exports/a", "exp_1", _pieces(content_of(CHUNK), LookupError("no more")))
    assert await blobs.list() == []
    assert not _left(tmp_path / "work")


async def _pieces(content: bytes, error: Exception | None = None) -> AsyncIterator[bytes]:
    """Of all sizes, empty ones among them."""
    at, size = 0, 0
    while at < len(content):
        yield content[at : at + size]
        at, size = at + size, size * 3 % 700_001 + 1
    if error is not None:
        raise error


async def test_the_store_has_no_byte_of_the_content(sealed: SealedStore, blobs: BlobStore) -> None:
    content = b"Patient Canary, born 1 January 1970. " * 3_000
    put = await sealed.put("staging/a", "rep_1", content)
    stored = (await blobs.get("staging/a")).content
    assert b"Canary" not in stored
    assert b"rep_1" not in stored
    assert (await blobs.get("staging/a")).info.content_type == "application/octet-stream"
    assert read_object(unwrap(KEK, "rep_1", put.wrapped.encode()), "rep_1", stored) == content
    assert put.info.sealed_size == len(stored)


async def test_sealed_bytes_move_from_staging_to_the_vault_as_they_are(
    sealed: SealedStore, blobs: BlobStore, tmp_path: Path
) -> None:
    for size in (5, LARGE):
        put = await sealed.put("staging/a", "rep_1", content_of(size))
        copied = await sealed.copy("staging/a", "vault/own_1/2026/rep_1")
        assert copied.sha256 == put.info.sealed_sha256
        assert await sealed.copy("staging/a", "vault/own_1/2026/rep_1") == copied, "done again after a crash"
        assert await sealed.delete("staging/a")
        assert not await sealed.delete("staging/a")
        assert await sealed.get("vault/own_1/2026/rep_1", "rep_1", put.wrapped) == content_of(size)
        assert await blobs.list() == ["vault/own_1/2026/rep_1"]
    assert not _left(tmp_path / "work")


async def test_an_object_that_is_not_there_is_not_found(sealed: SealedStore, tmp_path: Path) -> None:
    put = await sealed.put("a", "rep_1", b"x")
    with pytest.raises(BlobNotFound):
        await sealed.get("b", "rep_1", put.wrapped)
    with pytest.raises(BlobNotFound):
        await sealed.fetch("b", "rep_1", put.wrapped, tmp_path / "out")
    with pytest.raises(BlobNotFound):
        await sealed.copy("b", "c")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("size", [3, LARGE])
async def test_whatever_was_done_to_stored_bytes_is_found_and_leaves_no_file(
    sealed: SealedStore, blobs: BlobStore, tmp_path: Path, size: int
) -> None:
    """By somebody who may write to the store, and so writes the checksum that belongs to the bytes."""
    put = await sealed.put("a", "rep_1", content_of(size))
    whole = (await blobs.get("a")).content
    other = await sealed.put("b", "rep_2", content_of(size))
    assert other.info.sealed_size == put.info.sealed_size
    middle = len(whole) // 2
    chunk = CHUNK + 16
    changes = {
        "flipped": whole[:middle] + bytes((whole[middle] ^ 1,)) + whole[middle + 1 :],
        "cut": whole[:-1],
        "longer": whole + b"\x00",
        "empty": b"",
        "swapped object": (await blobs.get("b")).content,
    }
    if size > 2 * CHUNK:
        changes["cut at a chunk"] = whole[: 16 + chunk]
        changes["swapped chunks"] = (
            whole[:16] + whole[16 + chunk : 16 + 2 * chunk] + whole[16 : 16 + chunk] + whole[16 + 2 * chunk :]
        )
        assert len(changes["swapped chunks"]) == len(whole)
    for name, changed in changes.items():
        await blobs.put("a", changed)
        await _assert_broken(sealed, "a", put, tmp_path / "out", SealBroken, name)
    await blobs.put("a", whole)
    assert await sealed.get("a", "rep_1", put.wrapped) == content_of(size)
    assert not _left(tmp_path / "work")


async def test_wrapped_keys_that_were_swapped_are_found(sealed: SealedStore) -> None:
    one = await sealed.put("a", "rep_1", b"one")
    two = await sealed.put("b", "rep_2", b"two")
    with pytest.raises(BlobCorrupt):
        await sealed.get("a", "rep_1", two.wrapped)
    with pytest.raises(BlobCorrupt):
        await sealed.get("b", "rep_1", one.wrapped)
    with pytest.raises(BlobCorrupt):
        await sealed.get("a", "rep_2", two.wrapped)


async def test_bytes_that_rotted_on_the_disk_are_found(tmp_path: Path, holder: KeyHolder) -> None:
    sealed = SealedStore(BlobStore(f"file://{tmp_path}/blobs"), holder, work_dir=tmp_path / "work")
    put = await sealed.put("a", "rep_1", content_of(LARGE))
    path = tmp_path / "blobs" / "a"
    path.write_bytes(path.read_bytes()[:-1] + b"\x00")
    await _assert_broken(sealed, "a", put, tmp_path / "out", BlobCorrupt, "rotten")


async def test_a_second_put_has_a_key_of_its_own(sealed: SealedStore) -> None:
    first = await sealed.put("a", "rep_1", b"first")
    second = await sealed.put("a", "rep_1", b"second")
    assert await sealed.get("a", "rep_1", second.wrapped) == b"second"
    with pytest.raises(SealBroken):
        await sealed.get("a", "rep_1", first.wrapped)


async def test_objects_are_readable_while_keys_rotate_and_after(blobs: BlobStore, tmp_path: Path) -> None:
    file = KeyFile(tmp_path / "keys")
    clock = FakeClock()
    ours, theirs = (SealedStore(blobs, KeyHolder(file, clock), work_dir=tmp_path / "work") for _ in range(2))
    old = await theirs.put("old", "rep_old", b"old")
    assert await ours.get("old", "rep_old", old.wrapped) == b"old"
    new_id = await file.add()
    # A process that starts now uses the new key; one that runs finds it when it meets it.
    fresh = SealedStore(blobs, KeyHolder(file, clock), work_dir=tmp_path / "work")
    new = await fresh.put("new", "rep_new", b"new")
    assert new.wrapped.kek_id == new_id
    await clock.advance(2.0)
    assert await ours.get("new", "rep_new", new.wrapped) == b"new"
    rewrapped = (await file.load()).rewrap(old.wrapped, "rep_old")
    await file.remove(old.wrapped.kek_id)
    after = SealedStore(blobs, KeyHolder(file, clock), work_dir=tmp_path / "work")
    assert await after.get("old", "rep_old", rewrapped) == b"old"
    with pytest.raises(KeyMissing):
        await after.get("old", "rep_old", old.wrapped)


async def test_without_a_key_nothing_is_stored_and_what_needs_none_goes_on(blobs: BlobStore, tmp_path: Path) -> None:
    store = SealedStore(blobs, KeyHolder(GivenKeys([KEK]), FakeClock()), work_dir=tmp_path / "work")
    put = await store.put("staging/a", "rep_1", b"x")
    standing_by = SealedStore(blobs, KeyHolder(GivenKeys([]), FakeClock()), work_dir=tmp_path / "work")
    (tmp_path / "in").write_bytes(content_of(LARGE))
    for content in (b"y", tmp_path / "in"):
        with pytest.raises(KeyMissing):
            await standing_by.put("staging/b", "rep_2", content)
    with pytest.raises(KeyMissing):
        await standing_by.get("staging/a", "rep_1", put.wrapped)
    await standing_by.copy("staging/a", "vault/a")
    assert await standing_by.delete("staging/a")
    assert await blobs.list() == ["vault/a"]
    assert await store.get("vault/a", "rep_1", put.wrapped) == b"x"


async def test_a_key_that_is_another_is_missing_and_not_broken(
    blobs: BlobStore, tmp_path: Path, holder: KeyHolder
) -> None:
    put = await SealedStore(blobs, holder, work_dir=tmp_path / "work").put("a", "rep_1", b"x")
    other = SealedStore(blobs, KeyHolder(GivenKeys([OLD_KEK]), FakeClock()), work_dir=tmp_path / "work")
    with pytest.raises(KeyMissing) as refusal:
        await other.get("a", "rep_1", put.wrapped)
    assert refusal.value.kek_id == KeyRing([KEK]).active


async def test_what_is_larger_than_is_taken_is_refused_before_it_is_read(
    sealed: SealedStore, blobs: BlobStore, tmp_path: Path
) -> None:
    put = await sealed.put("a", "rep_1", content_of(CHUNK))
    assert len(await sealed.get("a", "rep_1", put.wrapped, bytes_max=CHUNK)) == CHUNK
    # Somebody who may write to the store made it huge.
    await blobs.put("a", bytes(LARGE))
    with pytest.raises(BlobTooLarge):
        await sealed.get("a", "rep_1", put.wrapped, bytes_max=CHUNK)
    with pytest.raises(BlobTooLarge):
        await sealed.fetch("a", "rep_1", put.wrapped, tmp_path / "out", bytes_max=CHUNK)
    with pytest.raises(BlobTooLarge):
        async with sealed.opened("a", "rep_1", put.wrapped, bytes_max=CHUNK):
            pass
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("key", ["", "/a", "../a", "a b"])
async def test_a_key_that_could_leave_the_store_is_refused(sealed: SealedStore, key: str) -> None:
    put = await sealed.put("a", "rep_1", b"x")
    with pytest.raises(InvalidInput):
        await sealed.put(key, "rep_1", b"x")
    with pytest.raises(InvalidInput):
        await sealed.get(key, "rep_1", put.wrapped)
    with pytest.raises(InvalidInput):
        await sealed.copy("a", key)
    with pytest.raises(InvalidInput):
        await sealed.put("a", "", b"x")


async def test_a_fetched_file_is_for_its_owner_alone_and_replaces_none(sealed: SealedStore, tmp_path: Path) -> None:
    put = await sealed.put("a", "rep_1", b"new")
    await sealed.fetch("a", "rep_1", put.wrapped, tmp_path / "out")
    assert stat.S_IMODE((tmp_path / "out").stat().st_mode) == 0o600
    (tmp_path / "there").write_bytes(b"old")
    with pytest.raises(StorageUnavailable):
        await sealed.fetch("a", "rep_1", put.wrapped, tmp_path / "there")
    assert (tmp_path / "there").read_bytes() == b"old"


async def test_a_work_folder_that_cannot_be_written_is_the_stores_fault(tmp_path: Path, holder: KeyHolder) -> None:
    (tmp_path / "work").write_text("in the way")
    (tmp_path / "in").write_bytes(content_of(LARGE))
    blobs = BlobStore("memory://")
    sealed = SealedStore(blobs, holder, work_dir=tmp_path / "work")
    with pytest.raises(StorageUnavailable) as refusal:
        await sealed.put("a", "rep_1", tmp_path / "in")
    assert refusal.value.retry_after_s
    with pytest.raises(StorageUnavailable):
        await sealed.put("a", "rep_1", tmp_path / "nothing")
    assert await blobs.list() == []


async def test_an_error_of_whoever_sends_content_on_is_their_own(sealed: SealedStore, tmp_path: Path) -> None:
    put = await sealed.put("a", "rep_1", content_of(LARGE))

    async def send_on() -> None:
        async with sealed.opened("a", "rep_1", put.wrapped) as opened:
            async for _ in opened.pieces():
                raise ConnectionResetError("the visitor left")

    with pytest.raises(ConnectionResetError):
        await send_on()
    assert not _left(tmp_path / "work")


async def test_nothing_readable_lies_in_the_work_folder_while_content_is_sent(
    sealed: SealedStore, tmp_path: Path
) -> None:
    content = b"Canary " * (LARGE // 7)
    put = await sealed.put("a", "rep_1", content)
    async with sealed.opened("a", "rep_1", put.wrapped) as opened:
        async for _ in opened.pieces():
            files = list((tmp_path / "work").iterdir())
            assert files
            assert all(b"Canary" not in file.read_bytes() for file in files)
            break


async def test_what_is_cancelled_leaves_no_file_and_no_thread(tmp_path: Path, holder: KeyHolder) -> None:
    blobs = BlobStore("memory://")
    sealed = SealedStore(blobs, holder, work_dir=tmp_path / "work")
    (tmp_path / "in").write_bytes(content_of(5 * LARGE))
    put = await sealed.put("a", "rep_1", tmp_path / "in")
    for turns in (0, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144):
        for start in (
            lambda: sealed.put("b", "rep_2", tmp_path / "in"),
            lambda: sealed.put_pieces("c", "rep_3", _pieces(content_of(5 * LARGE))),
            lambda: sealed.fetch("a", "rep_1", put.wrapped, tmp_path / "out"),
            lambda: sealed.verify("a", "rep_1", put.wrapped),
        ):
            task = asyncio.ensure_future(start())
            for _ in range(turns):
                await asyncio.sleep(0)
            task.cancel()
            outcome = (await asyncio.gather(task, return_exceptions=True))[0]
            done = isinstance(outcome, (Sealed, SealedInfo, int))
            assert done or isinstance(outcome, asyncio.CancelledError)
            assert (tmp_path / "out").exists() == isinstance(outcome, int)
            (tmp_path / "out").unlink(missing_ok=True)
            assert not _left(tmp_path / "work")


async def test_sealed_files_of_a_killed_process_go_after_a_day_and_others_stay(
    tmp_path: Path, holder: KeyHolder
) -> None:
    work = tmp_path / "work"
    work.mkdir()
    for name, at_s in (("sealed-old", 1), ("sealed-new", None), ("foreign", 1)):
        (work / name).write_bytes(b"x")
        if at_s is not None:
            os.utime(work / name, (at_s, at_s))
    sealed = SealedStore(BlobStore("memory://"), holder, work_dir=work)
    (tmp_path / "in").write_bytes(content_of(LARGE))
    await sealed.put("a", "rep_1", tmp_path / "in")
    assert _left(work) == ["foreign", "sealed-new"]


async def _assert_broken(
    sealed: SealedStore, key: str, put: Sealed, out: Path, error: type[Exception], name: str
) -> None:
    info = put.info
    with pytest.raises(error):
        await sealed.get(key, info.object_id, put.wrapped)
    with pytest.raises(error):
        await sealed.fetch(key, info.object_id, put.wrapped, out)
    with pytest.raises(error):
        await sealed.verify(key, info.object_id, put.wrapped)
    with pytest.raises(error):
        async with sealed.opened(key, info.object_id, put.wrapped):
            pytest.fail(f"nothing of it is given out: {name}")
    assert out.name not in _left(out.parent), name


def _left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []
