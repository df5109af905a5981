"""PINs: six digits, which anybody guesses who may try often enough. So they are stretched, keyed, and tried a few times only."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import secrets
from typing import Final

import msgspec

from wipsie.blobs.sealing import KeyRing, keyed_token, keyed_tokens

TRIES_FREE: Final = 5
"""Wrong ones until the first pause."""
PAUSE_S_FIRST: Final = 60.0
PAUSE_S_MAX: Final = 24 * 3600.0
_SALT_BYTES: Final = 16
_PURPOSE: Final = "vault pin"
# A tenth of a second and 32 MiB: a million PINs take a day for who has both the table and the key.
_COST: Final = {"n": 2**15, "r": 8, "p": 1, "maxmem": 64 * 1024 * 1024, "dklen": 32}


class PinWork(msgspec.Struct, frozen=True):
    """A PIN to be stretched."""

    pin: str
    stored: str | None
    """What it is compared with; None: it is to be kept."""


class StretchedPin(msgspec.Struct, frozen=True):
    """What that came to."""

    is_right: bool
    kept: str
    """What is stored of it from now on, if it is right."""


async def stretch(ring: KeyRing, owner: str, work: PinWork) -> StretchedPin:
    """Compare a PIN, or make what is stored of it. It takes a tenth of a second or two: not for a unit of work, in which others wait."""
    if work.stored is None:
        return StretchedPin(True, await hash_pin(ring, owner, work.pin))
    if not await is_pin(ring, owner, work.pin, work.stored):
        return StretchedPin(False, work.stored)
    if len(ring.ids) == 1:
        return StretchedPin(True, work.stored)
    # Under the key in use, before the one it was kept under is removed: nobody else knows the PIN.
    return StretchedPin(True, await hash_pin(ring, owner, work.pin))


async def hash_pin(ring: KeyRing, owner: str, pin: str) -> str:
    """What may be stored of a PIN. Without the key of the ring it cannot be tried at all."""
    salt = secrets.token_bytes(_SALT_BYTES)
    return f"{salt.hex()}:{await _stretched(keyed_token(ring, pin, owner=owner, purpose=_PURPOSE), salt)}"


async def is_pin(ring: KeyRing, owner: str, pin: str, stored: str) -> bool:
    """Whether it is the PIN, whichever key of the ring it was kept under."""
    salt_hex, _, expected = stored.partition(":")
    salt = bytes.fromhex(salt_hex)
    found = [
        hmac.compare_digest(await _stretched(token, salt), expected)
        for token in keyed_tokens(ring, pin, owner=owner, purpose=_PURPOSE)
    ]
    return any(found)


def pause_s(failures: int) -> float:
    """How long no PIN is taken after so many wrong ones: a minute from the fifth on, twice as long each time."""
    if failures < TRIES_FREE:
        return 0.0
    return min(PAUSE_S_FIRST * 2.0 ** min(failures - TRIES_FREE, 20), PAUSE_S_MAX)


async def _stretched(token: str, salt: bytes) -> str:
    return (await asyncio.to_thread(hashlib.scrypt, token.encode(), salt=salt, **_COST)).hex()
