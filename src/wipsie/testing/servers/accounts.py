"""The account servers run under: some of them refuse to be started by root."""

from __future__ import annotations

import os
import pwd
import shutil
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from wipsie.testing.servers.last_will import LastWill

_OTHERS_MAY_PASS = 0o001


@dataclass(frozen=True, slots=True)
class Account:
    """An account of this machine: its user and group ids."""

    user_id: int
    group_id: int


def account_for(name: str) -> Account | None:
    """The account a server runs under when the tests run as root: `name` where it exists, else `nobody`. None: our own."""
    if os.geteuid() != 0:
        return None
    for wanted in (name, "nobody"):
        try:
            entry = pwd.getpwnam(wanted)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid)
    return None


def hand_over(folder: Path, account: Account | None) -> None:
    """Make `folder`, private to `account`. Raises ValueError when that account cannot reach it."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    if account is None:
        return
    for parent in folder.resolve().parents:
        if not parent.stat().st_mode & _OTHERS_MAY_PASS:
            raise ValueError(
                f"A server that may not run as root cannot reach {folder}: {parent} is closed to others. "
                "Give it a folder from wipsie.testing.servers.accounts.open_folder() or the fixture server_folder."
            )
    os.chown(folder, account.user_id, account.group_id)


@contextmanager
def open_folder() -> Generator[Path]:
    """A temporary folder every account can reach, removed afterwards, also when this process is killed inside.

    pytest's own temporary folders are closed to other accounts.
    """
    folder = Path(tempfile.mkdtemp(prefix="wipsie-servers-"))
    folder.chmod(0o755)
    # Servers are ended by wills of their own within the two seconds.
    will = LastWill(["/bin/sh", "-c", 'sleep 3; rm -rf -- "$1"', "sh", str(folder)])
    try:
        yield folder
    finally:
        will.withdraw()
        shutil.rmtree(folder, ignore_errors=True)
