"""A worker of Celery's for Wipsie's queues: ``celery -A wipsie.celery_worker worker --loglevel=info``.

Needs the extra ``wipsie[celery]``. Nothing is read or opened before Celery asks for its configuration.
"""

from __future__ import annotations

from wipsie.app.celery_bridge import build_celery_app

app = build_celery_app()
