"""A Redis of our own: a folder, a free port, every accepted write on disk unless the test says otherwise."""

from __future__ import annotations

import contextlib
import socket
import ssl
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from wipsie.testing.ports import HOST, free_port
from wipsie.testing.servers.programs import find_program
from wipsie.testing.servers.server_process import ServerProcess

HOW_TO_GET_IT = "Debian, Ubuntu: apt-get install redis-server; macOS: brew install redis."
_ANSWER_S_MAX = 1.0


@dataclass(frozen=True, kw_only=True)
class RedisTls:
    """What a Redis that speaks TLS needs: files in PEM format."""

    certificate: Path
    key: Path
    authority: Path
    """Whose certificates are trusted: the server's by its clients, and theirs by the server."""
    asks_clients: bool = False
    """Clients need a certificate of their own."""


class RedisServer:
    """One Redis server. Raises ServerMissing when Redis is not installed."""

    def __init__(
        self,
        directory: Path,
        *,
        appendonly: bool = True,
        appendfsync: str = "always",
        password: str | None = None,
        tls: RedisTls | None = None,
        is_cluster_node: bool = False,
        path: str | None = None,
    ) -> None:
        """`directory` holds the data and the log. `appendfsync`: always, everysec or no. With `tls` it speaks nothing
        else. A cluster node (Redis 7) holds no slots until it is given some. `path`: where to look for the program instead of
        PATH."""
        self.port = free_port()
        self._password = password
        self._tls = tls
        self._directory = directory
        options = {
            **({"port": str(self.port)} if tls is None else _tls_options(self.port, tls)),
            "bind": HOST,
            "dir": str(directory),
            "save": "",
            "appendonly": "yes" if appendonly else "no",
            "appendfsync": appendfsync,
            "daemonize": "no",
            **({"requirepass": password} if password is not None else {}),
            # Nodes talk on a port of their own, by default one that another server may have been given.
            **({"cluster-enabled": "yes", "cluster-port": str(free_port())} if is_cluster_node else {}),
        }
        self._process = ServerProcess(
            "redis",
            [
                find_program("redis-server", HOW_TO_GET_IT, path=path),
                *(part for name, value in options.items() for part in (f"--{name}", value)),
            ],
            folder=directory,
            is_ready=self._answers,
        )

    @property
    def pid(self) -> int:
        """The server's process id."""
        return self._process.pid

    def url(self, db: int = 0) -> str:
        """The URL of one of its numbered databases; with TLS it names the authority, and no certificate of the client."""
        login = f":{self._password}@" if self._password is not None else ""
        place = f"{login}{HOST}:{self.port}/{db}"
        if self._tls is None:
            return f"redis://{place}"
        return f"rediss://{place}?ssl_ca_certs={quote(str(self._tls.authority))}"

    def start(self) -> None:
        """Start it; after a stop or a kill on the same port and data."""
        self._directory.mkdir(parents=True, exist_ok=True)
        self._process.start()

    def stop(self) -> None:
        """Stop it in an orderly way: what was accepted is on disk."""
        self._process.stop()

    def kill(self) -> None:
        """kill -9. With `appendfsync` always, what was acknowledged is there at the next start."""
        self._process.kill()

    def _answers(self) -> bool:
        # While it still reads its log of writes, Redis answers LOADING.
        login = f"AUTH {self._password}\r\n" if self._password is not None else ""
        with contextlib.suppress(OSError), self._connected() as connection:
            connection.sendall(f"{login}PING\r\n".encode())
            answer = b""
            while b"+PONG\r\n" not in answer and b"-" not in answer:
                received = connection.recv(256)
                if not received:
                    return False
                answer += received
            return b"+PONG\r\n" in answer
        return False

    @contextlib.contextmanager
    def _connected(self) -> Generator[socket.socket]:
        with socket.create_connection((HOST, self.port), _ANSWER_S_MAX) as connection:
            if self._tls is None:
                yield connection
                return
            context = ssl.create_default_context(cafile=self._tls.authority)
            # Whose certificate it is matters to clients; here only whether the server answers.
            context.check_hostname = False
            if self._tls.asks_clients:
                context.load_cert_chain(self._tls.certificate, self._tls.key)
            with context.wrap_socket(connection) as secure:
                yield secure


def _tls_options(port: int, tls: RedisTls) -> dict[str, str]:
    return {
        "port": "0",
        "tls-port": str(port),
        "tls-cert-file": str(tls.certificate),
        "tls-key-file": str(tls.key),
        "tls-ca-cert-file": str(tls.authority),
        "tls-auth-clients": "yes" if tls.asks_clients else "no",
    }
