"""Short-lived permits to poll one port of this machine (docs/decisions/0005-polling-grants.md).

`wipsie demo` serves a file on the loopback interface and asks the running Wipsie to fetch it, which the guard against
server-side request forgery refuses. Whoever may write into the data folder already owns everything Wipsie has, so a file
there is proof enough: it names one port of 127.0.0.1 and when the permit ends.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from wipsie.kernel import json
from wipsie.kernel.clock import Clock

HOST = "127.0.0.1"
"""The only host a grant can name: not the network around, not the metadata service of a cloud."""
GRANT_S_MAX = 600
_FILE_BYTES_MAX = 1000


class _Grant(msgspec.Struct):
    port: int
    expires_at_ms: int


class PollingGrants:
    """Reads grants; asked only about addresses that would be refused otherwise."""

    def __init__(self, data_dir: Path, clock: Clock) -> None:
        self._folder = _folder(data_dir)
        self._clock = clock

    def allows(self, host: str, port: int) -> bool:
        """Whether a grant for exactly this host and port is in force. Anything odd about its file means no."""
        if host != HOST:
            return False
        try:
            descriptor = os.open(_path(self._folder, port), os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError:
            return False
        try:
            facts = os.fstat(descriptor)
            if not stat.S_ISREG(facts.st_mode) or facts.st_uid != os.geteuid() or facts.st_mode & 0o077:
                return False
            grant = msgspec.json.decode(os.read(descriptor, _FILE_BYTES_MAX), type=_Grant)
        except (OSError, msgspec.MsgspecError):
            return False
        finally:
            os.close(descriptor)
        left_ms = grant.expires_at_ms - self._clock.now_ms()
        return grant.port == port and 0 < left_ms <= GRANT_S_MAX * 1000


@contextmanager
def polling_grant(data_dir: Path, port: int, *, seconds: int, clock: Clock) -> Generator[None]:
    """Permit polling ``http://127.0.0.1:port`` while the block runs, at most `seconds` (up to `GRANT_S_MAX`)."""
    folder = _folder(data_dir)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = _path(folder, port)
    grant = _Grant(port, clock.now_ms() + min(seconds, GRANT_S_MAX) * 1000)
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(json.encode(grant))
        yield
    finally:
        path.unlink(missing_ok=True)


def _folder(data_dir: Path) -> Path:
    return data_dir / "grants"


def _path(folder: Path, port: int) -> Path:
    return folder / f"poll-{port}.json"
