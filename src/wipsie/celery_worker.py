"""A worker of Celery's for Wipsie's queues: ``celery -A wipsie.celery_worker worker --loglevel=info``.

Needs the extra ``wipsie[celery]``. Nothing is read or opened before Celery asks for its configuration.
"""

from __future__ import annotations

from typing import Any

from wipsie.app.celery_bridge import build_celery_app

app: Any = build_celery_app()
"""A library without types."""

process_default_message = app.tasks["process_default_message"]
process_data_polling = app.tasks["process_data_polling"]
process_task = app.tasks["process_task"]
send_notification = app.tasks["send_notification"]
process_message = app.tasks["process_message"]
