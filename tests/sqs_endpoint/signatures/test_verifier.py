"""A request is let in when whoever holds the key signed it a short time ago, and nothing of it has changed since."""

from __future__ import annotations

import asyncio
import email.utils
import hashlib
import hmac
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from signed_requests import (
    BASE,
    BODY,
    FORM_HEADERS,
    JSON_HEADERS,
    KEY_ID,
    SECRET,
    changed_header,
    scope_of,
    sha256,
    signed,
    some_key,
    time_of,
    verifier_at,
)
from sqs_clients import read_xml

from wipsie.sqs_endpoint.errors import SqsError
from wipsie.sqs_endpoint.protocols.json_protocol import JsonProtocol
from wipsie.sqs_endpoint.protocols.query_protocol import QueryProtocol
from wipsie.sqs_endpoint.signatures.derived_keys import DerivedKeys, derive_key

PATHS = (
    "/",
    "",
    "/000000000000/orders",
    "/000000000000/orders.fifo",
    "/prefix/",
    "//prefix///000000000000/orders",
    "/a/./b/../000000000000/orders",
    "/a/b/..",
    "/with%20space/%E2%82%AC/~x",
    "/a%2Fb/c:d@e/",
)
QUERIES = (
    "",
    "Action=ListQueues&Version=2012-11-05",
    "b=2&a=1&a=0&c=",
    "Attribute.1.Name=All&x=%20%7E%2F%3D%26&y",
    "z=%e2%82%ac",
)


async def refusal(scope: Any, body: bytes = BODY, *, at_s: float, secret: str = SECRET) -> SqsError:
    with pytest.raises(SqsError) as refused:
        await verifier_at(at_s, some_key(secret)).verify(scope, body)
    return refused.value


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_what_botocore_signs_in_the_header_is_let_in(method: str, path: str) -> None:
    for body, headers in ((BODY, JSON_HEADERS), (b"Action=ListQueues", FORM_HEADERS), (b"", FORM_HEADERS)):
        request = signed(method=method, url=BASE + path, headers=dict(headers), body=body)
        key = await verifier_at(time_of(request)).verify(scope_of(request), body)
        assert key.access_key_id == KEY_ID


@pytest.mark.parametrize("query", [one for one in QUERIES if "%e2" not in one and not one.endswith("&y")])
async def test_a_query_string_is_part_of_what_is_signed(query: str) -> None:
    request = signed(method="GET", url=f"{BASE}/?{query}", headers=dict(FORM_HEADERS), body=b"")
    scope = scope_of(request)
    assert await verifier_at(time_of(request)).verify(scope, b"")
    for other in (b"Action=PurgeQueue", scope["query_string"] + b"&Action=PurgeQueue"):
        assert (await refusal({**scope, "query_string": other}, b"", at_s=time_of(request))).kind.status == 403


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("query", QUERIES)
async def test_what_botocore_signs_in_the_url_is_let_in(path: str, query: str) -> None:
    request = signed(method="GET", url=f"{BASE}{path}?{query}", headers={"X-Own": " a   b "}, body=b"", expires_s=60)
    assert await verifier_at(time_of(request)).verify(scope_of(request), b"")


async def test_headers_are_signed_without_needless_spaces_and_repeated_ones_in_their_order() -> None:
    headers = {**JSON_HEADERS, "X-Amz-Own": "  a   b  c "}
    request = signed(headers=headers)
    scope = scope_of(request)
    assert await verifier_at(time_of(request)).verify(changed_header(scope, b"x-amz-own", b"a b c"), BODY)
    split = {**scope, "headers": [*scope["headers"], (b"x-amz-own", b"d")]}
    assert (await refusal(split, at_s=time_of(request))).kind.code == "SignatureDoesNotMatch"


async def test_a_date_as_http_writes_it_will_do() -> None:
    request = signed(headers={**JSON_HEADERS, "Date": "Thu, 01 Jan 1970 00:00:00 GMT"})
    assert request.headers.get("X-Amz-Date") is None
    at_s = email.utils.parsedate_to_datetime(request.headers["Date"]).timestamp()
    assert await verifier_at(at_s).verify(scope_of(request), BODY)


