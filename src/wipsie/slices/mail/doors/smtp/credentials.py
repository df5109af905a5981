"""What a client signs in with: AUTH PLAIN (RFC 4616) and AUTH LOGIN (its descriptions are drafts alone)."""

from __future__ import annotations

import base64
import binascii

import msgspec

MECHANISMS = ("PLAIN", "LOGIN")
USERNAME_CHALLENGE = "VXNlcm5hbWU6"
PASSWORD_CHALLENGE = "UGFzc3dvcmQ6"  # noqa: S105 - asks for one: "Password:" in base64
CANCEL = "*"


class BadCredentials(Exception):
    """What was sent is nothing that a name and a password could be read from."""


class Credentials(msgspec.Struct, frozen=True):
    """A name and a password that nobody has checked."""

    username: str
    password: str

    def __repr__(self) -> str:
        return "Credentials(...)"


def read_plain(word: str) -> Credentials:
    """Of PLAIN: ``identity NUL username NUL password``. Nobody acts for others here: an identity must be the username."""
    parts = decode(word).split("\0")
    if len(parts) != 3 or parts[0] not in ("", parts[1]):
        raise BadCredentials
    return Credentials(parts[1], parts[2])


def decode(word: str) -> str:
    """The text behind a word of base64; ``=`` stands for an empty one (RFC 4954, 4). BadCredentials."""
    if word == "=":
        return ""
    try:
        return base64.b64decode(word.encode("ascii"), validate=True).decode()
    except (binascii.Error, UnicodeError):
        raise BadCredentials from None
