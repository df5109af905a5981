"""What a shared store does, whatever keeps it: values with an end, changes that notice each other, token buckets.

Values and buckets have names of their own: a value and a bucket of the same name do not meet.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.kernel.errors import InvalidInput

KEY_CHARACTERS_MAX = 200
VALUE_BYTES_MAX = 64 * 1024
TTL_S_MAX = 400 * 86_400.0


class SharedValue(msgspec.Struct, frozen=True):
    """A value and how often it was set since it came to be: 1 is the first time."""

    value: str
    version: int


class Bucket(msgspec.Struct, frozen=True, kw_only=True):
    """Tokens that are wanted, and what they are taken from; see `SharedStore.take`."""

    key: str
    rate_per_s: float
    burst: float
    count: float = 1.0


class SharedStore(Protocol):
    """Small values and rates all processes of an installation share.

    Every verb raises InvalidInput for a key of more than 200 characters or a value of more than 64 KiB, and, soon,
    StorageUnavailable while the store cannot be reached. A value is gone at the end of its `ttl_s`, whether it was pruned
    or not; one that comes to be again begins with version 1, so put something unique into values whose comings and goings
    matter.
    """

    @property
    def is_in_database(self) -> bool:
        """Whether its rates can be taken in a transaction of the database."""
        ...

    async def start(self) -> None:
        """Reach the store. StorageUnavailable, ConfigurationError."""
        ...

    async def stop(self) -> None:
        """Let go of it. May be called twice."""
        ...

    async def get(self, key: str) -> SharedValue | None:
        """The value, or None when there is none or its time is over."""
        ...

    async def set(self, key: str, value: str, *, ttl_s: float) -> int:
        """Keep `value` for `ttl_s` seconds, whatever was there; returns its version."""
        ...

    async def delete(self, key: str) -> bool:
        """Remove a value; whether there was one."""
        ...

    async def compare_and_set(self, key: str, version: int, value: str, *, ttl_s: float) -> int | None:
        """`set`, if the value still has `version`; 0 stands for "there is none". Returns the new version, or None when
        another was faster. Of any number of callers with the same version exactly one wins."""
        ...

    async def take(self, key: str, *, rate_per_s: float, burst: float, count: float = 1.0) -> float:
        """Take `count` tokens from a bucket that holds `burst` and is filled with `rate_per_s` tokens a second.

        0.0: they are taken. Else nothing is taken, and it may be tried again in so many seconds: with nobody else there
        it succeeds then. In any time of t seconds at most ``burst + rate_per_s · t`` tokens are taken by all together.
        InvalidInput when `count` is more than `burst`, or a number is not positive.
        """
        ...

    async def take_all(self, buckets: Sequence[Bucket], *, within: AsyncConnection | None = None) -> float:
        """`take` from each of a few buckets, or from none: 0.0, or the seconds after which one that refused is worth another try.

        `within`: an open write transaction of the database, for a store that `is_in_database`: they are taken if, and only if, it
        commits.
        """
        ...

    async def prune(self) -> int:
        """Remove what nobody can see any more; returns how many. A store that does so by itself returns 0."""
        ...


def check_key(key: str) -> None:
    """InvalidInput unless every store keeps this key."""
    if not 0 < len(key) <= KEY_CHARACTERS_MAX or not key.isprintable():
        raise InvalidInput(
            f"A shared key has 1 to {KEY_CHARACTERS_MAX} printable characters.", details={"field": "key"}
        )


def check_value(value: str, ttl_s: float) -> None:
    """InvalidInput unless every store keeps this value for this time."""
    try:
        size_bytes = len(value.encode())
    except UnicodeEncodeError:
        size_bytes = -1
    if not 0 <= size_bytes <= VALUE_BYTES_MAX or "\0" in value:
        raise InvalidInput(
            f"A shared value has at most {VALUE_BYTES_MAX} bytes and neither NUL nor unpaired surrogates.",
            details={"field": "value"},
        )
    if not 0 < ttl_s <= TTL_S_MAX:
        raise InvalidInput(
            f"A shared value is kept for more than 0 and at most {TTL_S_MAX:.0f} seconds.", details={"field": "ttl_s"}
        )


def check_bucket(bucket: Bucket) -> None:
    """InvalidInput for a key, a bucket or a number of tokens that makes no sense."""
    check_key(bucket.key)
    rate_per_s, burst = bucket.rate_per_s, bucket.burst
    if not (0 < rate_per_s <= 1e6 and 0 < bucket.count <= burst and burst / rate_per_s <= TTL_S_MAX):
        raise InvalidInput(
            "A bucket needs a rate above 0 (at most a million a second), and a burst of at least what is taken at once.",
            details={"rate_per_s": rate_per_s, "burst": burst, "count": bucket.count},
        )
