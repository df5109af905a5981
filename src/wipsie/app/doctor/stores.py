"""Checks of what is stored: database, queues, workers."""

from __future__ import annotations

from wipsie.app.doctor.database_state import is_ready, opened
from wipsie.app.doctor.finding import FAIL, OK, WARN, Finding
from wipsie.app.instances import running_instances
from wipsie.app.queues import build_engine, queue_file
from wipsie.app.settings import Settings
from wipsie.kernel.clock import SystemClock
from wipsie.kernel.durations import format_duration
from wipsie.queue.contract import QueueCounts

STUCK_AFTER_S = 300.0
"""A message that is ready and still waits this long: nobody takes it."""


async def check_database(settings: Settings) -> list[Finding]:
    """Reachable, and at the schema of this version."""
    from wipsie.database import migrator
    from wipsie.database.urls import parse_database_url

    place = parse_database_url(settings.database.url)
    if place.path is not None and not place.path.exists():
        return [Finding("database", OK, f"{place.path} is made at the first start")]
    pending = await migrator.pending(settings.database.url)
    async with opened(settings):
        pass
    if pending:
        detail = f"reachable, but it lacks the migrations {', '.join(pending)}"
        return [Finding("database", FAIL, detail, "Run: wipsie migrate")]
    return [Finding("database", OK, f"{place.dialect} answers, schema {await migrator.current(settings.database.url)}")]


async def check_audit(settings: Settings) -> list[Finding]:
    """The audit log can be written with the key we have."""
    from wipsie.app.audit import build_audit_log, has_key
    from wipsie.audit import read_head

    if not await is_ready(settings):
        return [Finding("audit", OK, "nothing was changed yet")]
    async with opened(settings) as database, database.read() as connection:
        head = await read_head(connection)
    if head is None:
        detail = "the row that says where the audit log ends is gone, and nothing that is audited can be changed"
        return [Finding("audit", FAIL, detail, "See what is left with: wipsie audit verify")]
    if not head.seq:
        return [Finding("audit", OK, "nothing was changed yet")]
    if not has_key(settings):
        detail = "the key of the audit log is not here, and nothing that is audited can be changed"
        return [Finding("audit", FAIL, detail, "Set AUDIT_KEY to the one of the other processes of this database.")]
    build_audit_log(settings, SystemClock()).check_head(head)
    return [Finding("audit", OK, f"{head.seq} events, sealed with a key we have")]


async def check_shared(settings: Settings) -> list[Finding]:
    """What processes share can be reached, where it is not in the database."""
    if not settings.shared.redis_url:
        return [Finding("shared", OK, "in the database")]
    from wipsie.database.shared_store.redis_store import RedisSharedStore

    store = RedisSharedStore(settings.shared.redis_url, clock=SystemClock())
    try:
        await store.start()
    finally:
        await store.stop()
    if store.caution is not None:
        return [Finding("shared", WARN, store.caution)]
    return [Finding("shared", OK, "redis answers")]


async def check_queues(settings: Settings) -> list[Finding]:
    """Reachable; nothing stuck, dead or forgotten in pause."""
    file = queue_file(settings.queue.url)
    if file is not None and not file.exists():
        return [Finding("queue", OK, f"{file} is made at the first start")]
    engine = build_engine(settings, SystemClock())
    await engine.start()
    try:
        caution = engine.capabilities.caution
        counts = await engine.all_counts()
        dead_letter_queues = {one.dead_letter_queue for one in await engine.list_queues()}
        findings: list[Finding] = []
        for one in counts:
            short = engine.names.short(one.queue)
            findings += _dead(short, one) if one.queue in dead_letter_queues else _waiting(short, one)
    finally:
        await engine.stop()
    total = sum(one.total for one in counts)
    if caution is not None:
        findings.append(Finding("queue", WARN, caution))
    return findings or [Finding("queue", OK, f"{len(counts)} queues, {total} messages, none stuck, no dead letters")]


def _dead(queue: str, counts: QueueCounts) -> list[Finding]:
    if not counts.total:
        return []
    origin = queue.removesuffix("_dlq")
    advice = f"See why with: wipsie queue peek {queue}; then: wipsie queue redrive {origin}"
    return [Finding("queue", WARN, f"{queue} holds {counts.total} dead letter(s)", advice)]


def _waiting(queue: str, counts: QueueCounts) -> list[Finding]:
    found: list[Finding] = []
    if counts.paused:
        found.append(Finding("queue", WARN, f"{queue} is paused", f"Go on with: wipsie queue resume {queue}"))
    elif (age_s := counts.oldest_ready_age_s) is not None and age_s > STUCK_AFTER_S:
        detail = f"{queue} is stuck: its oldest message has waited {format_duration(age_s)}"
        found.append(Finding("queue", WARN, detail, "Start a worker with: wipsie worker"))
    return found


async def check_workers(settings: Settings) -> list[Finding]:
    """Somebody works, where Wipsie runs at all."""
    from wipsie.workers.heartbeat import WorkerDirectory

    running = running_instances(settings.data_dir)
    if not await is_ready(settings):
        return [Finding("workers", OK, "none yet: Wipsie was not started here")]
    async with opened(settings) as database:
        live = await WorkerDirectory(database, SystemClock()).live()
    if live:
        return [Finding("workers", OK, f"{len(live)} alive: {', '.join(one.worker_id for one in live)}")]
    if running:
        return [Finding("workers", WARN, "Wipsie runs, but no worker is alive", "Start one with: wipsie worker")]
    return [Finding("workers", OK, "none: Wipsie does not run; start it with: wipsie up")]
