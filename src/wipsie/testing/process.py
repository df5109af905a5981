"""A real Wipsie process under test: started on a free port with a folder of its own, stopped or killed, log at hand."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from http.client import HTTPConnection
from pathlib import Path
from subprocess import STDOUT, Popen, TimeoutExpired

from wipsie.kernel.clock import SystemClock
from wipsie.testing.eventually import eventually
from wipsie.testing.ports import HOST, free_port

START_S_MAX = 20.0
STOP_S_MAX = 15.0
_ANSWER_S_MAX = 2.0
_MOMENT_S = 0.02
_LOG_TAIL_CHARACTERS = 4000


def loopback_listener() -> socket.socket:
    """A listening socket on a free loopback port, for a server in this process. Named TCP, unlike those of
    `socket.create_server`: asyncio sends small answers at once for such sockets alone, and after 40 ms for others."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind((HOST, 0))
    listener.listen()
    return listener


class WipsieProcess:
    """One `wipsie …` process. Its environment holds only what is given here, never the developer's."""

    def __init__(
        self,
        arguments: Sequence[str],
        *,
        data_dir: Path,
        port: int | None = None,
        environment: Mapping[str, str] | None = None,
        command: Sequence[str] | None = None,
    ) -> None:
        """`arguments` follow the command, for example ``["up"]``. `data_dir` becomes WIPSIE_DATA_DIR and holds the log.
        `command` replaces the installed `wipsie` script, for example to run a driver script with the same care."""
        self.data_dir = data_dir
        self.port = port if port is not None else free_port()
        self._command = [*(command or [str(Path(sys.executable).with_name("wipsie"))]), *arguments]
        self._environment = {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.defpath}",
            "HOME": str(data_dir),
            "LANG": "C.UTF-8",
            "PYTHONUNBUFFERED": "1",
            "WIPSIE_DATA_DIR": str(data_dir),
            "API_HOST": HOST,
            "API_PORT": str(self.port),
            # A worker alone shows its health there.
            "METRICS_PORT": str(self.port),
            # A process more, which few tests want.
            "WHATSAPP_SIMULATOR_PORT": "off",
            **(environment or {}),
        }
        self._log_path = data_dir / f"process-{self.port}.log"
        self._process: Popen[bytes] | None = None

    @property
    def base_url(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def pid(self) -> int:
        return self._running().pid

    @property
    def return_code(self) -> int | None:
        """None while it runs; negative after a signal."""
        return self._running().poll()

    def log(self) -> str:
        """Everything the process has printed, over all its starts."""
        return self._log_path.read_text("utf-8", errors="replace") if self._log_path.exists() else ""

    def start(self) -> None:
        """Start the process and return at once."""
        self.data_dir.mkdir(parents=True, exist_ok=True)
        with self._log_path.open("ab") as log:
            # A session of its own: a signal to it reaches its children and nobody else.
            self._process = Popen(
                self._command,
                env=self._environment,
                stdout=log,
                stderr=STDOUT,
                cwd=self.data_dir,
                start_new_session=True,
            )

    async def wait_until_healthy(self, path: str = "/health", timeout_s: float = START_S_MAX) -> None:
        """Wait until `path` answers 200. AssertionError with the end of the log when the process ends or stays silent."""
        process = self._running()

        async def healthy() -> bool:
            if process.poll() is not None:
                raise RuntimeError(f"{self._command} ended with {process.returncode}:\n{self._log_tail()}")
            return await asyncio.to_thread(self._answers, path)

        try:
            await eventually(healthy, timeout_s, f"{self.base_url}{path} answers 200", interval_s=0.02)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self._log_tail()}") from None

    async def hold_midway(self, is_under_way: Callable[[], bool], timeout_s: float = 30.0) -> None:
        """Let it run for moments at a time until `is_under_way`; it stands still then, however quick it is, and however slow whoever
        looks. `go_on` lets it run again. AssertionError when that takes too long."""
        process, clock = self._running(), SystemClock()

        async def reached() -> bool:
            process.send_signal(signal.SIGCONT)
            await clock.sleep(_MOMENT_S)
            process.send_signal(signal.SIGSTOP)
            return is_under_way()

        await eventually(reached, timeout_s, "it is under way", interval_s=0.0)

    def go_on(self) -> None:
        """Let it run again."""
        self._running().send_signal(signal.SIGCONT)

    async def stop(self, timeout_s: float = STOP_S_MAX) -> int:
        """End it by SIGTERM, after `timeout_s` by SIGKILL; the return code."""
        process = self._running()
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                await asyncio.to_thread(process.wait, timeout_s)
            except TimeoutExpired:
                self.kill()
        return process.wait(timeout=STOP_S_MAX)

    def kill(self) -> None:
        """kill -9 of the process and its children; returns when it is gone."""
        process = self._running()
        # Gone already, children and all, is as good.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(timeout=STOP_S_MAX)

    async def wait(self, timeout_s: float) -> int:
        """Wait for its own end; the return code. AssertionError when it still runs after `timeout_s`."""
        process = self._running()
        try:
            return await asyncio.to_thread(process.wait, timeout_s)
        except TimeoutExpired:
            raise AssertionError(f"{self._command} still runs after {timeout_s} s:\n{self._log_tail()}") from None

    def _answers(self, path: str) -> bool:
        connection = HTTPConnection(HOST, self.port, timeout=_ANSWER_S_MAX)
        try:
            connection.request("GET", path)
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()

    def _log_tail(self) -> str:
        return self.log()[-_LOG_TAIL_CHARACTERS:]

    def _running(self) -> Popen[bytes]:
        if self._process is None:
            raise RuntimeError("The process was not started; call start() first.")
        return self._process
