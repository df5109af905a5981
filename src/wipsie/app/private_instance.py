"""A Wipsie of one's own for a while: a child process on a free port, with a temporary folder, gone afterwards."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from wipsie.app.instances import running_instances
from wipsie.app.settings.settings import all_variables
from wipsie.kernel.errors import Unavailable

START_S_MAX = 20.0
STOP_S_MAX = 15.0
_LOOK_EVERY_S = 0.02
_LOG_CHARACTERS = 2000


@dataclass(frozen=True)
class PrivateInstance:
    """Where it answers and where it keeps its data."""

    address: str
    data_dir: Path


@contextmanager
def private_instance() -> Generator[PrivateInstance]:
    """Run `wipsie up` with default settings while the block runs. Unavailable, with its log, when it does not start."""
    with tempfile.TemporaryDirectory(prefix="wipsie-demo-") as folder:
        data_dir = Path(folder)
        log_path = data_dir / "wipsie.log"
        # Every setting empty: neither the environment nor a .env may lead the demo to real queues or mail servers.
        defaults = {name: "" for declared in all_variables() for name in (declared.name, *declared.also)}
        environment = {**os.environ, **defaults, "WIPSIE_DATA_DIR": folder, "API_PORT": "0"}
        environment["WHATSAPP_SIMULATOR_PORT"] = "off"
        with log_path.open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "wipsie", "up"],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                # Ctrl-C is for the demo; it ends its Wipsie itself.
                start_new_session=True,
            )
        try:
            yield PrivateInstance(_wait_for_address(process, data_dir, log_path), data_dir)
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(STOP_S_MAX)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait_for_address(process: subprocess.Popen[bytes], data_dir: Path, log_path: Path) -> str:
    deadline = time.monotonic() + START_S_MAX
    while time.monotonic() < deadline and process.poll() is None:
        for one in running_instances(data_dir):
            if one.address is not None:
                return one.address
        try:
            process.wait(_LOOK_EVERY_S)
        except subprocess.TimeoutExpired:
            continue
    log = log_path.read_text("utf-8", errors="replace")[-_LOG_CHARACTERS:]
    raise Unavailable(f"The private Wipsie did not start; its log ends with:\n{log}")
