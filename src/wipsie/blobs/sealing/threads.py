"""Work in a thread that ends when nobody waits for it any more."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

Answer = TypeVar("Answer")


class Abandoned(Exception):
    """Nobody waits for this work any more."""


async def in_thread(work: Callable[[threading.Event], Answer], *, undo: Callable[[], None] | None = None) -> Answer:
    """What `work` gives, called in a thread with an event that is set when the waiting is cancelled.

    A cancelled call waits for the thread, which looks at the event every chunk: nothing is written to a file after whoever owns it
    went on. `undo` is called when the work was done all the same.
    """
    over = threading.Event()
    done = asyncio.get_running_loop().run_in_executor(None, work, over)
    try:
        return await asyncio.shield(done)
    except asyncio.CancelledError:
        over.set()
        await asyncio.wait((done,))
        # Asked for, so that nobody misses it: a failure is of no interest any more.
        if done.exception() is None and undo is not None:
            undo()
        raise


def until(over: threading.Event, pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The pieces, as long as somebody waits for them; Abandoned then."""
    for piece in pieces:
        if over.is_set():
            raise Abandoned
        yield piece
