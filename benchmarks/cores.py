"""Pins processes to processor cores."""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import contextmanager


@contextmanager
def children_on(core: int | None) -> Generator[None]:
    """Processes started within the block run on this core, with all their threads; None leaves them free."""
    own = os.sched_getaffinity(0)
    if core is not None:
        # Children inherit the cores of the thread that starts them.
        os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, own)
