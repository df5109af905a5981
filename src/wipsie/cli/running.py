"""From a command to a coroutine: settings read, process prepared, loop run."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

from wipsie.kernel.errors import ConfigurationError

if TYPE_CHECKING:
    from wipsie.app.settings import Settings

Result = TypeVar("Result")


def command_settings(*, quiet: bool = True) -> Settings:
    """Settings for a command that works on the data folder. `quiet`: only warnings are logged, unless LOG_LEVEL says
    DEBUG. ConfigurationError."""
    from wipsie.app.data_folder import prepare_data_folder
    from wipsie.app.process import log_format
    from wipsie.app.settings import load_settings
    from wipsie.telemetry.logging import configure_logging

    settings = load_settings()
    prepare_data_folder(settings.data_dir)
    level = settings.logging.level
    configure_logging("WARNING" if quiet and level == "INFO" else level, log_format(settings), None)
    return settings


def queue_settings() -> Settings:
    """`command_settings` for a command on queues that must be there. ConfigurationError when nothing is there yet."""
    from wipsie.app.queues import queue_file
    from wipsie.app.settings import load_settings

    settings = load_settings()
    file = queue_file(settings.queue.url)
    if file is not None and not file.exists():
        raise ConfigurationError(
            f"There are no queues at {file} yet; start Wipsie with `wipsie up`, or set WIPSIE_DATA_DIR to the folder of "
            "the one you mean.",
            details={"setting": "WIPSIE_DATA_DIR", "path": str(file)},
        )
    return command_settings()


def run(work: Coroutine[Any, Any, Result]) -> Result:
    """Run to the end; Ctrl-C cancels."""
    import asyncio

    return asyncio.run(work)
