"""A worker as `wipsie worker` composes it, and a moment at which it dies: around the commit that keeps and sends a summary."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

from fatal_moments import die_at
from kill_parts import store_of_this_process

from wipsie.app.application import Application
from wipsie.app.parts import build_parts
from wipsie.telemetry.logging import configure_logging

BEFORE, AFTER, NEVER = "before the summary", "after the summary", "never"


async def main(folder: Path, moment: str) -> None:
    configure_logging("INFO")
    parts = build_parts(store_of_this_process().settings(folder))
    application = Application(parts, ("worker",))
    if moment != NEVER:
        die_at(parts.database, "UPDATE daily_summaries", committed=moment == AFTER)
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await application.start()
    await stop.wait()
    await application.stop()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
