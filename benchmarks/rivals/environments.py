"""The rivals' own Python environments, beside the one this runs in: `.venv-rivals` and `.venv-rivals-arq`."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from benchmarks.scenario import Skipped

_LOOK_LIMIT_S = 30


@dataclass(frozen=True)
class Environment:
    """One environment; `kind` is the name of its lock file in `requirements/`."""

    kind: str

    @property
    def folder(self) -> Path:
        return Path(f"{sys.prefix}-{self.kind}")

    def program(self, name: str) -> str:
        """The path of a program of this environment."""
        return str(self.folder / "bin" / name)

    def version(self, package: str) -> str:
        """Version of an installed package. Raises Skipped, with the way to get it."""
        question = f"from importlib.metadata import version; print(version({package!r}))"
        try:
            answer = subprocess.run(
                [self.program("python"), "-c", question],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=_LOOK_LIMIT_S,
                check=True,
            )
        except (OSError, subprocess.SubprocessError):
            raise Skipped(
                f"needs {package} in {self.folder.name}; `make bench` installs it from requirements/{self.kind}.lock."
            ) from None
        return answer.stdout.strip()


RIVALS = Environment("rivals")
ARQ = Environment("rivals-arq")
