"""The data folder: made for its owner alone, and checked before anything is opened in it."""

from __future__ import annotations

import os
from pathlib import Path

from wipsie.kernel.errors import ConfigurationError

PRIVATE_UMASK = 0o077
"""Files 0600, folders 0700: messages and results are nobody else's business."""


def prepare_data_folder(folder: Path) -> Path:
    """Make the folder when it is missing and set the umask of this process. ConfigurationError when it cannot be used."""
    os.umask(PRIVATE_UMASK)
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise _unusable(folder, error.strerror or str(error)) from None
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        raise _unusable(folder, "no permission to write there")
    return folder


def _unusable(folder: Path, reason: str) -> ConfigurationError:
    return ConfigurationError(
        f"The data folder {folder} cannot be used ({reason}); set WIPSIE_DATA_DIR to a folder you may write to.",
        details={"setting": "WIPSIE_DATA_DIR", "value": str(folder)},
    )