async def test_nothing_of_a_signed_request_can_be_changed() -> None:
    request = signed(url=f"{BASE}/000000000000/orders?a=1")
    scope, at_s = scope_of(request), time_of(request)
    assert await verifier_at(at_s).verify(scope, BODY)
    authorization = dict(scope["headers"])[b"authorization"]
    turned = {
        "method": {**scope, "method": "GET"},
        "path": {**scope, "raw_path": b"/000000000000/invoices"},
        "query": {**scope, "query_string": b"a=2"},
        "host": changed_header(scope, b"host", b"other.example.org"),
        "target": changed_header(scope, b"x-amz-target", b"AmazonSQS.PurgeQueue"),
        "content type": changed_header(scope, b"content-type", b"text/plain"),
        "a signed header that is gone": changed_header(scope, b"content-type", None),
        "region": changed_header(scope, b"authorization", authorization.replace(b"eu-central-1", b"us-east-1")),
        "signature": changed_header(scope, b"authorization", authorization[:-2] + b"00"),
        "signature in capitals": changed_header(
            scope, b"authorization", authorization[:-64] + authorization[-64:].upper()
        ),
        "fewer signed headers": changed_header(scope, b"authorization", authorization.replace(b"content-type;", b"")),
    }
    for name, other in turned.items():
        refused = await refusal(other, at_s=at_s)
        assert (refused.kind.code, refused.kind.status) == ("SignatureDoesNotMatch", 403), name
    assert (await refusal(scope, BODY + b" ", at_s=at_s)).kind.shape == "InvalidSignatureException"
    assert (await refusal(scope, at_s=at_s, secret="another")).kind.code == "SignatureDoesNotMatch"


async def test_the_hash_of_a_body_is_taken_from_what_came_whatever_the_client_says() -> None:
    for said in ("UNSIGNED-PAYLOAD", sha256(b"other")):
        request = signed(headers={**JSON_HEADERS, "X-Amz-Content-SHA256": said})
        assert (await refusal(scope_of(request), at_s=time_of(request))).kind.code == "SignatureDoesNotMatch"
    request = signed(headers={**JSON_HEADERS, "X-Amz-Content-SHA256": sha256(BODY)})
    assert await verifier_at(time_of(request)).verify(scope_of(request), BODY)


async def test_an_action_that_was_not_signed_is_refused() -> None:
    request = signed(headers=dict(FORM_HEADERS))
    scope = changed_header(scope_of(request), b"x-amz-target", b"AmazonSQS.PurgeQueue")
    assert "X-Amz-Target" in (await refusal(scope, at_s=time_of(request))).message


async def test_a_signature_in_a_header_is_good_for_fifteen_minutes_before_and_after() -> None:
    request = signed()
    scope, at_s = scope_of(request), time_of(request)
    for moment in (at_s - 900, at_s, at_s + 900):
        assert await verifier_at(moment).verify(scope, BODY)
    late, early = await refusal(scope, at_s=at_s + 901), await refusal(scope, at_s=at_s - 901)
    assert late.message.startswith("Signature expired: ")
    assert early.message.startswith("Signature not yet current: ")
    assert {late.kind.code, early.kind.code} == {"SignatureDoesNotMatch"}


async def test_a_signed_url_is_good_for_as_long_as_it_says_and_a_week_at_most() -> None:
    request = signed(method="GET", url=f"{BASE}/?Action=ListQueues", headers={}, body=b"", expires_s=3600)
    scope, at_s = scope_of(request), time_of(request)
    assert await verifier_at(at_s + 3600).verify(scope, b"")
    assert "expired" in (await refusal(scope, b"", at_s=at_s + 3601)).message
    for expires_s in (0, 604_801):
        request = signed(method="GET", url=f"{BASE}/?Action=ListQueues", headers={}, body=b"", expires_s=expires_s)
        assert (await refusal(scope_of(request), b"", at_s=at_s)).kind.code == "IncompleteSignature"


async def test_a_signed_url_cannot_be_made_to_last_longer() -> None:
    request = signed(method="GET", url=f"{BASE}/?Action=ListQueues", headers={}, body=b"", expires_s=60)
    scope = scope_of(request)
    longer = {**scope, "query_string": scope["query_string"].replace(b"X-Amz-Expires=60", b"X-Amz-Expires=6000")}
    assert (await refusal(longer, b"", at_s=time_of(request))).kind.code == "SignatureDoesNotMatch"
    twice = {**scope, "query_string": scope["query_string"] + b"&X-Amz-Expires=6000"}
    assert (await refusal(twice, b"", at_s=time_of(request))).kind.code == "IncompleteSignature"


async def test_keys_nobody_made_and_tokens_of_other_services_are_told_apart_from_wrong_secrets() -> None:
    request = signed(key_id="AKIAIOSFODNN7EXAMPLE")
    refused = await refusal(scope_of(request), at_s=time_of(request))
    assert (refused.kind.shape, refused.kind.code, refused.kind.status) == (
        "UnrecognizedClientException",
        "InvalidClientTokenId",
        403,
    )
    request = signed(token="temporary")
    refused = await refusal(scope_of(request), at_s=time_of(request))
    assert (refused.kind.code, "AWS_SESSION_TOKEN" in refused.message) == ("InvalidClientTokenId", True)


async def test_other_services_and_days_are_refused() -> None:
    request = signed(service="s3")
    assert "correct service" in (await refusal(scope_of(request), at_s=time_of(request))).message
    request = signed()
    at_s = time_of(request)
    day = request.headers["X-Amz-Date"][:8].encode()
    authorization = request.headers["Authorization"].encode().replace(b"/" + day + b"/", b"/20200101/")
    refused = await refusal(changed_header(scope_of(request), b"authorization", authorization), at_s=at_s)
    assert "Credential scope" in refused.message


