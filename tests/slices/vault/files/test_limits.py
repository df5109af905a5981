"""What a reader of files may take and reach is held by the kernel, and given back afterwards."""

from __future__ import annotations

import os
import resource
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from wipsie.kernel.limits import MIB
from wipsie.slices.vault.domain.files.bounded import within_limits

LIMITS = (resource.RLIMIT_DATA, resource.RLIMIT_CPU, resource.RLIMIT_NOFILE)


def run(block: str) -> subprocess.CompletedProcess[str]:
    """In a process of its own: limits hold for all of one."""
    code = f"from wipsie.slices.vault.domain.files.bounded import within_limits\n{block}"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=False)


def test_too_much_memory_is_an_error_inside_and_none_afterwards() -> None:
    ended = run(
        "import resource\n"
        "try:\n"
        "    with within_limits(memory_bytes_max=200 << 20, cpu_s_max=20):\n"
        "        bytearray(300 << 20)\n"
        "except MemoryError:\n"
        "    bytearray(300 << 20)\n"
        "    print('refused, then given')\n"
    )
    assert ended.stdout == "refused, then given\n", ended.stderr


@pytest.mark.slow
def test_too_much_time_ends_the_process() -> None:
    ended = run("with within_limits(memory_bytes_max=200 << 20, cpu_s_max=1):\n    while True: pass\n")
    assert ended.returncode == -signal.SIGXCPU


def test_nothing_is_opened_inside(tmp_path: Path) -> None:
    # Loaded before: an import opens files.
    file = tmp_path / "open.txt"
    file.write_text("still readable")
    before = [resource.getrlimit(which) for which in LIMITS]
    with file.open() as opened, within_limits(memory_bytes_max=4096 * MIB, cpu_s_max=20, opens_nothing=True):
        with pytest.raises(OSError, match="Too many open files"):
            file.open()
        with pytest.raises(OSError, match="Too many open files"):
            socket.socket()
        with pytest.raises(OSError, match="Too many open files"):
            os.pipe()
        assert opened.read() == "still readable"
    assert [resource.getrlimit(which) for which in LIMITS] == before
    socket.socket().close()


def test_a_tighter_limit_stays() -> None:
    ended = run(
        "import resource\n"
        "resource.setrlimit(resource.RLIMIT_DATA, (100 << 20, 100 << 20))\n"
        "with within_limits(memory_bytes_max=512 << 20, cpu_s_max=20):\n"
        "    print(resource.getrlimit(resource.RLIMIT_DATA)[0] >> 20)\n"
    )
    assert ended.stdout == "100\n", ended.stderr
