"""A scheduler with its relay as `wipsie scheduler` composes them, and a moment at which it dies."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

from fatal_moments import arrange
from kill_parts import store_of_this_process

from wipsie.app.application import Application
from wipsie.app.parts import build_parts
from wipsie.telemetry.logging import configure_logging


async def main(folder: Path, moment: str) -> None:
    configure_logging("INFO")
    parts = build_parts(store_of_this_process().settings(folder))
    application = Application(parts, ("scheduler",))
    arrange(parts.database, moment)
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await application.start()
    await stop.wait()
    await application.stop()


asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
