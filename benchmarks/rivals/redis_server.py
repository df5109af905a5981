"""A Redis of our own: a free port, a folder of its own, its log of writes on, ended by its process id."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.scenario import Skipped
from benchmarks.servers.process import free_port

SETTINGS = "appendonly yes, appendfsync everysec"
"""Redis' usual durable setting: up to a second of accepted tasks is lost in a power cut. Wipsie loses none."""
_START_S = 10.0


@contextmanager
def redis_server(directory: Path) -> Generator[str]:
    """A running Redis; gives its URL. Raises Skipped when there is no Redis here."""
    program = shutil.which("redis-server")
    if program is None:
        raise Skipped("needs redis-server (Debian, Ubuntu: apt-get install redis-server).")
    port = free_port()
    directory.mkdir(parents=True, exist_ok=True)
    options = {
        "port": str(port),
        "bind": "127.0.0.1",
        "dir": str(directory),
        "save": "",
        "appendonly": "yes",
        "appendfsync": "everysec",
        "daemonize": "no",
    }
    command = [program, *(part for name, value in options.items() for part in (f"--{name}", value))]
    with (directory / "redis.log").open("wb") as log:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        deadline = time.perf_counter() + _START_S
        while not _answers(port):
            if process.poll() is not None or time.perf_counter() > deadline:
                words = (directory / "redis.log").read_text("utf-8", errors="replace")[-1000:]
                raise RuntimeError(f"redis-server did not start: {words}")
            # Another program says only by answering that it is ready; bounded by the deadline above.
            time.sleep(0.01)
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
    except OSError:
        return False
