"""What a process of Wipsie sets once, before anything runs."""

from __future__ import annotations

import asyncio
import gc
import resource
import sys
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from wipsie.app.data_folder import prepare_data_folder
from wipsie.app.settings import Settings
from wipsie.telemetry.logging import LogFormat, configure_logging

SWITCH_INTERVAL_S = 0.0005
"""Event loop and group-commit writer hand the interpreter lock over often; Python's 5 ms starve the writer under load."""
GC_THRESHOLDS = (20_000, 20, 100)
"""A busy process makes thousands of messages at a time, none of them in cycles: Python's 700 would look through them for
garbage every few milliseconds."""

IO_THREADS = 32
OPEN_FILES_MAX = 65_536


@contextmanager
def quick_start() -> Generator[None]:
    """Build without the garbage collector, which finds nothing among modules and classes and costs a tenth of the start.
    What stands at the end of the block is kept out of all later collections."""
    gc.disable()
    try:
        yield
        gc.freeze()
    finally:
        gc.enable()


def give_threads(loop: asyncio.AbstractEventLoop) -> None:
    """Let the loop wait for the disk in many threads: what they flush at one moment goes to the disk together. By itself it
    would take few, as many as there are cores to compute."""
    loop.set_default_executor(ThreadPoolExecutor(IO_THREADS, thread_name_prefix="asyncio"))


def prepare_process(settings: Settings) -> None:
    """Interpreter, data folder and log. ConfigurationError."""
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    gc.set_threshold(*GC_THRESHOLDS)
    allow_open_files()
    prepare_data_folder(settings.data_dir)
    configure_logging(settings.logging.level, log_format(settings), settings.logging.file)


def allow_open_files() -> None:
    """Take as many as the system lets us, up to a bound: each client that waits for a message is one, and the 1,024 that most
    systems begin with are soon used up."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES_MAX if hard == resource.RLIM_INFINITY else min(OPEN_FILES_MAX, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def log_format(settings: Settings) -> LogFormat:
    """The format asked for, else lines for people on a terminal and JSON everywhere else."""
    chosen = settings.logging.format
    if chosen is None:
        chosen = "console" if settings.logging.file is None and sys.stderr.isatty() else "json"
    return "console" if chosen == "console" else "json"
