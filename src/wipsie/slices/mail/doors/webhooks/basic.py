"""Basic authentication (RFC 7617), as providers send it when the URL they post to has a user and a password."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable

from wipsie.slices.mail.doors.webhooks.refusals import NotGenuine


def check_basic(authorization: str | None, known: Iterable[str], *, password_only: bool = False) -> None:
    """NotGenuine unless the header names one of `known`: each a `user:password`, or a password alone. Takes as long for a
    wrong one as for a good one."""
    given = _credentials(authorization or "")
    if password_only:
        given = given.partition(b":")[2]
    # Digests: of equal length, whatever was given.
    digest = hashlib.sha256(given).digest()
    matches = [hmac.compare_digest(digest, hashlib.sha256(one.encode()).digest()) for one in known]
    if not any(matches):
        raise NotGenuine("The user or the password in the webhook's URL is missing or wrong.")


def _credentials(authorization: str) -> bytes:
    scheme, _, encoded = authorization.partition(" ")
    try:
        if scheme.lower() == "basic":
            return base64.b64decode(encoded.strip(), validate=True)
    except (binascii.Error, ValueError):
        pass
    return b""
