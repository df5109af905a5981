"""Identifiers in the forms of the Cloud API, made from a seed: the same run makes the same ones."""

from __future__ import annotations

import base64
from random import Random
from typing import TypeVar

Item = TypeVar("Item")

_HEX = "0123456789ABCDEF"
_TRACE = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"


class Identifiers:
    """One per simulator."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)
        self._media = 970_000_000_000_000 + self._random.randrange(10**9) * 1000

    def message_id(self, user: str, *, incoming: bool) -> str:
        """A wamid. Like the real ones it holds the user's number (or id) and the direction, but nobody may read it."""
        who = user.encode()[:60]
        direction = b"\x12\x18\x14" if incoming else b"\x11\x18\x12"
        unique = "".join(self._random.choices(_HEX, k=20 if incoming else 18)).encode()
        packed = b"\x1c\x18" + bytes((len(who),)) + who + b"\x15\x02\x00" + direction + unique + b"\x00"
        return f"wamid.{base64.b64encode(packed).decode()}"

    def user_id(self, country: str) -> str:
        """A business-scoped user id: country, a dot, digits."""
        return f"{country.upper()}.{self._random.randrange(10**13, 10**14)}"

    def media_id(self) -> str:
        self._media += self._random.randrange(1, 50)
        return str(self._media)

    def trace_id(self) -> str:
        """`fbtrace_id` of an error."""
        return "A" + "".join(self._random.choices(_TRACE, k=22))

    def challenge(self) -> str:
        """What a verification wants to hear back."""
        return str(self._random.randrange(10**8, 10**10))

    def url_hash(self) -> str:
        """The part of a media address nobody can guess from another."""
        return "".join(self._random.choices(_TRACE, k=32))

    def shuffled(self, items: list[Item]) -> list[Item]:
        """In another order, when there is one."""
        mixed = list(items)
        self._random.shuffle(mixed)
        if all(left is right for left, right in zip(mixed, items, strict=True)):
            mixed.reverse()
        return mixed
