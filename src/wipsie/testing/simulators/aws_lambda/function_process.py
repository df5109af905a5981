"""A function in a process of its own, under the client that Amazon's Python runtime uses: ``python -m awslambdaric``."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from subprocess import STDOUT, Popen

_STOP_S_MAX = 15.0


class FunctionProcess:
    """``async with FunctionProcess(…):``; ended by force with the block, as Lambda ends its containers."""

    def __init__(
        self,
        *,
        folder: Path,
        handler: str,
        runtime_api: str,
        log: Path,
        environment: Mapping[str, str] | None = None,
        python: str | None = None,
        python_path: Path | None = None,
    ) -> None:
        """`folder`: the function's code, which becomes its working folder. `handler`: ``module.function``. `runtime_api`: the
        address of a `RuntimeApi`. Its environment is what is given here and what Lambda sets, never the developer's.
        `python`: another interpreter than this one; `python_path`: where it finds packages before its own."""
        self._folder = folder
        self._log_path = log
        self._command = [python or sys.executable, "-m", "awslambdaric", handler]
        self._environment = {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.defpath}",
            "HOME": str(log.parent),
            "TMPDIR": str(log.parent),
            "LANG": "C.UTF-8",
            "AWS_LAMBDA_RUNTIME_API": runtime_api,
            "AWS_LAMBDA_FUNCTION_NAME": handler.partition(".")[0],
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
            "LAMBDA_TASK_ROOT": str(folder),
            "PYTHONPATH": os.pathsep.join(str(one) for one in (python_path, folder) if one is not None),
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            **(environment or {}),
        }
        self._process: Popen[bytes] | None = None

    def log(self) -> str:
        """Everything it has printed."""
        return self._log_path.read_text("utf-8", errors="replace") if self._log_path.exists() else ""

    async def wait(self, timeout_s: float) -> int:
        """Wait for its own end; the return code. TimeoutExpired."""
        return await asyncio.to_thread(self._running().wait, timeout_s)

    async def __aenter__(self) -> FunctionProcess:
        self._process = await asyncio.to_thread(self._start)
        return self

    async def __aexit__(self, *_exception: object) -> None:
        process = self._running()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await asyncio.to_thread(process.wait, _STOP_S_MAX)

    def _start(self) -> Popen[bytes]:
        with self._log_path.open("ab") as log:
            # A session of its own, so that its children end with it.
            return Popen(
                self._command,
                cwd=self._folder,
                env=self._environment,
                stdout=log,
                stderr=STDOUT,
                start_new_session=True,
            )

    def _running(self) -> Popen[bytes]:
        if self._process is None:
            raise RuntimeError("The process was not started; use it in an async with block.")
        return self._process
