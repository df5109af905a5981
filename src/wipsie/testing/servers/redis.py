"""A Redis of our own: a folder, a free port, every accepted write on disk unless the test says otherwise."""

from __future__ import annotations

import contextlib
import socket
from pathlib import Path

from wipsie.testing.servers.ports import HOST, server_port
from wipsie.testing.servers.programs import find_program
from wipsie.testing.servers.server_process import ServerProcess

HOW_TO_GET_IT = "Debian, Ubuntu: apt-get install redis-server; macOS: brew install redis."
_ANSWER_S_MAX = 1.0


class RedisServer:
    """One Redis server. Raises ServerMissing when Redis is not installed."""

    def __init__(
        self,
        directory: Path,
        *,
        appendonly: bool = True,
        appendfsync: str = "always",
        password: str | None = None,
        path: str | None = None,
    ) -> None:
        """`directory` holds the data and the log. `appendfsync`: always, everysec or no. `path`: where to look for
        the program instead of PATH."""
        self.port = server_port()
        self._password = password
        self._directory = directory
        options = {
            "port": str(self.port),
            "bind": HOST,
            "dir": str(directory),
            "save": "",
            "appendonly": "yes" if appendonly else "no",
            "appendfsync": appendfsync,
            "daemonize": "no",
            **({"requirepass": password} if password is not None else {}),
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
        """The URL of one of its numbered databases."""
        login = f":{self._password}@" if self._password is not None else ""
        return f"redis://{login}{HOST}:{self.port}/{db}"

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
        with contextlib.suppress(OSError), socket.create_connection((HOST, self.port), _ANSWER_S_MAX) as connection:
            connection.sendall(f"{login}PING\r\n".encode())
            answer = b""
            while b"+PONG\r\n" not in answer and b"-" not in answer:
                received = connection.recv(256)
                if not received:
                    return False
                answer += received
            return b"+PONG\r\n" in answer
        return False
