"""Secrets this installation makes for itself: a file each, readable by its owner alone, made once and kept."""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path

from wipsie.kernel.errors import ConfigurationError

FOLDER = "secrets"
SECRET_BYTES = 32


def kept_secret(data_dir: Path, name: str) -> bytes:
    """The secret of this name, made when there is none yet; of processes that make it at one moment all get the same.
    ConfigurationError when its file cannot be used, or others may read it."""
    folder = data_dir / FOLDER
    path = folder / name
    try:
        if not path.exists():
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            _make(path)
        with path.open("rb") as file:
            if stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o077:
                raise _unusable(path, f"others may read it; run: chmod 600 {path}")
            return bytes.fromhex(file.read().decode().strip())
    except OSError as error:
        raise _unusable(path, f"{error.strerror or error}; see to its rights") from None
    except ValueError:
        raise _unusable(path, "it does not hold hex digits; restore it from a backup") from None


def _make(path: Path) -> None:
    fresh = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}.new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(f"{secrets.token_hex(SECRET_BYTES)}\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            # Whole or not at all, and never over one that another process made meanwhile.
            os.link(fresh, path)
        except FileExistsError:
            return
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    finally:
        fresh.unlink(missing_ok=True)


def _unusable(path: Path, why: str) -> ConfigurationError:
    return ConfigurationError(f"The secret {path} cannot be used: {why}.", details={"path": str(path)})
