"""Promises of the object store, over a directory, in memory and in a bucket."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import boto3
import pytest

from wipsie.blobs import BlobCorrupt, BlobNotFound, BlobStore
from wipsie.kernel.errors import ConfigurationError, InvalidInput, StorageUnavailable
from wipsie.testing.servers.moto import MotoServer


@pytest.fixture(params=["file", "memory", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> BlobStore:
    if request.param == "s3":
        return bucket_of(request.getfixturevalue("moto_server"))
    return BlobStore(f"file://{tmp_path}/blobs" if request.param == "file" else "memory://")


def bucket_of(server: MotoServer) -> BlobStore:
    """A bucket of its own on a server that speaks S3, made as an operator would make it."""
    keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
    bucket = f"wipsie-{os.urandom(4).hex()}"
    aws: Any = boto3  # it makes its clients at run time: there are no types
    client = aws.client("s3", endpoint_url=server.endpoint_url, region_name="us-east-1", **keys)
    client.create_bucket(Bucket=bucket)
    client.close()
    config = {"endpoint": server.endpoint_url, "region": "us-east-1", **keys}
    return BlobStore(f"s3://{bucket}/inside", timeout_s=10, config=config)


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
