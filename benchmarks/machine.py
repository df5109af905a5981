"""What the figures were measured on: without these facts a figure says nothing."""

from __future__ import annotations

import os
import platform
import subprocess
import time
from pathlib import Path

import apsw
import msgspec
import psutil

from benchmarks.statistics import median, percentile

_MEMORY_FILE_SYSTEMS = ("tmpfs", "ramfs")


class MachineFacts(msgspec.Struct, kw_only=True):
    """The machine, the versions and the disk of a run."""

    cpu: str
    cores: int
    memory_mb: int
    system: str
    python: str
    sqlite: str
    uvloop: str | None
    file_system: str
    fsync_median_ms: float
    """Time to append 4 KiB and bring it to the disk (fdatasync): the floor of every durable commit."""
    fsync_p99_ms: float
    load_average: float
    """Over one minute, before the run: much above 0.2 means that others used the machine."""
    python_probe_ms: float
    """A million additions in a Python loop, the best of five: how fast the processor is now. Shared machines drift."""
    commit: str | None
    steal_percent: float = 0.0
    """Processor time that the host took from this virtual machine during the run."""

    @property
    def warnings(self) -> list[str]:
        """Why the figures of this run may not be worth comparing."""
        found: list[str] = []
        if self.file_system in _MEMORY_FILE_SYSTEMS:
            found.append("The data folder is in memory: durable writes cost nothing here. Use --directory on a disk.")
        if self.fsync_median_ms < 0.02:
            found.append("The disk answers fsync faster than a disk can: durability may be switched off below.")
        if self.load_average > 0.5:
            found.append(f"Other programs used the machine (load average {self.load_average:.1f} before the run).")
        if self.steal_percent > 3:
            found.append(f"The host kept {self.steal_percent:.0f} % of the processor time to itself: run again later.")
        return found


def machine_facts(directory: Path) -> MachineFacts:
    """Look at this machine and at the disk below `directory`."""
    latencies_ms = fsync_latencies_ms(directory)
    return MachineFacts(
        cpu=_cpu_model(),
        cores=len(os.sched_getaffinity(0)),
        memory_mb=psutil.virtual_memory().total // 2**20,
        system=f"{platform.system()} {'.'.join(platform.release().split('.')[:2])} {platform.machine()}",
        python=f"{platform.python_implementation()} {platform.python_version()}",
        sqlite=apsw.sqlite_lib_version(),
        uvloop=_uvloop_version(),
        file_system=file_system_of(directory),
        fsync_median_ms=round(median(latencies_ms), 3),
        fsync_p99_ms=round(percentile(latencies_ms, 0.99), 3),
        load_average=round(os.getloadavg()[0], 2),
        python_probe_ms=round(min(_python_probe_ms() for _ in range(5)), 1),
        commit=_commit(),
    )


def processor_times_s() -> tuple[float, float]:
    """Processor time of this machine since its start: (all of it, stolen by the host)."""
    times = psutil.cpu_times()
    return sum(times), times.steal


def _python_probe_ms() -> float:
    started = time.perf_counter()
    total = 0
    for number in range(1_000_000):
        total += number
    return (time.perf_counter() - started) * 1000


def fsync_latencies_ms(directory: Path, *, writes: int = 200) -> list[float]:
    """Milliseconds that each append of 4 KiB with fdatasync took."""
    path = directory / "fsync-probe"
    block = os.urandom(4096)
    latencies: list[float] = []
    descriptor = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
    try:
        for _ in range(writes):
            started = time.perf_counter()
            os.write(descriptor, block)
            os.fdatasync(descriptor)
            latencies.append((time.perf_counter() - started) * 1000)
    finally:
        os.close(descriptor)
        path.unlink()
    return latencies


def file_system_of(directory: Path) -> str:
    """Type of the file system that holds a folder, for example ``ext4``."""
    inside = [
        partition
        for partition in psutil.disk_partitions(all=True)
        if directory.resolve().is_relative_to(partition.mountpoint)
    ]
    # Of mounts on the same point the latest one is seen.
    return max(reversed(inside), key=lambda one: len(one.mountpoint)).fstype if inside else "unknown"


def _cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or "unknown"


def _uvloop_version() -> str | None:
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.__version__


def _commit() -> str | None:
    try:
        answer = subprocess.run(
            ["git", "describe", "--always", "--dirty"],
            cwd=Path(__file__).parent,
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return answer.stdout.strip()
