"""What sender, worker and judge of the kill tests share: one store, one queue with short leases, one database."""

from __future__ import annotations

import os
from pathlib import Path

from kill_stores import Store

from wipsie.app.settings.settings import all_variables
from wipsie.kernel.clock import Clock
from wipsie.queue.contract import QueueSettings
from wipsie.queue.engine import QueueEngine

QUEUE = "default"


def store_of_this_process() -> Store:
    """The store that the environment of a child chooses."""
    names = {declared.name for declared in all_variables()} - {"WIPSIE_DATA_DIR"}
    return Store("chosen", {name: value for name, value in os.environ.items() if name in names})


async def open_engine(store: Store, folder: Path, clock: Clock) -> QueueEngine:
    engine = store.engine(folder, clock)
    # Leases of one second come back soon after a kill; the receive limit must not end a message that was only unlucky.
    name = engine.names.stored(QUEUE)
    await engine.start([QueueSettings(name=name, visibility_timeout_s=1.0, max_receive_count=1000)])
    return engine
