"""Passwords of locked PDFs, on their way from the chat to the one look at their file. They are kept nowhere."""

from __future__ import annotations

import base64
import binascii
from typing import Final

from wipsie.blobs.sealing import KeyRing, Place, SealBroken, open_text, seal_text

_PURPOSE: Final = "vault password"


def seal_password(ring: KeyRing, file_id: str, password: str) -> str:
    """For the message of a job: opens for this file only."""
    return base64.b64encode(seal_text(ring, password, _place(file_id), purpose=_PURPOSE)).decode()


def open_password(ring: KeyRing, file_id: str, sealed: str) -> str:
    """The password. SealBroken, KeyMissing."""
    try:
        content = base64.b64decode(sealed, validate=True)
    except (binascii.Error, ValueError):
        raise SealBroken("A sealed password was changed.", details={"file": file_id}) from None
    return open_text(ring, content, _place(file_id), purpose=_PURPOSE)


def _place(file_id: str) -> Place:
    return Place("vault_files", file_id, "password")
