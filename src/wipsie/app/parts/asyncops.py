"""Puts the slice asyncops together."""

from __future__ import annotations

from wipsie.app.parts.parts import Parts
from wipsie.app.settings import Settings
from wipsie.slices.asyncops.domain.working_time import WorkingHours
from wipsie.slices.asyncops.service.blockers.rules import BlockerRules
from wipsie.slices.asyncops.service.summaries.times import SummarySettings
from wipsie.slices.asyncops.slice import AsyncOpsSettings, build
from wipsie.slices.manifest import Slice


def asyncops_slice(parts: Parts) -> Slice:
    """The slice over the parts that all share."""
    return build(
        asyncops_settings(parts.settings, public_url=parts.public_url()),
        engine=parts.engine,
        database=parts.database,
        lists=parts.lists,
        clock=parts.clock,
    )


def asyncops_settings(settings: Settings, *, public_url: str) -> AsyncOpsSettings:
    """The settings of the slice, for it and for commands about its records."""
    chosen = settings.asyncops
    return AsyncOpsSettings(
        public_url=public_url,
        blockers=_blocker_rules(settings),
        summaries=SummarySettings(cron=chosen.summary_cron, timezone=chosen.summary_timezone),
        run_retention_s=settings.worker.run_retention_s,
    )


def _blocker_rules(settings: Settings) -> BlockerRules:
    chosen = settings.asyncops
    return BlockerRules(
        stale_after_h=chosen.blocker_stale_after_s / 3600,
        escalate_after_h=chosen.blocker_escalate_after_s / 3600,
        working_hours=WorkingHours(*chosen.working_hours),
    )
