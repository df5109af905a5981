"""One server process: started, waited for until it answers, stopped or killed by its id, gone with the test run."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import psutil

from wipsie.testing.servers.accounts import Account
from wipsie.testing.servers.last_will import LastWill
from wipsie.testing.servers.programs import SYSTEM_PATH

START_S_MAX = 45.0
STOP_S_MAX = 15.0
_POLL_S = 0.01
_LOG_TAIL_CHARACTERS = 3000


class ServerProcess:
    """Runs `command` in the foreground of a session of its own. Its environment holds only what is given."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        folder: Path,
        is_ready: Callable[[], bool],
        account: Account | None = None,
        stop_signal: signal.Signals = signal.SIGTERM,
        last_signal: signal.Signals = signal.SIGTERM,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """`is_ready` answers quickly whether the server does its work. `stop_signal` asks it to end in an orderly way,
        `last_signal` ends it at once when this process died (two seconds later SIGKILL follows)."""
        self._name = name
        self._command = list(command)
        self._folder = folder
        self._is_ready = is_ready
        self._account = account
        self._stop_signal = stop_signal
        self._last_signal = last_signal
        self._environment = {"PATH": SYSTEM_PATH, "HOME": str(folder), "LANG": "C.UTF-8", **(environment or {})}
        self._log_path = folder / f"{name}.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._will: LastWill | None = None

    @property
    def pid(self) -> int:
        """Its process id. RuntimeError while it does not run."""
        if self._process is None:
            raise RuntimeError(f"{self._name} does not run; call start() first.")
        return self._process.pid

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def log_tail(self) -> str:
        """The last of what it printed, over all its starts."""
        if not self._log_path.exists():
            return ""
        return self._log_path.read_text("utf-8", errors="replace")[-_LOG_TAIL_CHARACTERS:]

    def start(self) -> None:
        """Start it and return when it answers. RuntimeError, with the end of its log, when it ends or stays silent."""
        if self.is_running:
            raise RuntimeError(f"{self._name} runs already.")
        self._clear()
        with self._log_path.open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self._folder,
                user=self._account.user_id if self._account else None,
                group=self._account.group_id if self._account else None,
                extra_groups=[] if self._account else None,
                start_new_session=True,
            )
        self._will = LastWill(_end_by_force(self._process.pid, self._last_signal))
        try:
            self._wait_until_ready(self._process)
        except BaseException:
            self.kill()
            raise

    def stop(self) -> None:
        """End it in its orderly way, after a bound by force. Nothing happens when it does not run."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(self._stop_signal)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(STOP_S_MAX)
        self.kill()

    def kill(self) -> None:
        """kill -9 of the process and all its children; returns when they are gone."""
        if self._process is not None and self._process.poll() is None:
            family = _family(self._process.pid)
            self._process.kill()
            for relative in family:
                with contextlib.suppress(psutil.NoSuchProcess):
                    relative.kill()
            self._process.wait(STOP_S_MAX)
            _wait_until_gone(family)
        self._clear()

    def _clear(self) -> None:
        self._process = None
        if self._will is not None:
            self._will.withdraw()
            self._will = None

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + START_S_MAX
        while not self._is_ready():
            if process.poll() is not None:
                raise RuntimeError(f"{self._name} ended with {process.returncode} at its start:\n{self.log_tail()}")
            if time.monotonic() > deadline:
                raise RuntimeError(f"{self._name} did not answer within {START_S_MAX:g} s:\n{self.log_tail()}")
            # Another program says only by answering that it is ready; bounded by the deadline above.
            time.sleep(_POLL_S)


def run_to_end(
    command: Sequence[str],
    *,
    folder: Path,
    account: Account | None = None,
    environment: Mapping[str, str] | None = None,
    text: str | None = None,
) -> str:
    """Run a helper program to its end and return what it printed; `text` is its input.

    RuntimeError with its words when it fails or takes longer than `START_S_MAX`.
    """
    try:
        finished = subprocess.run(
            list(command),
            input=text or "",
            env={"PATH": SYSTEM_PATH, "HOME": str(folder), "LANG": "C.UTF-8", **(environment or {})},
            capture_output=True,
            cwd=folder,
            user=account.user_id if account else None,
            group=account.group_id if account else None,
            extra_groups=[] if account else None,
            timeout=START_S_MAX,
            text=True,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise RuntimeError(f"{Path(command[0]).name} did not end within {START_S_MAX:g} s.") from None
    if finished.returncode != 0:
        words = (finished.stderr + finished.stdout)[-_LOG_TAIL_CHARACTERS:]
        raise RuntimeError(f"{Path(command[0]).name} failed with {finished.returncode}:\n{words}")
    return finished.stdout


def process_exists(process_id: int) -> bool:
    """Whether a process with this id lives (a dead one nobody has collected yet does not)."""
    try:
        return psutil.Process(process_id).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _wait_until_gone(family: list[psutil.Process]) -> None:
    deadline = time.monotonic() + STOP_S_MAX
    while any(process_exists(relative.pid) for relative in family):
        if time.monotonic() > deadline:
            raise RuntimeError(f"Processes survive kill -9: {family}.")
        # Not our children, so nothing tells us of their end; bounded by the deadline above.
        time.sleep(_POLL_S)


def _family(process_id: int) -> list[psutil.Process]:
    try:
        return psutil.Process(process_id).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def _end_by_force(process_id: int, last_signal: signal.Signals) -> list[str]:
    # The server leads a process group of its own (start_new_session), so its id names the group too.
    script = 'kill -s "$1" "$2"; sleep 2; kill -s KILL -- "-$2"'
    return ["/bin/sh", "-c", script, "sh", last_signal.name.removeprefix("SIG"), str(process_id)]
