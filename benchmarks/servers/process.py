"""Starts a server in a process of its own, waits until it answers, and stops it by its process id."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.cores import children_on
from wipsie.testing.ports import free_port

_STOP_S = 20.0


class ServerFailed(Exception):
    """The server did not start; the text holds its last words."""


@dataclass(frozen=True)
class Server:
    """A server that answers."""

    pid: int
    port: int
    start_s: float
    """From starting the process to its first good answer."""


@contextmanager
def serve(
    command: Sequence[str],
    *,
    port: int,
    directory: Path,
    environment: Mapping[str, str] | None = None,
    core: int | None = None,
    path: str = "/health",
    start_limit_s: float = 30.0,
) -> Generator[Server]:
    """A running server; pinned to `core` when given. With an `environment` it sees that and nothing else, and starts in
    `directory`. ServerFailed when `path` is not answered with 200 in time."""
    directory.mkdir(parents=True, exist_ok=True)
    log_path = directory / "server.log"
    with children_on(core), log_path.open("wb") as log:
        started = time.perf_counter()
        process = subprocess.Popen(
            command,
            env=environment,
            cwd=None if environment is None else directory,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        while not _answers(port, path):
            if process.poll() is not None or time.perf_counter() - started > start_limit_s:
                words = log_path.read_text("utf-8", errors="replace")[-2000:]
                raise ServerFailed(f"{' '.join(command)} did not answer GET {path}:\n{words}")
            # A server says only by answering that it is ready; this is the resolution of the start time.
            time.sleep(0.002)
        yield Server(process.pid, port, time.perf_counter() - started)
    finally:
        process.terminate()
        try:
            process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _answers(port: int, path: str) -> bool:
    """Whether a GET is answered with 200."""
    request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n"
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            connection.sendall(request.encode())
            return connection.recv(64).startswith(b"HTTP/1.1 200")
    except OSError:
        return False


@contextmanager
def serve_module(module: str, *, directory: Path, core: int | None = None, path: str = "/health") -> Generator[Server]:
    """A server module of this package."""
    port = free_port()
    command = [sys.executable, "-m", module, str(port)]
    with serve(command, port=port, directory=directory, core=core, path=path) as server:
        yield server


@contextmanager
def serve_wipsie(
    *,
    directory: Path,
    data: Path | None = None,
    settings: Mapping[str, str] | None = None,
    roles: str | None = None,
    core: int | None = None,
    path: str = "/health",
) -> Generator[Server]:
    """`wipsie up` with default settings but for `settings`, over `data` (a fresh folder below `directory` by default)."""
    port = free_port()
    environment = {
        # Settings and the .env file of whoever runs the benchmark must not change what is measured.
        **{name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ},
        "WIPSIE_DATA_DIR": str(data or directory / "wipsie"),
        "API_HOST": "127.0.0.1",
        "API_PORT": str(port),
        # It is there to try things out, and a process of its own.
        "WHATSAPP_SIMULATOR_PORT": "off",
        **(settings or {}),
    }
    if roles is not None:
        environment["WIPSIE_ROLES"] = roles
    command = [str(Path(sys.executable).parent / "wipsie"), "up"]
    with serve(command, port=port, directory=directory, environment=environment, core=core, path=path) as server:
        yield server
