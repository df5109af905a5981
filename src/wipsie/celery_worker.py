"""A worker of Celery's for Wipsie's queues: ``celery -A wipsie.celery_worker worker --loglevel=info``.

Needs the extra ``wipsie[celery]``. Nothing is read or opened before Celery asks for its configuration. Other code takes the
tasks from here, to send: ``from wipsie.celery_worker import process_task``.
"""

from __future__ import annotations

from typing import Any

from wipsie.app.celery_bridge import TASKS, build_celery_app

app: Any = build_celery_app()
"""A library without types."""


def __getattr__(name: str) -> Any:
    """The tasks, by name; they ask for the configuration."""
    if name in TASKS:
        return app.tasks[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
