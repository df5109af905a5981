"""The desk where commands make and read daily summaries."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from wipsie.app.decision_desk import COMMAND
from wipsie.app.opened_database import opened_database
from wipsie.app.opened_queues import opened_queues
from wipsie.app.parts.asyncops import asyncops_settings
from wipsie.app.public_address import PublicAddress
from wipsie.app.settings import Settings
from wipsie.database import Database
from wipsie.kernel.clock import Clock
from wipsie.slices.asyncops.domain.digest.content import Digest
from wipsie.slices.asyncops.domain.digest.window import Window
from wipsie.slices.asyncops.service.summaries.use_cases import SummaryService
from wipsie.slices.asyncops.slice import build_summaries
from wipsie.slices.asyncops.store.summaries import DailySummary


class SummaryDesk:
    """What commands may ask for."""

    def __init__(self, service: SummaryService, database: Database, *, public_url: str) -> None:
        self.service = service
        self.public_url = public_url
        self._database = database

    async def show(self, reference: str) -> DailySummary:
        """One by its id, its day, or ``latest``. NotFound."""
        async with self._database.read() as connection:
            return await self.service.get(connection, COMMAND, reference)

    async def preview(self, window: Window) -> Digest:
        """What a summary of a window would say."""
        return await self.service.preview(COMMAND, window)

    async def run(self, window: Window, *, send: bool) -> DailySummary:
        """Make the next edition of a window, and send it if that is asked for."""
        draft = await self.service.draft_by_hand(COMMAND, window)
        async with self._database.unit_of_work() as unit:
            return await self.service.run(unit, COMMAND, draft, send=send)


@asynccontextmanager
async def opened_summary_desk(settings: Settings, clock: Clock) -> AsyncGenerator[SummaryDesk]:
    """The summaries of this data folder, beside a running Wipsie or without one: mail waits until one runs."""
    public_url = PublicAddress(settings)()
    async with opened_queues(settings, clock) as engine, opened_database(settings, clock) as database:
        chosen = asyncops_settings(settings, public_url=public_url)
        service = build_summaries(chosen, engine=engine, database=database, clock=clock)
        yield SummaryDesk(service, database, public_url=public_url)
