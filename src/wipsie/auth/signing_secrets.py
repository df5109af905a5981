"""The secrets with which clients of Amazon SQS sign. They are never kept: each follows from the secret of this installation and
the id of its access key, so the database holds nothing with which one could sign."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets

from wipsie.auth.keyring import Keyring

ACCESS_KEY_PREFIX = "WIPS"
"""Tells scanners for leaked secrets what they found."""
_RANDOM_BYTES = 10
_SECRET_BYTES = 30
_ACCESS_KEY_ID = re.compile(ACCESS_KEY_PREFIX + "[A-Z2-7]{16}")
_PURPOSE = "access key"


def new_access_key_id() -> str:
    """Twenty characters, as Amazon's have; 80 of their bits are random."""
    return ACCESS_KEY_PREFIX + base64.b32encode(secrets.token_bytes(_RANDOM_BYTES)).decode()


def is_access_key_id(text: str) -> bool:
    """Whether it has the form of one of ours."""
    return _ACCESS_KEY_ID.fullmatch(text) is not None


def signing_secret(keyring: Keyring, secret_key_id: str, access_key_id: str) -> str:
    """The secret of an access key: 40 characters. KeyError when the keyring no longer holds the secret it was made with."""
    key = keyring.derive(_PURPOSE, secret_key_id)
    return base64.b64encode(hmac.digest(key, access_key_id.encode(), hashlib.sha256)[:_SECRET_BYTES]).decode()