@pytest.mark.parametrize(
    ("authorization", "code", "status"),
    [
        (None, "MissingAuthenticationToken", 403),
        (b"", "IncompleteSignature", 400),
        (b"Bearer wipsie_abc", "IncompleteSignature", 400),
        (b"AWS AKIA:signature", "IncompleteSignature", 400),
        (b"AWS4-ECDSA-P256-SHA256 Credential=a", "IncompleteSignature", 400),
        (b"AWS4-HMAC-SHA256", "IncompleteSignature", 400),
        (b"AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=host, Signature=" + b"0" * 64, "IncompleteSignature", 400),
        (b"AWS4-HMAC-SHA256 Credential=a, Credential=b, Signature=c", "IncompleteSignature", 400),
        (b"A" * 10_000, "IncompleteSignature", 400),
    ],
)
async def test_what_is_no_signature_is_refused_in_amazons_words(
    authorization: bytes | None, code: str, status: int
) -> None:
    request = signed()
    scope = changed_header(scope_of(request), b"authorization", authorization)
    refused = await refusal(scope, at_s=time_of(request))
    assert (refused.kind.code, refused.kind.status) == (code, status)


async def test_a_host_that_is_not_signed_and_two_authorizations_are_refused() -> None:
    request = signed()
    scope = scope_of(request)
    authorization = dict(scope["headers"])[b"authorization"]
    other = changed_header(scope, b"authorization", authorization.replace(b"host;", b""))
    assert (await refusal(other, at_s=time_of(request))).kind.code == "IncompleteSignature"
    twice = {**scope, "headers": [*scope["headers"], (b"authorization", authorization)]}
    assert (await refusal(twice, at_s=time_of(request))).kind.code == "IncompleteSignature"


_TEXT = st.text(st.characters(max_codepoint=255), max_size=120).map(lambda text: text.encode("latin-1"))
_PART = st.sampled_from(
    [
        b"AWS4-HMAC-SHA256 ",
        f"Credential={KEY_ID}/20251004/eu-central-1/sqs/aws4_request".encode(),
        b"SignedHeaders=host;x-amz-date",
        b"Signature=" + b"0" * 64,
        b", ",
        b"=",
        b"X-Amz-Date=20251004T140000Z&",
        b"X-Amz-Credential=a%2Fb%2Fc%2Fd%2Fe&X-Amz-Algorithm=AWS4-HMAC-SHA256&",
        b"20251004T140000Z",
        b"20259904T140000Z",
        b"Fri, 31 Dec 9999 23:59:59 -2359",
    ]
)
_GARBAGE = st.lists(_PART | _TEXT, max_size=8).map(b"".join)


@settings(max_examples=300, deadline=None)
@given(authorization=st.none() | _GARBAGE, date=st.none() | _GARBAGE, query=_GARBAGE, path=_TEXT)
def test_no_garbage_is_anything_but_refused(
    authorization: bytes | None, date: bytes | None, query: bytes, path: bytes
) -> None:
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/" + path.decode("latin-1"),
        "raw_path": b"/" + path,
        "query_string": query,
        "headers": [
            (b"host", b"queues.example.org"),
            *([] if authorization is None else [(b"authorization", authorization)]),
            *([] if date is None else [(b"x-amz-date", date)]),
        ],
    }
    with pytest.raises(SqsError) as refused:
        asyncio.run(verifier_at(1_759_586_400).verify(scope, b""))
    assert 400 <= refused.value.kind.status < 404
    # Whatever of it is said back can be said in both protocols.
    json.loads(JsonProtocol().write_error(refused.value, "r").body)
    read_xml(QueryProtocol().write_error(refused.value, "r").body)


def test_the_key_of_a_day_is_derived_as_the_specification_says() -> None:
    # The steps of the specification with the service of its example, which is not ours, end in the key it publishes.
    key = b"AWS4" + SECRET.encode()
    for part in ("20150830", "us-east-1", "iam", "aws4_request"):
        key = hmac.digest(key, part.encode(), hashlib.sha256)
    assert key.hex() == "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9"
    ours = derive_key(SECRET, "20150830", "us-east-1")
    key = hmac.digest(b"AWS4" + SECRET.encode(), b"20150830", hashlib.sha256)
    for part in (b"us-east-1", b"sqs", b"aws4_request"):
        key = hmac.digest(key, part, hashlib.sha256)
    assert ours == key


def test_the_memory_of_derived_keys_has_a_bound() -> None:
    keys = DerivedKeys()
    for number in range(1_200):
        keys.remember(SECRET, str(number), "r", b"k")
    assert len(keys) == 1_000
    assert keys.get(SECRET, "1199", "r") == b"k"
    assert keys.get(SECRET, "0", "r") == derive_key(SECRET, "0", "r")
