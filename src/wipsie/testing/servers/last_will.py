"""A command that runs when this process dies, however it dies: no server outlives a killed test run."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence

_UNTIL_WE_ARE_GONE = 'read -r _; exec "$@"'
_WITHDRAW_S_MAX = 5.0


class LastWill:
    """Runs `command` once this process has ended, unless `withdraw` came first.

    A small shell waits on a pipe whose other end this process holds; the kernel closes it at any death, kill -9 included.
    (The kernel's own parent-death signal will not do: it follows the thread that started the server, not the process.)
    """

    def __init__(self, command: Sequence[str]) -> None:
        reading, self._writing = os.pipe()
        try:
            self._shell = subprocess.Popen(
                ["/bin/sh", "-c", _UNTIL_WE_ARE_GONE, "sh", *command],
                stdin=reading,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd="/",
                # A Ctrl-C in the terminal is for the tests, not for their cleaner.
                start_new_session=True,
            )
        except BaseException:
            os.close(self._writing)
            raise
        finally:
            os.close(reading)

    def withdraw(self) -> None:
        """End the waiting shell; the command does not run. May be called again."""
        if self._shell.poll() is None:
            self._shell.kill()
        self._shell.wait(_WITHDRAW_S_MAX)
        if self._writing >= 0:
            os.close(self._writing)
            self._writing = -1
