"""Jobs that tests run in processes."""

from __future__ import annotations

import os
import time


def add(one: int, other: int) -> int:
    return one + other


def large(count: int) -> bytes:
    return b"x" * count


def fail() -> None:
    raise ValueError("no such column")


def vanish() -> None:
    os._exit(3)


def stay() -> None:
    time.sleep(600)


def give_a_lock() -> object:
    import threading

    return threading.Lock()
