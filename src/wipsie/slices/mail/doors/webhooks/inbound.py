"""What every provider's request comes down to: a mail, how it came, and how it is known again."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

import msgspec

from wipsie.kernel import json
from wipsie.slices.mail.domain.arrival import BucketObject, Envelope


class Post(msgspec.Struct, frozen=True, kw_only=True):
    """A request as it came."""

    headers: Mapping[str, str]
    """Found under names in lower case."""
    body: bytes | Path
    received_at_ms: int

    @property
    def content_type(self) -> str:
        return self.headers.get("content-type", "")


class Inbound(msgspec.Struct, frozen=True, kw_only=True):
    """A mail a provider handed on."""

    content: bytes | Path | BucketObject
    """Its MIME, here or in a bucket of the provider."""
    envelope: Envelope
    token: str
    """What is good for one mail only; a second request with it is a repeat."""
    fingerprint: str
    """Equal for the same mail to the same recipients, whatever request brought it."""


def fingerprint_of(content: bytes | Path | BucketObject, envelope: Envelope) -> str:
    """Hex. Reads a file through; blocks."""
    if isinstance(content, BucketObject):
        told = json.fingerprint([content.bucket, content.key])
    elif isinstance(content, Path):
        with content.open("rb") as file:
            told = hashlib.file_digest(file, "sha256").hexdigest()
    else:
        told = hashlib.sha256(content).hexdigest()
    return json.fingerprint([told, envelope.sender, envelope.recipients])
