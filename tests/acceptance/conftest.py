"""A real Wipsie, its real command line, and a slow receiver outside."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from wipsie.testing.process import WipsieProcess


@dataclass(frozen=True)
class Done:
    """What one command printed and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


async def _cli(process: WipsieProcess, *arguments: str, **environment: str) -> Done:
    """Run `wipsie <arguments>` on the data folder and port of a process."""
    command = [str(Path(sys.executable).with_name("wipsie")), *arguments]
    values = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(process.data_dir),
        "LANG": "C.UTF-8",
        "WIPSIE_DATA_DIR": str(process.data_dir),
        "API_PORT": str(process.port),
        **environment,
    }

    def run() -> Done:
        done = subprocess.run(
            command, env=values, cwd=process.data_dir, capture_output=True, text=True, timeout=60, check=False
        )
        return Done(done.returncode, done.stdout, done.stderr)

    return await asyncio.to_thread(run)


async def _call(
    process: WipsieProcess, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
) -> tuple[int, Any]:
    """One HTTP call: (status, decoded body; None for an empty one). ConnectionError, also when the connection ended within
    the answer."""

    def send() -> tuple[int, Any]:
        request = urllib.request.Request(  # noqa: S310 - our own server
            process.base_url + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json", **(headers or {})},
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
                raw = answer.read()
                return answer.status, json.loads(raw) if raw else None
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.loads(error.read())
        except http.client.HTTPException as error:
            raise ConnectionError("The answer was cut off.") from error

    return await asyncio.to_thread(send)


@pytest.fixture
def cli() -> Callable[..., Coroutine[Any, Any, Done]]:
    """`await cli(process, "queue", "stats")`: the real command on the data folder of a process."""
    return _cli


@pytest.fixture
def call() -> Callable[..., Coroutine[Any, Any, tuple[int, Any]]]:
    """`await call(process, "GET", "/path")`: (status, decoded body)."""
    return _call


@pytest.fixture
def run_statuses() -> Callable[[WipsieProcess, str], Coroutine[Any, Any, list[str]]]:
    """`await run_statuses(process, message_id)`: how the tries of a message ended."""

    async def read(process: WipsieProcess, message_id: str) -> list[str]:
        _, answer = await _call(process, "GET", f"/sqs/runs?message_id={message_id}")
        return [run["status"] for run in answer["runs"]]

    return read


class SlowReceiver:
    """A webhook receiver that answers when it is told to."""

    def __init__(self) -> None:
        self.called = threading.Event()
        self.may_answer = threading.Event()
        self.url = ""

    def message(self) -> dict[str, Any]:
        """A notification for this receiver."""
        data = {"recipient": self.url, "notification_type": "webhook", "body": "slow"}
        return {"queue_name": "notifications", "message": {"task_type": "notification", "data": data}}


@pytest.fixture
def slow_receiver() -> Iterator[SlowReceiver]:
    receiver = SlowReceiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            receiver.called.set()
            receiver.may_answer.wait(30)
            with contextlib.suppress(OSError):
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
            """Tests print for themselves."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver.url = f"http://127.0.0.1:{server.server_address[1]}/hook"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield receiver
    receiver.may_answer.set()
    server.shutdown()
    thread.join()
    server.server_close()
