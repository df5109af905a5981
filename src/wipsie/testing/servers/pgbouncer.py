"""A PgBouncer of our own in front of a PostgresServer."""

from __future__ import annotations

import signal
import socket
from pathlib import Path

from wipsie.testing.ports import HOST, free_port
from wipsie.testing.servers import postgres as postgres_server
from wipsie.testing.servers.accounts import account_for, hand_over
from wipsie.testing.servers.postgres import PostgresServer
from wipsie.testing.servers.programs import find_program
from wipsie.testing.servers.server_process import ServerProcess

HOW_TO_GET_IT = "Debian, Ubuntu: apt-get install pgbouncer; macOS: brew install pgbouncer."
_CONNECT_S_MAX = 1.0


class PgBouncerServer:
    """Pools connections to all databases of `postgres`. Raises ServerMissing when PgBouncer is not installed."""

    def __init__(
        self, directory: Path, postgres: PostgresServer, *, pool_mode: str = "transaction", path: str | None = None
    ) -> None:
        """`directory` becomes the server's own (handed over as for PostgresServer). `pool_mode`: session, transaction or
        statement. `path`: where to look for the program instead of PATH."""
        self.port = free_port()
        self._directory = directory
        self._postgres = postgres
        self._pool_mode = pool_mode
        self._account = account_for("postgres")
        self._settings = directory / "pgbouncer.ini"
        self._process = ServerProcess(
            "pgbouncer",
            [find_program("pgbouncer", HOW_TO_GET_IT, path=path), str(self._settings)],
            folder=directory,
            is_ready=self._answers,
            account=self._account,
            stop_signal=signal.SIGTERM,
        )

    def url(self, database: str = postgres_server.DATABASE) -> str:
        """The URL of one database through the pooler."""
        return f"postgresql://{postgres_server.USER}:{postgres_server.PASSWORD}@{HOST}:{self.port}/{database}"

    def start(self) -> None:
        """Start it; after a stop on the same port."""
        hand_over(self._directory, self._account)
        users = self._directory / "users.txt"
        users.write_text(f'"{postgres_server.USER}" "{postgres_server.PASSWORD}"\n')
        self._settings.write_text(
            "[databases]\n"
            f"* = host={HOST} port={self._postgres.port}\n"
            "[pgbouncer]\n"
            f"listen_addr = {HOST}\n"
            f"listen_port = {self.port}\n"
            "unix_socket_dir =\n"
            "auth_type = scram-sha-256\n"
            f"auth_file = {users}\n"
            f"pool_mode = {self._pool_mode}\n"
            "max_client_conn = 200\n"
            "default_pool_size = 10\n"
        )
        for file in (users, self._settings):
            file.chmod(0o644)
        self._process.start()

    def stop(self) -> None:
        """Stop it at once; clients lose their connections."""
        self._process.stop()

    def _answers(self) -> bool:
        try:
            socket.create_connection((HOST, self.port), timeout=_CONNECT_S_MAX).close()
        except OSError:
            return False
        return True
