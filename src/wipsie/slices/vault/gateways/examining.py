"""Files of strangers are looked at in a process with limits; when it dies of one, that is the verdict."""

from __future__ import annotations

import signal
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

from wipsie.slices.vault.domain.files import FileLimits, FileRefused, Verdict, examine_file_within_limits
from wipsie.workers.cpu_pool import CpuTaskCrashed

RunCpu = Callable[..., Awaitable[Any]]
"""`CpuPool.run`."""
EXAMINE_S_MAX: Final = 60.0
"""By the clock of the wall: a busy machine may give a job a third of a processor."""
_DIES_OF_A_FILE = frozenset(
    -number for number in (signal.SIGXCPU, signal.SIGABRT, signal.SIGSEGV, signal.SIGBUS, signal.SIGILL, signal.SIGTRAP)
)
"""How native code ends that ran into a limit or over its own feet. SIGKILL is not here: the system sends it to whoever is in the
way when memory is short."""


async def examine(
    run_cpu: RunCpu,
    path: Path,
    *,
    declared_type: str | None,
    name: str | None,
    limits: FileLimits,
    password: str | None = None,
) -> Verdict:
    """What the file at `path` is and whether it is taken. `name`: cleaned.

    OSError of the file; CpuTaskCrashed and TimeoutError when the machine, not the file, is the likely reason: try again later.
    """
    try:
        verdict: Verdict = await run_cpu(
            examine_path, path, declared_type, name, limits, password, timeout_s=EXAMINE_S_MAX
        )
    except CpuTaskCrashed as error:
        if error.exit_code not in _DIES_OF_A_FILE:
            raise
        return FileRefused(reason="too_heavy", detail=f"Its reader ended with signal {-error.exit_code}.")
    except MemoryError:
        # Of the pool's own limit, on the way to the file.
        return FileRefused(reason="too_heavy", detail="There was too little memory to look at it.")
    return verdict


def examine_path(
    path: Path, declared_type: str | None, name: str | None, limits: FileLimits, password: str | None = None
) -> Verdict:
    """The same in this process, which may die of it: what `examine` runs in the pool."""
    with path.open("rb") as file:
        content = file.read(limits.bytes_max + 1)
    return examine_file_within_limits(content, declared_type, name, limits, password)
