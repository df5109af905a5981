"""Programs from outside Python: found, or installed by the system's packages when we may."""

from __future__ import annotations

import os
import shutil
import subprocess

INSTALLABLE = {"wrk": "wrk"}
"""Programs and their packages. The servers are the business of `scripts/servers.sh`, which `make bench` runs."""
_INSTALL_LIMIT_S = 180


def ensure_program(name: str) -> str | None:
    """The path of an `INSTALLABLE` program; on Debian and its children it is installed when missing and we are root. None
    otherwise."""
    found = shutil.which(name)
    if found is not None or os.geteuid() != 0 or shutil.which("apt-get") is None:
        return found
    install = ["apt-get", "install", "--yes", "--quiet", "--no-install-recommends", INSTALLABLE[name]]
    for command in (install, ["apt-get", "update", "--quiet"], install):
        try:
            subprocess.run(
                command,
                env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_INSTALL_LIMIT_S,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired):
            return None
        if (found := shutil.which(name)) is not None:
            return found
    return None
