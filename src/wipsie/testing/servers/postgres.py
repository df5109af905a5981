"""A PostgreSQL of our own: a new cluster in a folder, passwords asked for, killed and started again as a test likes."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

from wipsie.testing.ports import HOST, free_port
from wipsie.testing.servers.accounts import account_for, hand_over
from wipsie.testing.servers.certificates import Signed
from wipsie.testing.servers.postgres_cluster import make_cluster
from wipsie.testing.servers.programs import find_postgres_folder
from wipsie.testing.servers.server_process import ServerProcess, run_to_end

HOW_TO_GET_IT = "Debian, Ubuntu: apt-get install postgresql; macOS: brew install postgresql."
USER = "wipsie"
PASSWORD = "secret"  # of a server that lives as long as a test and listens on loopback
DATABASE = "wipsie"
_OWNER = "postgres"
_CONNECT_S_MAX = 1.0

_SETTINGS = {
    "listen_addresses": HOST,
    # No socket file: its path may be too long, and everything speaks TCP with a password.
    "unix_socket_directories": "",
    "shared_buffers": "32MB",
    "max_connections": "100",
    "log_destination": "stderr",
    "log_timezone": "UTC",
    "timezone": "UTC",
}


class PostgresServer:
    """One PostgreSQL server with the role and database `wipsie`. Durable as PostgreSQL is by default.

    Raises ServerMissing when PostgreSQL is not installed.
    """

    def __init__(self, directory: Path, *, settings: Mapping[str, str] | None = None, path: str | None = None) -> None:
        """`directory` becomes the server's own (run as root, it is handed to the account `postgres`, which must be able to
        reach it). `settings` are settings of postgresql.conf, such as ``{"fsync": "off"}``. `path`: where to look for the
        programs instead of PATH."""
        self.port = free_port()
        self._programs = find_postgres_folder(HOW_TO_GET_IT, path=path)
        self._directory = directory
        self._data = directory / "data"
        self._account = account_for("postgres")
        chosen = {**_SETTINGS, **(settings or {}), "port": str(self.port)}
        self._process = ServerProcess(
            "postgres",
            [
                str(self._programs / "postgres"),
                "-D",
                str(self._data),
                *(part for name, value in chosen.items() for part in ("-c", f"{name}={value}")),
            ],
            folder=directory,
            is_ready=self._answers,
            account=self._account,
            # Fast: open transactions are rolled back, connections closed, everything written.
            stop_signal=signal.SIGINT,
            last_signal=signal.SIGQUIT,
        )

    @property
    def pid(self) -> int:
        """The postmaster's process id."""
        return self._process.pid

    def url(self, database: str = DATABASE) -> str:
        """The URL of one database for the role `wipsie`, which owns it."""
        return f"postgresql://{USER}:{PASSWORD}@{HOST}:{self.port}/{database}"

    def start(self) -> None:
        """Start the server, the first time on a new cluster; afterwards on the same port and data."""
        if not self._data.exists():
            self._make_cluster()
        self._process.start()

    def stop(self) -> None:
        """Stop it in the fast mode: transactions are rolled back, connections closed."""
        self._process.stop()

    def kill(self) -> None:
        """kill -9 of the postmaster and of every process it started. The next start recovers from the log."""
        self._process.kill()

    def create_database(self, name: str, *, template: str | None = None) -> str:
        """Create a database owned by `wipsie`, empty or a copy of `template`; returns its URL."""
        copied = ""
        if template is not None:
            copied = f' TEMPLATE "{template}"'
            if self._release >= 15:
                # Copying files is several times as quick as writing their pages to the log first.
                copied += " STRATEGY file_copy"
        self.run_sql(f'CREATE DATABASE "{name}" OWNER {USER}{copied}')
        return self.url(name)

    def drop_database(self, name: str) -> None:
        """Drop a database and end the connections to it."""
        self.run_sql(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def run_sql(self, sql: str, *, database: str = "postgres") -> str:
        """Run `sql` as the server's owner (a superuser) and return what psql prints, without headers."""
        command = [str(self._programs / "psql"), "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", database]
        environment = {"PGHOST": HOST, "PGPORT": str(self.port), "PGUSER": _OWNER, "PGPASSWORD": PASSWORD}
        return run_to_end(
            command,
            folder=Path("/"),
            environment={**environment, "PGCONNECT_TIMEOUT": "5", "PGCLIENTENCODING": "UTF8"},
            text=sql,
        )

    @cached_property
    def _release(self) -> int:
        return int(self.run_sql("SHOW server_version_num")) // 10_000

    def _make_cluster(self) -> None:
        hand_over(self._directory, self._account)
        make_cluster(
            self._data,
            programs=self._programs,
            account=self._account,
            owner=_OWNER,
            user=USER,
            database=DATABASE,
            password=PASSWORD,
        )

    def _answers(self) -> bool:
        try:
            socket.create_connection((HOST, self.port), timeout=_CONNECT_S_MAX).close()
            return self.run_sql("SELECT 1").strip() == "1"
        except (OSError, RuntimeError):
            return False


def tls_settings(signed: Signed) -> dict[str, str]:
    """Settings of a server that shows this certificate. Its files become the server's: PostgreSQL refuses a key that
    others may read."""
    account = account_for("postgres")
    for file in (signed.certificate, signed.key):
        file.chmod(0o600)
        if account is not None:
            os.chown(file, account.user_id, account.group_id)
    return {"ssl": "on", "ssl_cert_file": str(signed.certificate), "ssl_key_file": str(signed.key)}
