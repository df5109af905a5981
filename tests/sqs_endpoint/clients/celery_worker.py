"""A real worker of Celery's over kombu's `sqs://`, and somebody who sends to it."""

from __future__ import annotations

import json
import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from celery import Celery

from wipsie.testing import eventually
from wipsie.testing.process import WipsieProcess

WAIT_S_MAX = 50.0
Settings = dict[str, Any]


Key = tuple[str, str]
ANY: Key = ("any", "thing")
"""Credentials where none are looked at."""


def broker_url(url: str, key: Key = ANY) -> str:
    """The endpoint as Celery names it, with the id and the secret of a key."""
    return url.replace("http://", f"sqs://{quote(key[0], safe='')}:{quote(key[1], safe='')}@")


def settings(**options: Any) -> Settings:
    """Settings of worker and sender; `options` are those of the transport."""
    return {
        "broker_transport_options": {"polling_interval": 0, "wait_time_seconds": 10, **options},
        "worker_enable_remote_control": False,
        "broker_connection_retry_on_startup": True,
    }


class CeleryWorker:
    """`celery -A celery_tasks worker`, with one process that works."""

    def __init__(
        self,
        url: str,
        folder: Path,
        queues: Sequence[str],
        *,
        settings: Settings,
        environment: Path = Path(sys.prefix),
        key: Key = ANY,
    ) -> None:
        """`environment`: the Python environment whose Celery it is."""
        folder.mkdir(parents=True, exist_ok=True)
        self._told, self._may_end = folder / "told", folder / "may-end"
        self.process = WipsieProcess(
            ["-A", "celery_tasks", "worker", "-c", "1", "-l", "INFO", "-Q", ",".join(queues)],
            data_dir=folder,
            command=[str(environment / "bin" / "celery")],
            environment={
                "PYTHONPATH": str(Path(__file__).parent),
                "BROKER_URL": broker_url(url, key),
                "CELERY_SETTINGS": repr(settings),
                "TOLD": str(self._told),
                "MAY_END": str(self._may_end),
            },
        )

    def told(self, word: str | None = None) -> list[str]:
        """What became of a task, in order: ["began", "ended"]; of all of them when no word is named, with their words."""
        if word is None:
            return [f"{one['what']} {one['word']}" for one in self._lines()]
        return [one["what"] for one in self._lines() if one["word"] == word]

    def times(self, word: str) -> list[float]:
        """When, in seconds since 1970."""
        return [one["at"] for one in self._lines() if one["word"] == word]

    def _lines(self) -> list[dict[str, Any]]:
        if not self._told.exists():
            return []
        # The last one may be half written.
        *whole, _ = self._told.read_text("utf-8").split("\n")
        return [json.loads(line) for line in whole]

    def let_end(self) -> None:
        """Tasks that are held end."""
        self._may_end.touch()

    async def wait_until_ready(self) -> None:
        await eventually(lambda: " ready." in self.process.log(), WAIT_S_MAX, "the worker is ready")

    async def wait_until_told(self, word: str, *what: str) -> None:
        """Until exactly this became of a task."""

        def same() -> None:
            assert self.told(word) == list(what), self.process.log()[-2000:]

        await eventually(same, WAIT_S_MAX, f"{word} became {what}")


@contextmanager
def sender(url: str, *, key: Key = ANY, **options: Any) -> Generator[Any]:
    """An application of Celery's that sends only. `send_task("note", ["word"], queue="jobs")`."""
    app: Any = Celery(broker=broker_url(url, key), set_as_current=False)
    app.conf.update(settings(**options))
    with app:
        yield app
