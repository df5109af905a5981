"""An Amazon SQS of our own: moto's server in a process of its own. It keeps everything in memory."""

from __future__ import annotations

import importlib.util
import sys
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from wipsie.testing.servers.ports import HOST, server_port
from wipsie.testing.servers.programs import ServerMissing
from wipsie.testing.servers.server_process import ServerProcess

HOW_TO_GET_IT = "Install it into this environment: pip install 'moto[server]'."
_ANSWER_S_MAX = 1.0


class MotoServer:
    """One moto server. A stop or a kill loses what it held. Raises ServerMissing when moto is not installed."""

    def __init__(self, directory: Path) -> None:
        """`directory` holds its log."""
        if importlib.util.find_spec("moto") is None or importlib.util.find_spec("flask") is None:
            raise ServerMissing("moto", HOW_TO_GET_IT)
        self.port = server_port()
        self._directory = directory
        self._process = ServerProcess(
            "moto",
            [sys.executable, "-W", "ignore", "-m", "moto.server", "-H", HOST, "-p", str(self.port)],
            folder=directory,
            is_ready=self._answers,
        )

    @property
    def pid(self) -> int:
        """The server's process id."""
        return self._process.pid

    @property
    def endpoint_url(self) -> str:
        """What AWS clients take as their endpoint."""
        return f"http://{HOST}:{self.port}"

    def start(self) -> None:
        """Start it, empty, on the same port each time."""
        self._directory.mkdir(parents=True, exist_ok=True)
        self._process.start()

    def stop(self) -> None:
        """Stop it; what it held is gone."""
        self._process.stop()

    def kill(self) -> None:
        """kill -9; what it held is gone."""
        self._process.kill()

    def _answers(self) -> bool:
        connection = HTTPConnection(HOST, self.port, timeout=_ANSWER_S_MAX)
        try:
            connection.request("GET", "/moto-api/data.json")
            return connection.getresponse().status == 200
        except (OSError, HTTPException):
            return False
        finally:
            connection.close()
