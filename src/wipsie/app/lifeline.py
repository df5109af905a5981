"""The line between a process and the worker processes it starts: a pair of sockets, one end the child's standard input.

parent ── stop, hasten ──► child          child ── ready ──► parent

Whichever end closes tells the other that its process is gone, however it ended. So children never outlive a parent that
was killed, on every Unix and without asking for process ids.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import stat
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager

from wipsie.kernel.errors import ConfigurationError

STOP = b"s"
HASTEN = b"h"
READY = b"r"
_READ_BYTES = 64
_STANDARD_INPUT = 0


class ParentEnd:
    """What the parent holds, one per child."""

    def __init__(self, line: socket.socket, on_ready: Callable[[], None]) -> None:
        """`on_ready` is called once, when the child says that it works. Called within the running loop."""
        self._line = line
        self._on_ready = on_ready
        self._loop = asyncio.get_running_loop()
        line.setblocking(False)
        self._loop.add_reader(line, self._heard)

    def stop(self) -> None:
        """Ask the child to stop in good order."""
        self._say(STOP)

    def hasten(self) -> None:
        """Ask it to be quick about it."""
        self._say(HASTEN)

    def close(self) -> None:
        """The child is gone, or shall go."""
        self._loop.remove_reader(self._line)
        self._line.close()

    def _say(self, word: bytes) -> None:
        # A child that is gone need not be told; one that does not listen is ended by its id in time.
        with contextlib.suppress(OSError):
            self._line.send(word)

    def _heard(self) -> None:
        try:
            said = self._line.recv(_READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            said = b""
        if READY in said:
            self._on_ready()
        if not said:
            self._loop.remove_reader(self._line)


def lifeline() -> tuple[socket.socket, socket.socket]:
    """A new line: (the parent's end, the child's end)."""
    return socket.socketpair()


def check_tied() -> None:
    """ConfigurationError unless standard input is a lifeline."""
    try:
        is_line = stat.S_ISSOCK(os.fstat(_STANDARD_INPUT).st_mode)
    except OSError:
        is_line = False
    if not is_line:
        raise ConfigurationError(
            "--tied is for the processes that `wipsie worker --processes N` starts; leave it out.",
            details={"option": "--tied"},
        )


@contextmanager
def held(stopping: Callable[[], None], hastened: Callable[[], None]) -> Generator[None]:
    """The child's side while the block runs: calls `stopping` when the parent says so or is gone, `hastened` when it is to
    be quick."""
    loop = asyncio.get_running_loop()

    def heard() -> None:
        try:
            said = os.read(_STANDARD_INPUT, _READ_BYTES)
        except OSError:
            said = b""
        if not said or STOP in said:
            stopping()
        if HASTEN in said:
            hastened()
        if not said:
            loop.remove_reader(_STANDARD_INPUT)

    loop.add_reader(_STANDARD_INPUT, heard)
    try:
        yield
    finally:
        loop.remove_reader(_STANDARD_INPUT)


def say_ready() -> None:
    """Tell the parent that this process works now."""
    with contextlib.suppress(OSError):
        os.write(_STANDARD_INPUT, READY)


def child_command(*arguments: str) -> list[str]:
    """The command of a child without its number: this very interpreter and package, tied to this process."""
    return [sys.executable, "-m", "wipsie", *arguments, "--tied"]
