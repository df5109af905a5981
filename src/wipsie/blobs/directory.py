"""Objects written into a directory so that they are on the disk when the call returns, and there whole or not at all."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from pathlib import Path

UNFINISHED_FOLDER = ".unfinished"
"""Objects on their way in; what a killed process left there is removed after a day."""
_ABANDONED_S = 86_400.0
_CHUNK_BYTES = 1024 * 1024
_KNOWN_MAX = 10_000


class Directory:
    """Blocking writes below one folder; call them in a thread. OSError when the disk cannot be written."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._unfinished = root / UNFINISHED_FOLDER
        self._known: set[Path] = set()
        """Folders whose names are on the disk."""

    def tidy(self, now_s: float) -> None:
        """Remove what processes that were killed left half written. `now_s`: the time by the clock of the files."""
        with contextlib.suppress(FileNotFoundError):
            for entry in os.scandir(self._unfinished):
                if entry.stat().st_mtime < now_s - _ABANDONED_S:
                    Path(entry.path).unlink(missing_ok=True)

    def write(self, key: str, content: bytes | Path, *, if_absent: bool = False) -> bool:
        """Store bytes, or a copy of a file, under `key`. With `if_absent`, what is there already stays: False then."""
        try:
            return self._write(self._root / key, content, if_absent=if_absent)
        except FileNotFoundError:
            # A folder we knew is gone: somebody tidied up. A file to be copied that is not there fails again.
            self._known.clear()
            return self._write(self._root / key, content, if_absent=if_absent)

    def _write(self, target: Path, content: bytes | Path, *, if_absent: bool) -> bool:
        folder = target.parent
        self._make(folder)
        made = not (if_absent and target.exists()) and self._place(target, content, if_absent=if_absent)
        # Also for what is there already: whoever put it there may not have come this far yet.
        _sync_folder(folder)
        return made

    def _place(self, target: Path, content: bytes | Path, *, if_absent: bool) -> bool:
        self._make(self._unfinished)
        fresh = self._unfinished / secrets.token_hex(8)
        try:
            _fill(fresh, content)
            if not if_absent:
                fresh.replace(target)
                return True
            try:
                os.link(fresh, target)
            except FileExistsError:
                return False
            return True
        finally:
            fresh.unlink(missing_ok=True)

    def _make(self, folder: Path) -> None:
        """Make a folder, if need be, and have its name on the disk, with those above it."""
        if folder in self._known:
            return
        if folder != self._root:
            self._make(folder.parent)
        folder.mkdir(exist_ok=True)
        # One that is there already may have been made a moment ago, by a process that was killed since.
        _sync_folder(folder.parent)
        if len(self._known) >= _KNOWN_MAX:
            self._known.clear()
        self._known.add(folder)


def _fill(path: Path, content: bytes | Path) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        if isinstance(content, Path):
            with content.open("rb") as source:
                shutil.copyfileobj(source, file, _CHUNK_BYTES)
        else:
            file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
