"""How the chain is made: each seal covers the event and the seal before it, so that no link can be changed, left out,
put in or moved without all that follow.

    seal(n) = HMAC(key, seal(n-1) ‖ body(n))        head = HMAC(key, "head" ‖ n ‖ seal(n))
"""

from __future__ import annotations

import msgspec

from wipsie.audit.keys import AuditKeys
from wipsie.kernel import json
from wipsie.kernel.audit_event import AuditEvent, Fact

FORMAT = 1
GENESIS = "0" * 64
"""What stands before the first event."""
_HEAD = b"head"


class SealedBody(msgspec.Struct, frozen=True, kw_only=True):
    """An event as it is sealed and stored."""

    seq: int
    at_ms: int
    actor: str
    action: str
    object: str
    request_id: str | None
    key_id: str
    facts: dict[str, Fact] = {}
    v: int = FORMAT


_decoder = msgspec.json.Decoder(SealedBody, strict=True)


def body_of(event: AuditEvent, *, seq: int, at_ms: int, request_id: str | None, key_id: str) -> SealedBody:
    """What is stored of an event."""
    return SealedBody(
        seq=seq,
        at_ms=at_ms,
        actor=event.actor,
        action=event.action,
        object=event.object,
        request_id=request_id,
        key_id=key_id,
        facts=dict(event.facts),
    )


def write_body(body: SealedBody) -> bytes:
    """The bytes that are sealed and stored: one form for one content."""
    return json.canonical(body)


def read_body(stored: bytes) -> SealedBody | None:
    """The event in stored bytes; None when they hold none, or not in the one form."""
    try:
        body = _decoder.decode(stored)
    except msgspec.DecodeError:
        return None
    return body if write_body(body) == stored else None


def seal_of_event(keys: AuditKeys, key_id: str, before: str, stored: bytes) -> str:
    """The seal of an event whose predecessor has the seal `before`."""
    return keys.seal(key_id, before.encode(), stored)


def seal_of_head(keys: AuditKeys, key_id: str, seq: int, seal: str) -> str:
    """What shows that the log was once `seq` events long and ended with `seal`."""
    return keys.seal(key_id, _HEAD, str(seq).encode(), seal.encode())
