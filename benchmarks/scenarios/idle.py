"""What `wipsie up` costs while nothing happens: processor time and memory."""

from __future__ import annotations

import time
from pathlib import Path

import psutil

from benchmarks.scenario import Measurement, Outcome, Scenario, Size
from benchmarks.servers.process import serve_wipsie

MEMORY_BAR_MB = 180.0


def _family(pid: int) -> list[psutil.Process]:
    process = psutil.Process(pid)
    return [process, *process.children(recursive=True)]


def _cpu_s(pid: int) -> float:
    return sum(times.user + times.system for times in (one.cpu_times() for one in _family(pid)))


def measure(size: Size, directory: Path) -> Outcome:
    """All roles, all queues empty, after a pause to settle; child processes are counted."""
    settle_s = size.pick(full=5.0, quick=3.0, smoke=0.2)
    watch_s = size.pick(full=10.0, quick=5.0, smoke=0.3)
    with serve_wipsie(directory=directory) as server:
        # Being idle takes time: first to settle, then to be watched.
        time.sleep(settle_s)
        before_s, started = _cpu_s(server.pid), time.perf_counter()
        time.sleep(watch_s)
        busy_s, watched_s = _cpu_s(server.pid) - before_s, time.perf_counter() - started
        memory = [one.memory_full_info() for one in _family(server.pid)]
        resident_mb = sum(one.rss for one in memory) / 2**20
        proportional_mb = sum(one.pss for one in memory) / 2**20
    return Outcome(
        measurements=[
            Measurement(name="processor", value=100 * busy_s / watched_s, unit="% of a core", lower_is_better=True),
            Measurement(
                name="memory, resident (RSS)", value=resident_mb, unit="MB", bar=MEMORY_BAR_MB, lower_is_better=True
            ),
            Measurement(name="memory, proportional (PSS)", value=proportional_mb, unit="MB", lower_is_better=True),
        ],
        settings={"settle_s": settle_s, "watched_s": watch_s, "wipsie_roles": "all", "processes": len(memory)},
    )


SCENARIO = Scenario(name="idle", title="wipsie up, idle", run=measure)
