"""Closes connections that were in use when their engine was disposed: nobody would take them from its old pool again."""

from __future__ import annotations

from typing import Any

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine


def close_what_comes_back_late(engine: AsyncEngine) -> None:
    """From now on, connections that come back to a pool `engine` has given up are closed."""
    pools = _Pools()
    event.listen(engine.sync_engine, "connect", pools.opened)
    event.listen(engine.sync_engine, "engine_disposed", pools.given_up)
    event.listen(engine.sync_engine, "checkin", pools.came_back)


class _Pools:
    def __init__(self) -> None:
        self._current = 0

    def opened(self, _connection: Any, record: Any) -> None:
        record.info["pool"] = self._current

    def given_up(self, _engine: Any) -> None:
        self._current += 1

    def came_back(self, connection: Any, record: Any) -> None:
        # None: it was closed while in use.
        if connection is not None and record.info.get("pool") != self._current:
            record.invalidate()
