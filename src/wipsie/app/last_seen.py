"""Writes down once a minute which sessions and API keys were used."""

from __future__ import annotations

from wipsie.auth.authenticator import SEEN_EVERY_S, AccountAuthenticator
from wipsie.kernel.clock import Clock
from wipsie.kernel.errors import StorageUnavailable
from wipsie.telemetry.logging import get_logger
from wipsie.workers.outage import Outage
from wipsie.workers.supervisor import Supervisor

_log = get_logger(__name__)


class LastSeen:
    """One for each process that serves the API."""

    def __init__(self, authenticator: AccountAuthenticator, clock: Clock) -> None:
        self._authenticator = authenticator
        self._clock = clock
        self._supervisor = Supervisor(clock)
        self._away = Outage(_log, "last_use_not_written", clock)

    async def start(self) -> None:
        """Begin."""
        self._supervisor.start("last-seen", self._run)

    async def stop(self) -> None:
        """End, and write what is left."""
        await self._supervisor.stop()
        await self._write()

    async def _run(self) -> None:
        while True:
            await self._clock.sleep(SEEN_EVERY_S)
            await self._write()

    async def _write(self) -> None:
        try:
            await self._authenticator.write_seen()
        except StorageUnavailable as error:
            self._away.failed(error)
        else:
            self._away.over()
