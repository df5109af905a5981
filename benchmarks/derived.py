"""Ratios between scenarios of the same run: Wipsie next to its rivals."""

from __future__ import annotations

from benchmarks.results import Figure, RunResult

PROCESSED = "no-op tasks processed"
"""Name of the figure that Wipsie's scenario and all rivals share."""

_RIVALS = (
    ("rival_celery", "Celery on Redis", 15.0),
    ("rival_dramatiq", "Dramatiq on Redis", None),
    ("rival_huey", "Huey on SQLite", None),
)


def derived_figures(run: RunResult) -> list[Figure]:
    """One ratio per rival that was measured in this run."""
    wipsie = run.scenario("tasks_processed")
    own = wipsie.figure(PROCESSED) if wipsie is not None else None
    if own is None:
        return []
    figures: list[Figure] = []
    for name, title, bar in _RIVALS:
        scenario = run.scenario(name)
        theirs = scenario.figure(PROCESSED) if scenario is not None else None
        if theirs is None:
            continue
        values = [mine / other for mine, other in zip(own.values, theirs.values, strict=False)]
        ratio = own.median / theirs.median
        figures.append(Figure(name=f"{PROCESSED}, against {title}", unit="ratio", median=ratio, values=values, bar=bar))
    return figures
