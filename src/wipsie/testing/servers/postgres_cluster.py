"""New PostgreSQL clusters, quickly: the first is made by `initdb` and kept as a template, the others are copies of it."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from wipsie.testing.servers.accounts import Account, hand_over
from wipsie.testing.servers.server_process import run_to_end

_TEMPLATE_VERSION = 1
"""Raised when what a template holds changes."""


def make_cluster(
    data: Path, *, programs: Path, account: Account | None, owner: str, user: str, database: str, password: str
) -> None:
    """Make the folder `data` a cluster with the superuser `owner`, and the role `user` that owns `database`; both have
    `password`. The parent of `data` exists and belongs to `account`."""
    release = run_to_end([str(programs / "postgres"), "--version"], folder=Path("/")).split()[2]
    user_id = account.user_id if account else os.getuid()
    name = f"wipsie-postgres-{release}-{user_id}-{_TEMPLATE_VERSION}-{owner}-{user}-{database}"
    template = Path(tempfile.gettempdir()) / name / "data"
    if not _is_ours(template, user_id):
        _make_template(template, programs, account, owner=owner, user=user, database=database, password=password)
    run_to_end(["cp", "-Rp", str(template), str(data)], folder=data.parent, account=account)


def _is_ours(template: Path, user_id: int) -> bool:
    """Whether there is a template, made by our own account: the temporary folder is open to all."""
    return template.exists() and template.stat().st_uid == user_id and template.parent.stat().st_uid == user_id


def _make_template(
    template: Path, programs: Path, account: Account | None, *, owner: str, user: str, database: str, password: str
) -> None:
    workplace = Path(tempfile.mkdtemp(prefix="wipsie-postgres-new-"))
    try:
        hand_over(workplace, account)
        password_file = workplace / "password"
        password_file.write_text(password)
        password_file.chmod(0o644)
        data = workplace / "data"
        command = [
            str(programs / "initdb"),
            *("-D", str(data)),
            *("--username", owner, "--pwfile", str(password_file), "--auth", "scram-sha-256"),
            *("--encoding", "UTF8", "--locale", "C.UTF-8"),
            # A cluster for tests: were the machine to fail now, it would simply be made again.
            "--no-sync",
        ]
        run_to_end(command, folder=workplace, account=account)
        run_to_end(
            [str(programs / "postgres"), "--single", "-F", "-D", str(data), "postgres"],
            folder=workplace,
            account=account,
            text=f"CREATE ROLE {user} LOGIN CREATEDB PASSWORD '{password}';\nCREATE DATABASE {database} OWNER {user};\n",
        )
        password_file.unlink()
        try:
            workplace.rename(template.parent)
        except OSError:
            # Another process made it first, which is as good; anything else there is not ours to use.
            if not _is_ours(template, account.user_id if account else os.getuid()):
                raise
    finally:
        shutil.rmtree(workplace, ignore_errors=True)
