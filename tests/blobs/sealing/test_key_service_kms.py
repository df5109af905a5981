"""The contract of key services is one that AWS KMS keeps: a few lines over its API, against a server that speaks it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from wipsie.blobs.sealing import KeyMissing, ServiceKeys, make_service_key
from wipsie.testing.servers.moto import MotoServer


class Kms:
    """AWS KMS as a key service."""

    def __init__(self, client: Any, key_id: str) -> None:
        self._client = client
        self._key_id = key_id

    async def encrypt(self, plaintext: bytes, context: Mapping[str, str]) -> bytes:
        answer = await self._ask("encrypt", KeyId=self._key_id, Plaintext=plaintext, EncryptionContext=dict(context))
        return answer["CiphertextBlob"]

    async def decrypt(self, ciphertext: bytes, context: Mapping[str, str]) -> bytes:
        answer = await self._ask("decrypt", CiphertextBlob=ciphertext, EncryptionContext=dict(context))
        return answer["Plaintext"]

    async def _ask(self, verb: str, **arguments: Any) -> Any:
        try:
            return await asyncio.to_thread(getattr(self._client, verb), **arguments)
        except ClientError as error:
            raise KeyMissing(f"KMS refuses: {error.response['Error']['Code']}.") from None


def open_kms(server: MotoServer, region: str) -> Any:
    aws: Any = boto3
    keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
    return aws.client("kms", endpoint_url=server.endpoint_url, region_name=region, **keys)


async def test_keys_behind_kms_load_where_kms_has_their_key(moto_server: MotoServer) -> None:
    client, elsewhere = (open_kms(moto_server, region) for region in ("us-east-1", "eu-west-1"))
    try:
        service = Kms(client, client.create_key()["KeyMetadata"]["KeyId"])
        encrypted = await make_service_key(service)
        ring = await ServiceKeys(service, [encrypted]).load()
        assert (await ServiceKeys(service, [encrypted]).load()).ids == ring.ids
        with pytest.raises(KeyMissing):
            await service.decrypt(encrypted, {"purpose": "something else"})
        # A region that has no such key: as one that was destroyed.
        with pytest.raises(KeyMissing):
            await ServiceKeys(Kms(elsewhere, "none"), [encrypted]).load()
    finally:
        client.close()
        elsewhere.close()
