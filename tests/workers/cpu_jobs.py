"""Functions the process pool runs in tests."""

from __future__ import annotations

import os
import time


def double(number: int) -> int:
    return number * 2


def fail() -> None:
    raise LookupError("no such thing")


def end_process() -> None:
    os._exit(7)


def sleep_long() -> None:
    # A job that hangs; the pool ends its process long before.
    time.sleep(60)


def eat_memory() -> int:
    return len(bytearray(3 * 1024**3))


def mean_with_polars() -> float:
    import polars as pl

    return float(pl.DataFrame({"a": list(range(100_000))}).mean().item())
