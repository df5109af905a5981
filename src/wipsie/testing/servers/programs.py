"""Finds the programs the servers need, or says how to get them."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

SYSTEM_PATH = f"{os.defpath}{os.pathsep}/usr/local/bin{os.pathsep}/usr/sbin{os.pathsep}/opt/homebrew/bin"
_POSTGRES_FOLDERS = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql@*/bin")


class ServerMissing(Exception):
    """A server cannot run here. `program` is what is missing, `how_to_get_it` a sentence that says what to do."""

    def __init__(self, program: str, how_to_get_it: str) -> None:
        super().__init__(f"{program} cannot be had here. {how_to_get_it}")
        self.program = program
        self.how_to_get_it = how_to_get_it


def find_program(name: str, how_to_get_it: str, *, path: str | None = None) -> str:
    """The file of program `name` on `path` (the process's PATH when None) or in the usual system folders.

    Raises ServerMissing.
    """
    found = shutil.which(name, path=path)
    if found is None and path is None:
        found = shutil.which(name, path=SYSTEM_PATH)
    if found is None:
        raise ServerMissing(name, how_to_get_it)
    return found


def find_postgres_folder(how_to_get_it: str, *, path: str | None = None) -> Path:
    """The folder that holds `postgres`, `initdb` and `psql` of one release, the newest installed. Raises ServerMissing.

    Debian keeps each release in a folder of its own, outside PATH; there the newest wins.
    """
    if path is None:
        installed = [folder for pattern in _POSTGRES_FOLDERS for folder in Path("/").glob(pattern.lstrip("/"))]
        complete = [folder for folder in installed if (folder / "initdb").exists() and (folder / "psql").exists()]
        if complete:
            return max(complete, key=_release)
    return Path(find_program("initdb", how_to_get_it, path=path)).resolve().parent


def _release(folder: Path) -> int:
    numbers = re.findall(r"\d+", folder.parent.name)
    return int(numbers[0]) if numbers else 0
