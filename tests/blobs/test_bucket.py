"""The object store over S3's protocol, against a small server on loopback."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from wipsie.blobs import BlobCorrupt, BlobNotFound, BlobStore
from wipsie.kernel.errors import ConfigurationError, StorageUnavailable


class Bucket:
    """Objects with their headers, as S3 keeps them."""

    def __init__(self) -> None:
        self.objects: dict[str, tuple[bytes, dict[str, str]]] = {}
        self.url = ""

    async def answer(self, request: web.Request) -> web.Response:
        path = request.path
        if request.method == "PUT":
            kept = {
                name: value
                for name, value in request.headers.items()
                if name.lower().startswith("x-amz-meta-") or name.lower() == "content-type"
            }
            self.objects[path] = (await request.read(), kept)
            return web.Response(headers={"ETag": '"1"'})
        if "list-type" in request.query:
            return web.Response(text="<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>")
        if path not in self.objects:
            return web.Response(status=404, text="<Error><Code>NoSuchKey</Code></Error>")
        body, kept = self.objects[path]
        times = {"ETag": '"1"', "Last-Modified": "Sat, 04 Oct 2025 14:06:02 GMT"}
        return web.Response(body=body, headers={**kept, **times})


@pytest.fixture
async def bucket() -> AsyncIterator[Bucket]:
    made = Bucket()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", made.answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield made
    await runner.cleanup()


def open_store(endpoint: str, **config: str) -> BlobStore:
    keys = {"access_key_id": "key", "secret_access_key": "secret", "region": "us-east-1"}
    return BlobStore("s3://reports/wipsie", timeout_s=10, config={"endpoint": endpoint, **keys, **config})


async def test_an_object_travels_through_a_bucket_with_its_digest(bucket: Bucket) -> None:
    store = open_store(bucket.url)
    put = await store.put("polling/a.csv", b"a,b\n", "text/csv")
    assert (await store.get("polling/a.csv")).info == put
    assert await store.exists("polling/a.csv")
    assert list(bucket.objects) == ["/reports/wipsie/polling/a.csv"]
    with pytest.raises(BlobNotFound):
        await store.get("nothing")


async def test_changed_bytes_in_a_bucket_are_noticed(bucket: Bucket) -> None:
    store = open_store(bucket.url)
    await store.put("a", b"truth")
    path, (_, kept) = bucket.objects.popitem()
    bucket.objects[path] = (b"lies!", kept)
    with pytest.raises(BlobCorrupt):
        await store.get("a")


async def test_a_bucket_that_cannot_be_reached_is_unavailable() -> None:
    store = BlobStore(
        "s3://b", timeout_s=1, config={"endpoint": "http://127.0.0.1:1", "access_key_id": "k", "secret_access_key": "s"}
    )
    with pytest.raises(StorageUnavailable):
        await store.put("a", b"x")


async def test_an_unknown_setting_is_a_configuration_error(bucket: Bucket) -> None:
    with pytest.raises(ConfigurationError, match="nonsense"):
        await open_store(bucket.url, nonsense="1").exists("a")
