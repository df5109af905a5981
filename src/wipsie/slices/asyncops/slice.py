"""The manifest of the asyncops slice."""

from __future__ import annotations

import msgspec
from fastapi import APIRouter

from wipsie.api.fast_route import FastRoute
from wipsie.api.lists import ListReader
from wipsie.database import Database
from wipsie.kernel.clock import Clock
from wipsie.queue.contract import QueueSettings
from wipsie.queue.engine import QueueEngine
from wipsie.queue.operations_signal import OPERATIONS_QUEUE
from wipsie.slices.asyncops.desk import Desk
from wipsie.slices.asyncops.gateways.all_queues import AllQueues
from wipsie.slices.asyncops.gateways.pipelines import Pipelines
from wipsie.slices.asyncops.handlers.clock import CLOCK_SCHEDULE, ClockJob, clock_handler
from wipsie.slices.asyncops.handlers.signals import signal_handler
from wipsie.slices.asyncops.handlers.summaries import summary_handler, summary_schedule
from wipsie.slices.asyncops.notices import Notices
from wipsie.slices.asyncops.personal_data import AsyncOpsData
from wipsie.slices.asyncops.registry import build_followed_up, build_subjects
from wipsie.slices.asyncops.rights import RIGHTS
from wipsie.slices.asyncops.routes.blockers import add_blockers
from wipsie.slices.asyncops.routes.decisions import add_decisions
from wipsie.slices.asyncops.routes.follow_ups import add_follow_ups
from wipsie.slices.asyncops.routes.incidents import add_incidents
from wipsie.slices.asyncops.routes.kit import RouteKit
from wipsie.slices.asyncops.routes.postmortems import add_postmortems
from wipsie.slices.asyncops.routes.shared import add_shared
from wipsie.slices.asyncops.routes.status import add_status
from wipsie.slices.asyncops.routes.summaries import add_summaries
from wipsie.slices.asyncops.service.blockers.clock import BlockerClock
from wipsie.slices.asyncops.service.blockers.rules import BlockerRules
from wipsie.slices.asyncops.service.blockers.use_cases import BlockerService
from wipsie.slices.asyncops.service.decisions.folder import DecisionFolder
from wipsie.slices.asyncops.service.decisions.use_cases import DecisionService
from wipsie.slices.asyncops.service.follow_ups import FollowUpService
from wipsie.slices.asyncops.service.incidents.clock import IncidentClock
from wipsie.slices.asyncops.service.incidents.moving import IncidentMoves
from wipsie.slices.asyncops.service.incidents.proposals import IncidentProposals
from wipsie.slices.asyncops.service.incidents.updates import IncidentUpdates
from wipsie.slices.asyncops.service.incidents.use_cases import IncidentService
from wipsie.slices.asyncops.service.postmortems import PostmortemService
from wipsie.slices.asyncops.service.signals import Signals
from wipsie.slices.asyncops.service.status import StatusService
from wipsie.slices.asyncops.service.summaries.gather import Gatherer
from wipsie.slices.asyncops.service.summaries.letters import Letters
from wipsie.slices.asyncops.service.summaries.times import SummarySettings, SummaryTimes
from wipsie.slices.asyncops.service.summaries.use_cases import SummaryService
from wipsie.slices.manifest import Slice


class AsyncOpsSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Everything about the slice that an operator may choose."""

    public_url: str = "http://127.0.0.1:8000"
    """What people type to reach this Wipsie; links in mail begin with it."""
    blockers: BlockerRules = BlockerRules()
    summaries: SummarySettings = SummarySettings()
    run_retention_s: float = 30 * 86_400.0
    """How long runs of tasks are kept: a summary of an earlier day does not know of failures."""


def build(
    settings: AsyncOpsSettings, *, engine: QueueEngine, database: Database, lists: ListReader, clock: Clock
) -> Slice:
    """Compose the slice. Opens nothing."""
    subjects = build_subjects()
    public_url = settings.public_url.rstrip("/")
    notices = Notices(clock, subjects, public_url=public_url)
    desk = Desk(clock, notices)
    router = APIRouter(route_class=FastRoute)
    kit = RouteKit(database, lists)
    add_shared(router, kit, subjects, desk, notices, clock)
    add_status(router, kit, StatusService(desk, clock))
    incidents = IncidentService(desk, notices, clock)
    add_incidents(router, kit, incidents, IncidentMoves(desk, clock), IncidentUpdates(desk, clock), Pipelines(engine))
    follow_ups = FollowUpService(desk, notices, clock, subjects, build_followed_up(subjects))
    add_follow_ups(router, kit, follow_ups, subjects)
    add_postmortems(router, kit, PostmortemService(desk, notices, clock))
    signals = Signals(desk, IncidentProposals(desk, clock, incidents), clock)
    add_blockers(router, kit, BlockerService(desk, clock, settings.blockers, subjects))
    add_decisions(router, kit, DecisionService(desk, clock))
    summaries = build_summaries(settings, engine=engine, database=database, clock=clock)
    add_summaries(router, kit, summaries, public_url=public_url)
    clock_jobs: dict[str, ClockJob] = {
        "escalate_blockers": BlockerClock(desk, notices, clock, settings.blockers).escalate,
        "remind_of_updates": IncidentClock(desk, notices, clock).remind,
    }
    return Slice(
        name="asyncops",
        # Of its own: a stuck or full queue of others must not keep back the word of it.
        queues=[QueueSettings(name=engine.names.stored(OPERATIONS_QUEUE))],
        routers=[router],
        handlers=[clock_handler(clock_jobs), signal_handler(signals), summary_handler(summaries)],
        schedules=[CLOCK_SCHEDULE, summary_schedule(settings.summaries)],
        rights=RIGHTS,
        personal_data=AsyncOpsData(),
    )


def build_summaries(
    settings: AsyncOpsSettings, *, engine: QueueEngine, database: Database, clock: Clock
) -> SummaryService:
    """Daily summaries, for the slice and for commands. Opens nothing."""
    public_url = settings.public_url.rstrip("/")
    gatherer = Gatherer(database, AllQueues(engine), clock, settings.blockers, run_retention_s=settings.run_retention_s)
    desk = Desk(clock, Notices(clock, build_subjects(), public_url=public_url))
    times = SummaryTimes(settings.summaries)
    return SummaryService(desk, database, clock, gatherer, Letters(public_url=public_url), times)


def build_decision_folder(database: Database, clock: Clock) -> DecisionFolder:
    """For commands: they tell nobody, since what they import was decided before."""
    desk = Desk(clock, Notices(clock, build_subjects(), public_url=AsyncOpsSettings().public_url))
    return DecisionFolder(database, DecisionService(desk, clock))
