"""Checks of the machine: Python, folder, disk, log file."""

from __future__ import annotations

import asyncio
import os
import platform
import shutil
import stat

from wipsie.app.doctor.finding import FAIL, OK, WARN, Finding
from wipsie.app.settings import Settings
from wipsie.kernel.limits import MIB

_FREE_BYTES_FAIL = 100 * MIB
_FREE_BYTES_WARN = 1024 * MIB


async def check_python(settings: Settings) -> list[Finding]:
    """The interpreter and what it must bring."""
    del settings
    import sqlite3

    import apsw

    version = platform.python_version()
    detail = (
        f"Python {version}, SQLite {apsw.sqlite_lib_version()} for queues and {sqlite3.sqlite_version} for the database"
    )
    return [Finding("python", OK, detail)]


async def check_data_folder(settings: Settings) -> list[Finding]:
    """There, ours, and nobody else's."""
    folder = settings.data_dir
    if not folder.exists():
        return [Finding("data folder", OK, f"{folder} is made at the first start")]
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        advice = "Give your user the rights, or set WIPSIE_DATA_DIR to another folder."
        return [Finding("data folder", FAIL, f"{folder} cannot be written", advice)]
    mode = stat.S_IMODE(folder.stat().st_mode)
    if mode & 0o077:
        detail = f"{folder} can be entered by other users (mode {mode:o}); it holds messages and results"
        return [Finding("data folder", WARN, detail, f"Run: chmod 700 {folder}")]
    return [Finding("data folder", OK, f"{folder} is yours alone")]


async def check_disk_space(settings: Settings) -> list[Finding]:
    """Room for what is accepted; below the limit readiness is red."""
    folder = settings.data_dir
    while not folder.exists():
        folder = folder.parent
    free_bytes = (await asyncio.to_thread(shutil.disk_usage, folder)).free
    detail = f"{free_bytes // MIB} MiB free"
    if free_bytes < _FREE_BYTES_FAIL:
        return [Finding("disk", FAIL, detail, f"Make room on the disk of {folder}; Wipsie will refuse messages soon.")]
    if free_bytes < _FREE_BYTES_WARN:
        return [Finding("disk", WARN, detail, f"Make room on the disk of {folder} before it is full.")]
    return [Finding("disk", OK, detail)]


async def check_log_file(settings: Settings) -> list[Finding]:
    """A log file that is asked for can be written."""
    file = settings.logging.file
    if file is None:
        return [Finding("log", OK, f"{settings.logging.level} and above to stderr")]
    place = file if file.exists() else file.parent
    if file.is_dir() or (place.exists() and not os.access(place, os.W_OK)):
        return [Finding("log", FAIL, f"{file} cannot be written", "Set LOG_FILE to a path you may write to.")]
    return [Finding("log", OK, f"{settings.logging.level} and above to {file}")]
