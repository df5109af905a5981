"""What is to be settled: a held delivery, its run, and what becomes of the message."""

from __future__ import annotations

from wipsie.workers.held import Held
from wipsie.workers.run_log import TaskRun
from wipsie.workers.verdict import Action

Settlement = tuple[Held, TaskRun | None, Action, str]
"""(what, its run or None when it was no try, what becomes of it, task type as a metric label). A plain tuple: one is made
for every task."""
