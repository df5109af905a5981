"""What all connections of a door share."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Protocol

import msgspec

from wipsie.kernel.clock import Clock
from wipsie.kernel.ids import MessageId
from wipsie.slices.mail.domain.arrival import Envelope
from wipsie.slices.mail.doors.smtp.settings import MailDoorSettings
from wipsie.slices.mail.doors.smtp.spool import Spool

Accept = Callable[[Path, Envelope], Awaitable[MessageId]]
"""Keeps the mail in a file for good. The file is the door's, and gone afterwards."""
SignIn = Callable[[str, str], Awaitable[str | None]]
"""(username, password) → what whoever it is is called; None for a wrong one."""


class Caller(Protocol):
    """A connection, as its door sees it."""

    def dismiss(self) -> None:
        """Let it end: now, or when the mail that is coming in has its answer."""
        ...

    def cut(self) -> None:
        """End it now."""
        ...


class MailDoorCounts(msgspec.Struct):
    """Since the door was made."""

    connections: int = 0
    connections_refused: int = 0
    """Beyond those that may be open at once."""
    accepted: int = 0
    not_accepted: int = 0
    """Mails whose bytes came, and whose client was told to keep them or to give up."""
    sign_ins_failed: int = 0


class DoorContext:
    """Belongs to one door and one event loop."""

    def __init__(self, settings: MailDoorSettings, accept: Accept, sign_in: SignIn, clock: Clock) -> None:
        self.settings = settings
        self.accept = accept
        self.sign_in = sign_in
        self.clock = clock
        self.spool = Spool(settings.spool)
        self.counts = MailDoorCounts()
        self.tls: ssl.SSLContext | None = None
        self.stopping = False
        self._callers: set[Caller] = set()
        self._left = asyncio.Event()

    def admit(self, caller: Caller) -> bool:
        """Whether there is room for a connection; one without is to say so and end."""
        has_room = len(self._callers) < self.settings.connections_max and not self.stopping
        self._callers.add(caller)
        self.counts.connections += 1
        self.counts.connections_refused += not has_room
        return has_room

    def leave(self, caller: Caller) -> None:
        """A connection has ended, and everything it did."""
        self._callers.discard(caller)
        self._left.set()

    @property
    def callers(self) -> list[Caller]:
        """Connections that are open, or have not ended all they did."""
        return list(self._callers)

    async def wait_until_empty(self) -> None:
        """Return once there are no callers."""
        while self._callers:
            self._left.clear()
            await self._left.wait()
