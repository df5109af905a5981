"""All scenarios, in the order in which they are run and shown."""

from __future__ import annotations

from importlib import import_module

from benchmarks.scenario import Scenario

# Modules, not objects: a child imports its own scenario and nothing else, as scenarios must not influence each other.
_MODULES = {
    "durable_sends": "benchmarks.scenarios.durable_sends",
    "tasks_processed": "benchmarks.scenarios.tasks_processed",
    "task_latency": "benchmarks.scenarios.task_latency",
    "http_send": "benchmarks.scenarios.http_send",
    "webhook_intake": "benchmarks.scenarios.webhook_intake",
    "backlog": "benchmarks.scenarios.backlog",
    "idle": "benchmarks.scenarios.idle",
    "start": "benchmarks.scenarios.start",
    "rival_celery": "benchmarks.rivals.celery_redis",
    "rival_dramatiq": "benchmarks.rivals.dramatiq_redis",
    "rival_huey": "benchmarks.rivals.huey_sqlite",
}


def scenario_names() -> list[str]:
    """Names of all scenarios, in order."""
    return list(_MODULES)


def find_scenario(name: str) -> Scenario:
    """A scenario by name. KeyError when there is none."""
    return import_module(_MODULES[name]).SCENARIO
