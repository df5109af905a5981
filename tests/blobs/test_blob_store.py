"""Promises of the object store, over a directory, in memory and in a bucket."""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
from pathlib import Path

import pytest

from wipsie.blobs import BlobCorrupt, BlobNotFound, BlobStore
from wipsie.kernel.errors import ConfigurationError, InvalidInput, StorageUnavailable
from wipsie.testing.servers.moto import MotoServer


@pytest.fixture(params=["file", "memory", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> BlobStore:
    if request.param == "s3":
        server: MotoServer = request.getfixturevalue("moto_server")
        return server.new_bucket("inside")
    return BlobStore(f"file://{tmp_path}/blobs" if request.param == "file" else "memory://")


async def test_what_was_put_comes_back_with_its_digest_and_content_type(store: BlobStore) -> None:
    put = await store.put("polling/a.csv", b"a,b\n1,2\n", "text/csv")
    blob = await store.get("polling/a.csv")
    assert blob.content == b"a,b\n1,2\n"
    assert blob.info == put
    assert put.sha256 == hashlib.sha256(b"a,b\n1,2\n").hexdigest()
    assert blob.info.content_type == "text/csv"


async def test_a_second_put_replaces_the_first(store: BlobStore) -> None:
    await store.put("a", b"first", "text/plain")
    await store.put("a", b"second" * 1_000_000, "text/csv")
    assert (await store.get("a")).content == b"second" * 1_000_000


async def test_a_missing_object_is_not_found(store: BlobStore) -> None:
    assert not await store.exists("nothing/here")
    assert not await store.delete("nothing/here")
    with pytest.raises(BlobNotFound):
        await store.get("nothing/here")


async def test_a_deleted_object_is_gone_and_its_neighbours_stay(store: BlobStore) -> None:
    await store.put("a/b", b"1")
    await store.put("a/b2", b"2")
    assert await store.delete("a/b")
    assert not await store.exists("a/b")
    assert (await store.get("a/b2")).content == b"2"


async def test_an_object_may_be_removed_by_several_at_one_moment(store: BlobStore) -> None:
    for number in range(20):
        await store.put(f"a/{number}", b"1")
        removed = await asyncio.gather(*(store.delete(f"a/{number}") for _ in range(4)))
        assert any(removed)
    assert await store.list() == []


async def test_listing_shows_keys_under_a_prefix_and_nothing_of_the_stores_own(store: BlobStore) -> None:
    for key in ("p/1", "p/2", "q/1"):
        await store.put(key, b"x")
    assert await store.list("p/") == ["p/1", "p/2"]
    assert await store.list() == ["p/1", "p/2", "q/1"]
    assert len(await store.list(limit=2)) == 2


@pytest.mark.parametrize(
    "key", ["", "/a", "a/", "a//b", "../a", "a/../b", ".checksums/a", "a/.b", "a b", "a\\b", "a\0b", "ä", "x" * 513]
)
async def test_keys_that_could_leave_the_store_are_refused(store: BlobStore, key: str) -> None:
    with pytest.raises(InvalidInput):
        await store.put(key, b"x")
    with pytest.raises(InvalidInput):
        await store.get(key)


async def test_changed_bytes_on_the_disk_are_noticed(tmp_path: Path) -> None:
    store = BlobStore(f"file://{tmp_path}/blobs")
    await store.put("a", b"truth")
    (tmp_path / "blobs" / "a").write_bytes(b"lies!")
    with pytest.raises(BlobCorrupt):
        await store.get("a")


async def test_a_store_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    store = BlobStore(f"file://{tmp_path}/file/blobs")
    with pytest.raises(StorageUnavailable) as refusal:
        await store.put("a", b"x")
    assert refusal.value.retry_after_s


@pytest.mark.parametrize("url", ["", "ftp://host/x", "file://relative/path", "s3://", "/plain/path"])
def test_an_unknown_store_is_refused_by_name(url: str) -> None:
    with pytest.raises(ConfigurationError):
        BlobStore(url)


async def test_an_object_is_created_once_and_then_left_alone(store: BlobStore) -> None:
    assert await store.create("a/b", b"first", "text/plain")
    assert not await store.create("a/b", b"second", "text/csv")
    blob = await store.get("a/b")
    assert blob.content == b"first"
    assert blob.info.content_type == "text/plain"


async def test_of_many_who_create_one_object_at_once_one_does(store: BlobStore) -> None:
    made = await asyncio.gather(*(store.create("a", b"%d" % number) for number in range(20)))
    assert made.count(True) == 1
    assert (await store.get("a")).content == b"%d" % made.index(True)


async def test_equal_bytes_are_kept_once_under_their_digest_from_memory_or_from_a_file(
    store: BlobStore, tmp_path: Path
) -> None:
    content = b"0123456789" * 1_500_000
    (tmp_path / "in").write_bytes(content)
    put = await store.put_by_digest(lambda digest: f"by/{digest}", tmp_path / "in", "message/rfc822")
    assert put.key == f"by/{hashlib.sha256(content).hexdigest()}"
    assert await store.put_by_digest(lambda digest: f"by/{digest}", content, "message/rfc822") == put
    assert [entry async for entry in store.walk()] == [(put.key, len(content))]
    assert await store.size(put.key) == len(content)
    assert await store.fetch(put.key, tmp_path / "out") == put
    assert (tmp_path / "out").read_bytes() == content


async def test_a_fetch_that_fails_leaves_no_file(tmp_path: Path) -> None:
    store = BlobStore(f"file://{tmp_path}/blobs")
    with pytest.raises(BlobNotFound):
        await store.fetch("none", tmp_path / "out")
    await store.put("a", b"truth")
    (tmp_path / "blobs" / "a").write_bytes(b"lies!")
    with pytest.raises(BlobCorrupt):
        await store.fetch("a", tmp_path / "out")
    assert not (tmp_path / "out").exists()


async def test_a_folder_that_was_tidied_away_is_made_again(tmp_path: Path) -> None:
    store = BlobStore(f"file://{tmp_path}/blobs")
    await store.put("deep/er/a", b"1")
    shutil.rmtree(tmp_path / "blobs" / "deep")
    shutil.rmtree(tmp_path / "blobs" / ".unfinished")
    await store.put("deep/er/b", b"2")
    assert (await store.get("deep/er/b")).content == b"2"


async def test_a_walk_sees_every_object_with_its_size_and_nothing_of_the_stores_own(store: BlobStore) -> None:
    for number in range(3):
        await store.put(f"p/{number}", b"x" * number)
    await store.put("q/1", b"x")
    assert sorted([entry async for entry in store.walk("p")]) == [("p/0", 0), ("p/1", 1), ("p/2", 2)]
    assert len([entry async for entry in store.walk()]) == 4


async def test_what_a_killed_process_left_half_written_is_no_object_and_goes_after_a_day(tmp_path: Path) -> None:
    left = tmp_path / "blobs" / ".unfinished" / "abc"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"half")
    os.utime(left, (1, 1))
    store = BlobStore(f"file://{tmp_path}/blobs")
    assert await store.list() == []
    assert not left.exists()
