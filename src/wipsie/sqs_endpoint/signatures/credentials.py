"""What a request says of its signature: who signed, when, for what, and which headers."""

from __future__ import annotations

import email.utils
import re
from datetime import UTC, datetime
from urllib.parse import unquote_to_bytes

import msgspec
from starlette.types import Scope

from wipsie.sqs_endpoint.errors import (
    INCOMPLETE_SIGNATURE,
    MISSING_AUTHENTICATION,
    SIGNATURE_DOES_NOT_MATCH,
    SqsError,
    shown,
)

ALGORITHM = "AWS4-HMAC-SHA256"
SERVICE = "sqs"
TERMINATOR = "aws4_request"
EXPIRES_S_MAX = 7 * 24 * 3600
_HEADER_BYTES_MAX = 8 * 1024
_SIGNED_HEADERS_MAX = 100
_TIME = re.compile(r"(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z", re.ASCII)
_SIGNATURE = re.compile(r"[0-9a-f]{64}")
_PARTS = ("Credential", "SignedHeaders", "Signature")
_REGION = re.compile(r"[a-z0-9-]{1,32}")
_NUMBER = re.compile(r"\d{1,7}", re.ASCII)

Headers = dict[bytes, list[bytes]]
"""Values as they came, by name in lower case."""


class Signed(msgspec.Struct, frozen=True):
    """The claims of a signature, not yet believed."""

    access_key_id: str
    time: str
    """As it was signed, for example ``20260102T030405Z``."""
    at_s: float
    """The same since 1970."""
    day: str
    region: str
    headers: tuple[bytes, ...]
    """Names of those that were signed, in the order of the signature."""
    signature: str
    expires_s: int | None = None
    """How long a signature in a query string is good."""
    in_query: bool = False


def read_signed(headers: Headers, query: list[tuple[bytes, bytes]]) -> Signed:
    """From either place. SqsError: MissingAuthenticationToken, IncompleteSignature, SignatureDoesNotMatch. `query`: names and values
    as they came, not decoded."""
    given = headers.get(b"authorization")
    if given is not None:
        if len(given) > 1 or len(given[0]) > _HEADER_BYTES_MAX:
            raise _incomplete("There has to be one Authorization header, of at most 8 KiB.")
        return _of_header(given[0].decode("latin-1"), headers)
    if any(name.startswith(b"X-Amz-") for name, _ in query):
        return _of_query(query)
    raise SqsError(
        MISSING_AUTHENTICATION, "Request is missing Authentication Token: sign it with a key of wipsie keys."
    )


def _of_header(text: str, headers: Headers) -> Signed:
    algorithm, _, rest = text.strip().partition(" ")
    if algorithm != ALGORITHM:
        raise _incomplete(f"Authorization has to be a signature of the kind {ALGORITHM}.")
    fields: dict[str, str] = {}
    for part in rest.split(","):
        name, _, value = part.strip().partition("=")
        if name in fields:
            raise _incomplete(f"Authorization holds {shown(name)} twice.")
        fields[name] = value
    if missing := [name for name in _PARTS if not fields.get(name)]:
        raise _incomplete(" ".join(f"Authorization header requires '{name}' parameter." for name in missing))
    dates = headers.get(b"x-amz-date") or headers.get(b"date") or []
    if len(dates) != 1:
        raise _incomplete("The request has to hold one X-Amz-Date, or Date.")
    return _signed(fields["Credential"], fields["SignedHeaders"], fields["Signature"], dates[0].decode("latin-1"))


