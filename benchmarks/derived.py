"""Ratios between scenarios of the same run: Wipsie next to its rivals, each pair on the same server settings."""

from __future__ import annotations

from typing import NamedTuple

from benchmarks.results import Figure, RunResult

PROCESSED = "no-op tasks processed"
"""Name of the figure that Wipsie's scenarios and all rivals share."""


class Pair(NamedTuple):
    """Two scenarios whose `PROCESSED` are compared."""

    own: str
    rival: str
    title: str
    bar: float | None = None


PAIRS = (
    Pair("tasks_processed_postgresql", "rival_pgqueuer_postgresql", "PostgreSQL, against PgQueuer", 1.2),
    Pair("tasks_processed_postgresql", "rival_procrastinate_postgresql", "PostgreSQL, against Procrastinate"),
    Pair("tasks_processed_redis", "rival_taskiq_redis", "Redis, against Taskiq"),
    Pair("tasks_processed_redis", "rival_arq_redis", "Redis, against arq"),
    Pair("tasks_processed_redis", "rival_celery_redis", "Redis, against Celery"),
    Pair("tasks_processed_redis", "rival_dramatiq_redis", "Redis, against Dramatiq"),
    Pair("tasks_processed_redis_everysec", "rival_taskiq_redis_everysec", "Redis everysec, against Taskiq"),
    Pair("tasks_processed_redis_everysec", "rival_arq_redis_everysec", "Redis everysec, against arq"),
    Pair("tasks_processed_redis_everysec", "rival_celery_redis_everysec", "Redis everysec, against Celery"),
    Pair("tasks_processed_redis_everysec", "rival_dramatiq_redis_everysec", "Redis everysec, against Dramatiq"),
    # Celery has no SQLite of its own; everysec is the setting in its favour.
    Pair("tasks_processed_sqlite", "rival_celery_redis_everysec", "SQLite, against Celery on Redis everysec", 15.0),
    Pair("tasks_processed_sqlite", "rival_huey_sqlite", "SQLite, against Huey"),
)


def derived_figures(run: RunResult) -> list[Figure]:
    """One ratio per pair that was measured in this run."""
    return [figure for pair in PAIRS if (figure := _ratio(run, pair)) is not None]


def _ratio(run: RunResult, pair: Pair) -> Figure | None:
    own, rival = (_processed(run, name) for name in (pair.own, pair.rival))
    if own is None or rival is None or not rival.median:
        return None
    values = [mine / theirs for mine, theirs in zip(own.values, rival.values, strict=False) if theirs]
    return Figure(
        name=f"{PROCESSED}, {pair.title}", unit="ratio", median=own.median / rival.median, values=values, bar=pair.bar
    )


def _processed(run: RunResult, name: str) -> Figure | None:
    scenario = run.scenario(name)
    return scenario.figure(PROCESSED) if scenario is not None else None
