"""One role of Wipsie with its vault, as `wipsie api` and `wipsie worker` compose it, and a moment at which it dies."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

import uvicorn
from fast_clock import FastClock
from fatal_moments import die_at
from kill_parts import store_of_this_process

from wipsie.app.application import Application
from wipsie.app.parts import build_parts
from wipsie.telemetry.logging import configure_logging
from wipsie.testing.ports import HOST

FACTOR = 15.0
NEVER = "never"
WRITES = {
    "kept": "INSERT INTO vault_inbox",
    "handled": "UPDATE vault_inbox",
    "looked-up": "UPDATE vault_files SET attempts",
    "sealed": "INSERT INTO vault_objects",
    "checked": "UPDATE vault_files SET state",
    "saved": "INSERT INTO vault_reports",
    "said": "INSERT INTO vault_deliveries",
    "sending": "UPDATE vault_deliveries",
    "relayed": "DELETE FROM outbox",
    "tried": "UPDATE vault_exports",
}
"""Steps of a report's way, by what each writes."""


async def main(folder: Path, role: str, origin_s: float, moment: str, port: int) -> None:
    configure_logging("WARNING")
    parts = build_parts(store_of_this_process().settings(folder), FastClock(origin_s, FACTOR))
    application = Application(parts, (role,))
    if moment != NEVER:
        when, _, step = moment.partition(" ")
        die_at(parts.database, WRITES[step], committed=when == "after")
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await application.start()
    if role == "api":
        config = uvicorn.Config(
            application.build_api(), host=HOST, port=port, log_config=None, lifespan="off", ws="none"
        )
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve())
        await stop.wait()
        server.should_exit = True
        await serving
    else:
        await stop.wait()
    await application.stop()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], float(sys.argv[3]), sys.argv[4], int(sys.argv[5])))
