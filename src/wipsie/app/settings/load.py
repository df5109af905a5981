"""Where settings come from: the environment, and beneath it the file `.env` of the current folder."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from wipsie.app.settings.settings import Settings
from wipsie.kernel.errors import ConfigurationError

ENV_FILE = Path(".env")


def environment(env_file: Path | None = ENV_FILE) -> Mapping[str, str]:
    """The variables of this process over those of the file. ConfigurationError when the file cannot be read."""
    values: dict[str, str] = {}
    if env_file is not None and env_file.is_file():
        from dotenv import dotenv_values

        try:
            read = dotenv_values(env_file)
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigurationError(f"The settings file {env_file} cannot be read: {error}.") from None
        values = {name: value for name, value in read.items() if value is not None}
    return {**values, **os.environ}


def load_settings(env_file: Path | None = ENV_FILE) -> Settings:
    """The settings of this process. ConfigurationError, one sentence that names the variable."""
    return Settings.read(environment(env_file))
