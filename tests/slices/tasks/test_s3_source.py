"""Objects of S3 as sources; a moto server is the S3."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from typing import Any

import boto3
import pytest

from wipsie.slices.tasks.gateways.http_errors import HttpRefused, HttpUnreachable
from wipsie.slices.tasks.gateways.s3_source import S3Source
from wipsie.testing.servers import MotoServer

KEYS = {"access_key_id": "testing", "secret_access_key": "testing"}


class Bucket:
    """A bucket that keeps versions, filled by somebody else."""

    def __init__(self, endpoint_url: str) -> None:
        self.name = f"b-{os.urandom(4).hex()}"
        aws: Any = boto3  # it makes its clients at run time: there are no types
        keys = {f"aws_{name}": value for name, value in KEYS.items()}
        self._client = aws.client("s3", endpoint_url=endpoint_url, region_name="us-east-1", **keys)
        self._client.create_bucket(Bucket=self.name)
        self._client.put_bucket_versioning(Bucket=self.name, VersioningConfiguration={"Status": "Enabled"})

    def put(self, key: str, content: bytes) -> str:
        """Store an object; its version."""
        answer = self._client.put_object(Bucket=self.name, Key=key, Body=content, ContentType="text/csv")
        return str(answer["VersionId"])

    def close(self) -> None:
        self._client.close()


@pytest.fixture
async def bucket(moto_server: MotoServer) -> AsyncIterator[Bucket]:
    bucket = await asyncio.to_thread(Bucket, moto_server.endpoint_url)
    yield bucket
    bucket.close()


def source_of(bucket: str, endpoint_url: str, *, body_bytes_max: int = 1000, total_timeout_s: float = 20.0) -> S3Source:
    config = {"endpoint": endpoint_url, "region": "us-east-1", **KEYS}
    return S3Source(
        buckets=frozenset([bucket]), config=config, total_timeout_s=total_timeout_s, body_bytes_max=body_bytes_max
    )


async def test_an_object_is_answered_as_a_web_server_would(bucket: Bucket, moto_server: MotoServer) -> None:
    await asyncio.to_thread(bucket.put, "in/a b+ü.csv", b"a\n1\n")
    source = source_of(bucket.name, moto_server.endpoint_url)
    url = f"s3://{bucket.name}/in/a%20b%2B%C3%BC.csv"
    answer = await source.get(url, {})
    assert (answer.status, answer.content, answer.content_type, answer.url) == (200, b"a\n1\n", "text/csv", url)
    again = await source.get(url, {"If-None-Match": answer.headers["etag"]})
    assert again.status == 304
    assert (await source.get(f"s3://{bucket.name}/nothing", {})).status == 404


async def test_a_version_is_that_version(bucket: Bucket, moto_server: MotoServer) -> None:
    first = await asyncio.to_thread(bucket.put, "a.csv", b"first")
    await asyncio.to_thread(bucket.put, "a.csv", b"second")
    source = source_of(bucket.name, moto_server.endpoint_url)
    assert (await source.get(f"s3://{bucket.name}/a.csv", {})).content == b"second"
    assert (await source.get(f"s3://{bucket.name}/a.csv?versionId={first}", {})).content == b"first"


async def test_what_is_too_large_is_refused_before_it_is_read(bucket: Bucket, moto_server: MotoServer) -> None:
    await asyncio.to_thread(bucket.put, "a.csv", b"x" * 1001)
    with pytest.raises(HttpRefused, match="more than 1000 bytes"):
        await source_of(bucket.name, moto_server.endpoint_url).get(f"s3://{bucket.name}/a.csv", {})


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("s3://other/a.csv", "ADDRESS_REFUSED"),
        ("s3://", "URL_INVALID"),
        ("s3://mine", "URL_INVALID"),
        ("s3://mine/", "URL_INVALID"),
        ("s3://mine/a.csv?acl=1", "URL_INVALID"),
        ("s3://mine/a.csv#part", "URL_INVALID"),
        ("s3://user@mine/a.csv", "ADDRESS_REFUSED"),
    ],
)
async def test_only_objects_of_named_buckets_are_read(url: str, code: str) -> None:
    with pytest.raises(HttpRefused) as refused:
        await source_of("mine", "http://127.0.0.1:9").get(url, {})
    assert refused.value.code == code


@pytest.mark.slow
async def test_a_store_that_is_away_is_tried_again_later(port: int) -> None:
    source = source_of("mine", f"http://127.0.0.1:{port}", total_timeout_s=1.0)
    with pytest.raises(HttpUnreachable):
        await source.get("s3://mine/a.csv", {})
