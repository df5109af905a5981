"""Sends the tasks of the demo, waits for what becomes of them, and looks whether the mail arrived."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wipsie.cli.demo.client import ApiClient
from wipsie.cli.demo.tasks import DemoTask, Results
from wipsie.cli.output import progress
from wipsie.kernel.clock import Clock

_FINAL = ("failed", "rejected")
_LOOK_EVERY_S = 0.05


@dataclass(kw_only=True)
class DemoRun:
    """One task of the demo and what became of it."""

    task: str
    queue: str
    about: str
    message_id: str | None = None
    status: str = "not sent"
    attempts: int = 0
    wait_ms: int | None = None
    run_ms: float | None = None
    summary: str = ""
    error: str | None = None

    @property
    def succeeded(self) -> bool:
        return self.status == "succeeded"


async def run_tasks(
    client: ApiClient, tasks: list[DemoTask], *, timeout_s: float, clock: Clock, quiet: bool
) -> list[DemoRun]:
    """Send each task once what it needs is done, and wait for all, at most `timeout_s` together."""
    deadline = clock.monotonic() + timeout_s
    runs = {task.name: DemoRun(task=task.name, queue=task.queue, about=task.about) for task in tasks}
    results: Results = {}
    with progress(hidden=quiet) as bars:
        bar = bars.add_task("waiting for results", total=len(tasks))
        while clock.monotonic() < deadline:
            for task in tasks:
                run = runs[task.name]
                if run.message_id is None and (task.needs is None or task.needs in results):
                    run.message_id = await asyncio.to_thread(client.send, task.queue, task.message(results))
                    run.status = "waiting"
                elif run.message_id is not None and run.status not in ("succeeded", *_FINAL):
                    _take(run, task, await asyncio.to_thread(client.runs, run.message_id), results)
            bars.update(
                bar,
                completed=len(results),
                description=next((run.about for run in runs.values() if not run.succeeded), "done"),
            )
            if all(_is_over(task, runs) for task in tasks):
                break
            await clock.sleep(_LOOK_EVERY_S)
    for run in runs.values():
        if run.status == "waiting":
            run.status = "missing"
    return list(runs.values())


def _take(run: DemoRun, task: DemoTask, tries: list[dict[str, Any]], results: Results) -> None:
    if not tries:
        return
    last = tries[-1]
    run.attempts = int(last["attempt"])
    run.wait_ms, run.run_ms = int(last["wait_ms"]), round(float(last["run_ms"]), 1)
    run.error = last["error"]
    run.status = last["status"] if last["status"] in ("succeeded", *_FINAL) else "waiting"
    if run.succeeded:
        results[task.name] = last["result"]
        run.summary = task.summary(last["result"])


def _is_over(task: DemoTask, runs: dict[str, DemoRun]) -> bool:
    """Nothing more will happen to this task."""
    run = runs[task.name]
    if run.message_id is not None:
        return run.status in ("succeeded", *_FINAL)
    needed = None if task.needs is None else runs[task.needs]
    return needed is not None and not needed.succeeded and needed.status in (*_FINAL, "not sent")


def find_mail(mailbox: Path, message_id: str) -> Path | None:
    """The file of a delivered mail by its Message-ID header, or None."""
    needle = f"Message-ID: {message_id}".encode()
    for folder in ("new", "cur"):
        for path in sorted((mailbox / folder).glob("*")):
            if needle in path.read_bytes():
                return path
    return None
