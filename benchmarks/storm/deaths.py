"""A worker that is killed again and again, each time at another step of its work, and started again.

What it is at is seen from outside, in the database: it runs for moments at a time, and stands still while somebody looks.
"""

from __future__ import annotations

import asyncio
import itertools
import random
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from wipsie.testing.process import WipsieProcess

_START_S_MAX = 60.0
_HOLD_S_MAX = 20.0
_WORKS_S = (2.0, 8.0)
"""How long a worker works before it is held, at least and at most."""


class Step(NamedTuple):
    """Something a worker does."""

    name: str
    how_many: str
    """SQL for how many there are of it."""
    is_done: bool = False
    """They only grow in number: it dies at one more, right after that commit. Of others it dies while there are any."""


STEPS = (
    Step("a message waits", "SELECT count(*) FROM vault_inbox WHERE handled_at_ms IS NULL"),
    Step("a message was handled", "SELECT count(*) FROM vault_inbox WHERE handled_at_ms IS NOT NULL", is_done=True),
    Step("jobs wait to be published", "SELECT count(*) FROM outbox"),
    Step(
        "a file is on its way",
        "SELECT count(*) FROM vault_files WHERE state = 'fetching' AND attempts > 0"
        " AND id NOT IN (SELECT file FROM vault_objects WHERE role = 'original')",
    ),
    Step(
        "a file is sealed and not read",
        "SELECT count(*) FROM vault_files JOIN vault_objects ON vault_objects.file = vault_files.id"
        " WHERE state = 'fetching' AND role = 'original'",
    ),
    Step("an object was sealed", "SELECT count(*) FROM vault_objects", is_done=True),
    Step("a card waits to be said", "SELECT count(*) FROM vault_deliveries WHERE state = 'waiting'"),
    Step("an answer is on its way", "SELECT count(*) FROM vault_deliveries WHERE state = 'sending'"),
    Step("an answer was said", "SELECT count(*) FROM vault_deliveries WHERE state = 'accepted'", is_done=True),
    Step("a report was saved", "SELECT count(*) FROM vault_reports", is_done=True),
)


class Deaths:
    """Of one worker over the SQLite database at `path`."""

    def __init__(self, worker: WipsieProcess, path: Path, *, most: int, seed: int = 1) -> None:
        """`most`: so often and no more."""
        self.at: Counter[str] = Counter()
        self._worker = worker
        self._path = path
        self._most = most
        self._chance = random.Random(seed)

    async def go_on(self) -> None:
        """Kill it at one step after the other, until it was killed often enough or this is cancelled. RuntimeError when it ends by
        itself, AssertionError when it does not start again."""
        steps = itertools.cycle(STEPS)
        while self.at.total() < self._most:
            await self._worker.wait_until_healthy(timeout_s=_START_S_MAX)
            # Real time of another process: it must get on between two deaths.
            await asyncio.sleep(self._chance.uniform(*_WORKS_S))
            step = next(steps)
            if await self._reaches(step):
                self._worker.kill()
                self.at[step.name] += 1
                self._worker.start()

    async def _reaches(self, step: Step) -> bool:
        """Whether it stands still at this step now; it runs when it did not come to it in time."""
        with closing(sqlite3.connect(f"file:{self._path}?mode=ro", uri=True, isolation_level=None)) as database:

            def count() -> int:
                return database.execute(step.how_many).fetchone()[0]

            before = count() if step.is_done else 0
            try:
                await self._worker.hold_midway(lambda: count() > before, _HOLD_S_MAX)
            except BaseException as error:
                self._worker.go_on()
                if not isinstance(error, AssertionError):
                    raise
                return False
            return True