def _of_query(query: list[tuple[bytes, bytes]]) -> Signed:
    fields: dict[str, str] = {}
    for raw_name, raw_value in query:
        if not raw_name.startswith(b"X-Amz-"):
            continue
        name = raw_name.decode("latin-1")
        if name in fields:
            raise _incomplete(f"The query string holds {shown(name)} twice.")
        fields[name] = unquote_to_bytes(raw_value).decode("latin-1")
    names = ("X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-SignedHeaders", "X-Amz-Signature")
    if missing := [name for name in names if not fields.get(name)]:
        raise _incomplete(" ".join(f"The query string requires '{name}'." for name in missing))
    if fields["X-Amz-Algorithm"] != ALGORITHM:
        raise _incomplete(f"X-Amz-Algorithm has to be {ALGORITHM}.")
    expires = fields.get("X-Amz-Expires")
    if expires is not None and not (_NUMBER.fullmatch(expires) and 1 <= int(expires) <= EXPIRES_S_MAX):
        raise _incomplete(f"X-Amz-Expires has to be a number of seconds from 1 to {EXPIRES_S_MAX}, which is a week.")
    signed = _signed(
        fields["X-Amz-Credential"], fields["X-Amz-SignedHeaders"], fields["X-Amz-Signature"], fields["X-Amz-Date"]
    )
    return msgspec.structs.replace(signed, expires_s=None if expires is None else int(expires), in_query=True)


def _signed(credential: str, names: str, signature: str, time: str) -> Signed:
    # An access key may hold slashes elsewhere; ours do not.
    parts = credential.split("/")
    if len(parts) != 5 or not parts[0]:
        raise _incomplete(
            "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term."
        )
    access_key_id, day, region, service, terminator = parts
    at_s, basic = _read_time(time)
    if service != SERVICE:
        raise SqsError(SIGNATURE_DOES_NOT_MATCH, f"Credential should be scoped to correct service: '{SERVICE}'.")
    if terminator != TERMINATOR:
        raise SqsError(
            SIGNATURE_DOES_NOT_MATCH, f"Credential should be scoped with a valid terminator: '{TERMINATOR}'."
        )
    if day != basic[:8]:
        raise SqsError(
            SIGNATURE_DOES_NOT_MATCH,
            f"Date in Credential scope does not match YYYYMMDD of the date of the request: '{shown(day)}' is not '{basic[:8]}'.",
        )
    if not _REGION.fullmatch(region):
        raise SqsError(SIGNATURE_DOES_NOT_MATCH, "Credential should be scoped to a valid Region.")
    headers = tuple(name.strip().encode("latin-1") for name in names.lower().split(";"))
    if len(headers) > _SIGNED_HEADERS_MAX or b"host" not in headers:
        raise _incomplete("'Host' must be a signed header, among at most 100.")
    if not _SIGNATURE.fullmatch(signature):
        raise SqsError(SIGNATURE_DOES_NOT_MATCH, "A signature is 64 hex digits in lower case.")
    return Signed(access_key_id, basic, at_s, day, region, headers, signature)


def _read_time(text: str) -> tuple[float, str]:
    text = text.strip()
    found = _TIME.fullmatch(text)
    try:
        if found is not None:
            year, month, day, hour, minute, second = map(int, found.groups())
            return datetime(year, month, day, hour, minute, second, tzinfo=UTC).timestamp(), text
        # The header Date may be written as HTTP has it.
        moment = email.utils.parsedate_to_datetime(text)
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
        return moment.timestamp(), moment.strftime("%Y%m%dT%H%M%SZ")
    except (ValueError, TypeError, OverflowError, IndexError):
        raise _incomplete("Date must be in ISO-8601 'basic format', for example 20260102T030405Z.") from None


def headers_of(scope: Scope) -> Headers:
    """The headers of a request."""
    found: Headers = {}
    for name, value in scope["headers"]:
        found.setdefault(name, []).append(value)
    return found


def query_of(scope: Scope) -> list[tuple[bytes, bytes]]:
    """Names and values of the query string as they came."""
    text: bytes = scope["query_string"]
    if not text:
        return []
    pairs: list[tuple[bytes, bytes]] = []
    for pair in text.split(b"&"):
        if pair:
            name, _, value = pair.partition(b"=")
            pairs.append((name, value))
    return pairs


def _incomplete(message: str) -> SqsError:
    return SqsError(INCOMPLETE_SIGNATURE, message)
