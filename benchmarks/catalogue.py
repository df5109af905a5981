"""All scenarios, in the order in which they are run and shown; most of them once per store."""

from __future__ import annotations

from collections.abc import Collection
from importlib import import_module
from typing import NamedTuple

from benchmarks.scenario import Scenario

BACKENDS = ("sqlite", "postgresql", "redis", "sqs")
"""What `--backend` chooses from."""
_ALL_STORES = ("sqlite", "postgresql", "redis", "redis_everysec", "sqs")
_BOTH_REDIS = ("redis", "redis_everysec")


class _Entry(NamedTuple):
    """A module with `scenario(store)`, or one with `SCENARIO`. Modules, not objects: a child imports its own scenario and
    nothing else, as scenarios must not influence each other."""

    family: str
    module: str
    store: str | None = None

    @property
    def name(self) -> str:
        return self.family if self.store is None else f"{self.family}_{self.store}"

    @property
    def backend(self) -> str:
        """What a scenario without a store measures is `wipsie up` as it starts by itself: with SQLite."""
        return next((name for name in BACKENDS if (self.store or "sqlite").startswith(name)), "sqlite")


def _family(family: str, module: str, stores: Collection[str] = ()) -> list[_Entry]:
    return [_Entry(family, module, store) for store in stores] or [_Entry(family, module)]


_ENTRIES = [
    *_family("durable_sends", "benchmarks.scenarios.durable_sends", _ALL_STORES),
    *_family("tasks_processed", "benchmarks.scenarios.tasks_processed", _ALL_STORES),
    *_family("task_latency", "benchmarks.scenarios.task_latency", _ALL_STORES),
    *_family("rival_pgqueuer", "benchmarks.rivals.pgqueuer_postgresql", ["postgresql"]),
    *_family("rival_procrastinate", "benchmarks.rivals.procrastinate_postgresql", ["postgresql"]),
    *_family("rival_taskiq", "benchmarks.rivals.taskiq_streams", _BOTH_REDIS),
    *_family("rival_arq", "benchmarks.rivals.arq_redis", _BOTH_REDIS),
    *_family("rival_celery", "benchmarks.rivals.celery_redis", _BOTH_REDIS),
    *_family("rival_dramatiq", "benchmarks.rivals.dramatiq_redis", _BOTH_REDIS),
    *_family("rival_huey", "benchmarks.rivals.huey_sqlite", ["sqlite"]),
    *_family("http_send", "benchmarks.scenarios.http_send"),
    *_family("sqs_endpoint", "benchmarks.scenarios.sqs_endpoint"),
    *_family("sqs_idle_polls", "benchmarks.scenarios.sqs_idle_polls"),
    *_family("webhook_intake", "benchmarks.scenarios.webhook_intake"),
    *_family("team_api", "benchmarks.scenarios.team_api", ("sqlite", "postgresql")),
    *_family("mail_intake", "benchmarks.scenarios.mail_intake"),
    *_family("mail_archive", "benchmarks.scenarios.mail_archive", ("files", "s3")),
    *_family("mail_search", "benchmarks.scenarios.mail_search", ("sqlite", "postgresql")),
    *_family("mail_memory", "benchmarks.scenarios.mail_memory"),
    *_family("vault_webhook", "benchmarks.scenarios.vault_webhook", ("sqlite", "postgresql")),
    *_family("vault_reading", "benchmarks.scenarios.vault_reading"),
    *_family("vault_storm", "benchmarks.scenarios.vault_storm"),
    *_family("backlog", "benchmarks.scenarios.backlog", ("sqlite", "postgresql", "redis", "sqs")),
    *_family("bloat", "benchmarks.scenarios.bloat", ["postgresql"]),
    *_family("open_transaction", "benchmarks.scenarios.open_transaction", ["postgresql"]),
    *_family("idle", "benchmarks.scenarios.idle"),
    *_family("start", "benchmarks.scenarios.start"),
]
_BY_NAME = {entry.name: entry for entry in _ENTRIES}


def scenario_names() -> list[str]:
    """Names of all scenarios, in order."""
    return list(_BY_NAME)


def family_names() -> list[str]:
    """Names without their store, in order."""
    return list(dict.fromkeys(entry.family for entry in _ENTRIES))


def family_of(name: str) -> str | None:
    """The family of a scenario, None for a name that is not known (any more)."""
    entry = _BY_NAME.get(name)
    return None if entry is None else entry.family


def store_of(name: str) -> str | None:
    """The store of a scenario, None for one that has none or is not known."""
    entry = _BY_NAME.get(name)
    return None if entry is None else entry.store


def choose(only: Collection[str] = (), backends: Collection[str] = ()) -> list[str]:
    """Names of the scenarios that were asked for by name or family, and by backend; nothing asked for means all."""
    return [
        entry.name
        for entry in _ENTRIES
        if (not only or entry.name in only or entry.family in only) and (not backends or entry.backend in backends)
    ]


def find_scenario(name: str) -> Scenario:
    """A scenario by name. KeyError when there is none."""
    entry = _BY_NAME[name]
    module = import_module(entry.module)
    return module.SCENARIO if entry.store is None else module.scenario(entry.store)
