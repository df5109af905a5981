"""From starting the process of `wipsie up` to its first answered request."""

from __future__ import annotations

from pathlib import Path
from statistics import median

from benchmarks.scenario import Measurement, Outcome, Scenario, Size
from benchmarks.servers.process import serve_wipsie

BAR_S = 3.0
FIRST_REQUEST = "/sqs/queues"
"""One that needs the queue, unlike the liveness probe."""


def _start_s(directory: Path, data: Path) -> float:
    with serve_wipsie(directory=directory, data=data, path=FIRST_REQUEST) as server:
        return server.start_s


def measure(size: Size, directory: Path) -> Outcome:
    """The first start creates and migrates its data; the later ones find it."""
    starts = size.pick(full=10, quick=4, smoke=1)
    first = [_start_s(directory, directory / f"first-{number}") for number in range(max(1, starts // 3))]
    later = [_start_s(directory, directory / "first-0") for _ in range(starts)]
    return Outcome(
        measurements=[
            Measurement(
                name="to the first answer, data is there",
                value=median(later),
                unit="s",
                bar=BAR_S,
                lower_is_better=True,
            ),
            Measurement(
                name="to the first answer, empty folder", value=median(first), unit="s", bar=BAR_S, lower_is_better=True
            ),
        ],
        settings={"starts": starts, "wipsie_roles": "all", "first_request": f"GET {FIRST_REQUEST}"},
    )


SCENARIO = Scenario(name="start", title="Start of wipsie up", run=measure)
