"""Tells open pages that something changed. It says only what: the page asks for it, so nothing is lost when it was slow."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

_BEAT_S = 15.0


class TooManyStreams(RuntimeError):
    """As many pages listen as may."""


class Live:
    """Topics are strings: ``clock``, ``log``, ``faults``, ``phones``, ``chat:p1``."""

    def __init__(self, *, streams: int) -> None:
        self._streams_max = streams
        self._waiting: list[tuple[set[str], asyncio.Event]] = []
        self._closed = False

    def tell(self, topic: str) -> None:
        """A topic changed. Costs nothing when nobody listens; a page that is behind gets each topic once."""
        for topics, event in self._waiting:
            topics.add(topic)
            event.set()

    def close(self) -> None:
        """End all streams."""
        self._closed = True
        for _, event in self._waiting:
            event.set()

    async def listen(self) -> AsyncGenerator[bytes]:
        """Server-sent events, one per set of changed topics. TooManyStreams."""
        if len(self._waiting) >= self._streams_max:
            raise TooManyStreams(f"At most {self._streams_max} pages listen at a time.")
        topics: set[str] = {"everything"}
        event = asyncio.Event()
        event.set()
        entry = (topics, event)
        self._waiting.append(entry)
        try:
            while not self._closed:
                try:
                    # Real time: the beat keeps proxies and browsers from giving up, whatever the simulated hour is.
                    async with asyncio.timeout(_BEAT_S):
                        await event.wait()
                except TimeoutError:
                    yield b": still here\n\n"
                    continue
                event.clear()
                if self._closed:
                    break
                changed = ",".join(sorted(topics))
                topics.clear()
                if changed:
                    yield f"data: {changed}\n\n".encode()
        finally:
            self._waiting.remove(entry)
