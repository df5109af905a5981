"""`wipsie workers`: who works, told from the registry alone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

from typer.testing import Result

from wipsie.database import Database
from wipsie.kernel.clock import SystemClock
from wipsie.kernel.ids import WorkerId
from wipsie.telemetry.metrics import Metrics
from wipsie.testing.clock import FakeClock
from wipsie.workers.heartbeat import ALIVE_S, Activity, Heartbeat

Wipsie = Callable[..., Result]
WipsieJson = Callable[..., Any]


def beat(data_dir: Path, name: str, *, silent_s: float = 0.0) -> None:
    async def write() -> None:
        clock = FakeClock(SystemClock().now() - silent_s)
        database = Database(f"sqlite:///{data_dir}/wipsie.db", clock=clock)
        try:
            await Heartbeat(
                database,
                worker_id=WorkerId(name),
                queues=["default", "notifications"],
                slots=32,
                activity=lambda: Activity(busy=3, processed=11, failed=2),
                clock=clock,
                metrics=Metrics(),
            ).beat()
        finally:
            await database.stop()

    asyncio.run(write())


def test_nobody_works_on_a_fresh_folder(wipsie: Wipsie, wipsie_json: WipsieJson) -> None:
    assert wipsie_json("workers")["workers"] == []
    assert "wipsie worker" in wipsie("workers").stdout


def test_workers_are_shown_with_state_queues_and_counts(
    wipsie: Wipsie, wipsie_json: WipsieJson, data_dir: Path
) -> None:
    wipsie("migrate")
    beat(data_dir, "quick")
    beat(data_dir, "silent", silent_s=ALIVE_S + 5)
    shown = wipsie_json("workers")
    assert {one["id"]: one["state"] for one in shown["workers"]} == {"quick": "alive", "silent": "late"}
    assert shown["alive"] == 1
    table = wipsie("workers").stdout
    assert "default, notifications" in table
    assert "3 of 32" in table
    assert "late" in table
