"""Requests signed by botocore, and what a server sees of them."""

from __future__ import annotations

import hashlib
from collections.abc import MutableMapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote, urlsplit

import botocore.auth
import botocore.awsrequest
import botocore.credentials

from wipsie.auth.queue_rights import QueueRights
from wipsie.auth.signing_keys import SigningKey
from wipsie.sqs_endpoint.signatures import SignatureVerifier
from wipsie.testing.clock import FakeClock

KEY_ID = "WIPSAAAAAAAAAAAAAAAA"
SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
BASE = "http://queues.example.org:8000"
JSON_HEADERS = {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": "AmazonSQS.SendMessage"}
FORM_HEADERS = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
BODY = b'{"QueueUrl": "orders", "MessageBody": "hello"}'
_BOTOCORE: Any = botocore.auth
_REQUESTS: Any = botocore.awsrequest
_CREDENTIALS: Any = botocore.credentials

Scope = MutableMapping[str, Any]


def signed(
    *,
    method: str = "POST",
    url: str = f"{BASE}/",
    headers: dict[str, str] | None = None,
    body: bytes = BODY,
    secret: str = SECRET,
    key_id: str = KEY_ID,
    token: str | None = None,
    region: str = "eu-central-1",
    service: str = "sqs",
    expires_s: int | None = None,
) -> Any:
    """A request as a client would send it; presigned for `expires_s`, if that is given."""
    request = _REQUESTS.AWSRequest(method=method, url=url, headers=headers or dict(JSON_HEADERS), data=body)
    credentials = _CREDENTIALS.Credentials(key_id, secret, token)
    if expires_s is None:
        _BOTOCORE.SigV4Auth(credentials, service, region).add_auth(request)
    else:
        _BOTOCORE.SigV4QueryAuth(credentials, service, region, expires=expires_s).add_auth(request)
    return request


def scope_of(request: Any) -> Scope:
    """What a server makes of it."""
    parts = urlsplit(str(request.url))
    headers = [(name.lower().encode(), str(value).encode("latin-1")) for name, value in request.headers.items()]
    if "host" not in (name.lower() for name in request.headers):
        headers.append((b"host", parts.netloc.encode()))
    return {
        "type": "http",
        "scheme": "http",
        "method": request.method,
        "path": unquote(parts.path),
        "raw_path": parts.path.encode(),
        "query_string": parts.query.encode(),
        "headers": headers,
        "server": ("127.0.0.1", 8000),
    }


def changed_header(scope: Scope, name: bytes, value: bytes | None) -> Scope:
    """With another value of a header; None leaves it out."""
    others = [one for one in scope["headers"] if one[0] != name]
    return {**scope, "headers": others if value is None else [*others, (name, value)]}


def time_of(request: Any) -> float:
    """When it was signed, in seconds since 1970."""
    text = request.headers.get("X-Amz-Date") or urlsplit(str(request.url)).query.partition("X-Amz-Date=")[2][:16]
    return datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()


def some_key(secret: str = SECRET) -> SigningKey:
    """A key that may nothing."""
    return SigningKey(
        id="key_1",
        access_key_id=KEY_ID,
        user_id="usr_1",
        secret=secret,
        rights=QueueRights((), {}),
        until_s=0,
        ends_at_ms=None,
        last_used_at_ms=0,
    )


def verifier_at(at_s: float, key: SigningKey | None = None) -> SignatureVerifier:
    """A verifier of a server where it is `at_s`, that knows one key."""
    key = key or some_key()

    async def find(access_key_id: str) -> SigningKey | None:
        return key if access_key_id == key.access_key_id else None

    return SignatureVerifier(find, FakeClock(at_s))


def sha256(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()
