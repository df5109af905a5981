"""The desk where commands ask for what is held of people, and for the search index to be built anew."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from wipsie.app.opened_database import opened_database
from wipsie.app.parts import build_parts
from wipsie.app.privacy import PeoplesPrivacy, holders_of
from wipsie.app.settings import Settings
from wipsie.kernel.clock import Clock
from wipsie.slices.asyncops.registry import build_subjects
from wipsie.slices.asyncops.service.reindex import Progress, reindex


@asynccontextmanager
async def opened_privacy(settings: Settings, clock: Clock) -> AsyncGenerator[PeoplesPrivacy]:
    """Over the database of this data folder, beside a running Wipsie or without one."""
    slices = build_parts(settings, clock).all_slices
    async with opened_database(settings, clock) as database:
        yield PeoplesPrivacy(database, settings.database.url, holders_of(slices))


async def reindex_records(settings: Settings, clock: Clock, on_progress: Progress) -> int:
    """Build the search index anew; how many documents it has. StorageUnavailable."""
    async with opened_database(settings, clock) as database:
        return await reindex(database, build_subjects(), "cli", on_progress)
