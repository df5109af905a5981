"""Whether a rival is installed, and in which version."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

from benchmarks.scenario import Skipped


def installed_version(package: str) -> str:
    """Version of an installed package. Raises Skipped, with the way to get it."""
    try:
        return version(package)
    except PackageNotFoundError:
        raise Skipped(f"needs {package}; `make bench` installs it from requirements/bench.lock.") from None
