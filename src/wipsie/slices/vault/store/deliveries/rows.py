"""What all statements on deliveries share."""

from __future__ import annotations

from typing import Final

from wipsie.blobs.sealing import KeyRing, keyed_token, keyed_tokens
from wipsie.slices.vault.store.tables import deliveries_table

DELIVERIES: Final = deliveries_table.c
ID_PREFIX: Final = "vdel"
ARRIVED: Final = ("delivered", "read", "played")
"""Statuses of what a phone has."""
_MESSAGE: Final = "vault delivery"


def message_token(ring: KeyRing, message_id: str) -> str:
    """By what the delivery of a message of WhatsApp is found. `message_id`: of WhatsApp; the number of the recipient stands in it."""
    return keyed_token(ring, message_id, owner="", purpose=_MESSAGE)


def message_tokens(ring: KeyRing, message_id: str) -> list[str]:
    """The same under all keys, for looking up."""
    return keyed_tokens(ring, message_id, owner="", purpose=_MESSAGE)
