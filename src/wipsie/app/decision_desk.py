"""The desk where commands import and export decisions."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from wipsie.app.opened_database import opened_database
from wipsie.app.settings import Settings
from wipsie.auth.principal import Principal
from wipsie.auth.rights import ADMIN, RightsTable
from wipsie.kernel.clock import Clock
from wipsie.slices.asyncops.rights import RIGHTS
from wipsie.slices.asyncops.service.decisions.folder import DecisionFolder
from wipsie.slices.asyncops.slice import build_decision_folder

COMMAND = Principal(kind="cli", id="", role=ADMIN, extents=RightsTable(RIGHTS).of(ADMIN))
"""Whoever may use the data folder may do with it what an admin may."""


@asynccontextmanager
async def opened_decision_desk(settings: Settings, clock: Clock) -> AsyncGenerator[DecisionFolder]:
    """The decisions of this data folder, beside a running Wipsie or without one."""
    async with opened_database(settings, clock) as database:
        yield build_decision_folder(database, clock)
