"""The simulator in a process of its own: until a signal, or until whoever started it is gone."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable, Generator

from wipsie.testing.simulators.whatsapp.settings import Account, Behaviour
from wipsie.testing.simulators.whatsapp.simulator import WhatsAppSimulator

PORT = 8025
PLEASANT = Behaviour(sent_after_s=0.3, delivered_after_s=0.4)
"""Slow enough to be watched."""

FIRST_PHONES: tuple[tuple[str, str | None], ...] = (
    ("Asha Example", None),
    ("Ravi Example", None),
    ("Lia Test", "lia.test"),
)
"""Names, and usernames of those who hide their number."""

_STANDARD_INPUT = 0
_READ_BYTES = 4096

Ready = Callable[[WhatsAppSimulator], None]


async def serve(
    port: int = PORT,
    *,
    account: Account | None = None,
    behaviour: Behaviour = PLEASANT,
    ready: Ready | None = None,
    until: asyncio.Event | None = None,
) -> None:
    """Serve until `until` is set, or for ever. `ready` is called with the simulator once it listens, for example to print
    its address. It begins with a few phones. OSError when the port is taken."""
    async with WhatsAppSimulator(account=account, behaviour=behaviour, port=port) as simulator:
        for name, username in FIRST_PHONES:
            simulator.phones.add(name, username=username, country="BR" if username else "IN")
        if ready is not None:
            ready(simulator)
        await (until if until is not None else asyncio.Event()).wait()


def run(
    port: int = PORT,
    *,
    account: Account | None = None,
    behaviour: Behaviour = PLEASANT,
    ready: Ready | None = None,
) -> None:
    """`serve` in an event loop of its own, ended in good order by SIGINT, SIGTERM or the end of standard input: a process that
    holds the other end of it is never outlived. OSError when the port is taken."""

    async def until_told() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            with contextlib.suppress(NotImplementedError):
                loop.add_signal_handler(number, stop.set)
        with _input_watched(stop.set):
            await serve(port, account=account, behaviour=behaviour, ready=ready, until=stop)

    asyncio.run(until_told())


@contextlib.contextmanager
def _input_watched(ended: Callable[[], None]) -> Generator[None]:
    """Call `ended` when standard input ends. Where it is a file, or there is none, nobody holds its other end."""
    loop = asyncio.get_running_loop()

    def heard() -> None:
        try:
            said = os.read(_STANDARD_INPUT, _READ_BYTES)
        except OSError:
            said = b""
        if not said:
            loop.remove_reader(_STANDARD_INPUT)
            ended()

    try:
        loop.add_reader(_STANDARD_INPUT, heard)
    except (OSError, NotImplementedError):
        yield
        return
    try:
        yield
    finally:
        loop.remove_reader(_STANDARD_INPUT)
