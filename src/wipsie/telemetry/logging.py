"""Structured logs: one line per event, with its ids, without personal data, from our code and from libraries alike.

Logging is a property of the process, as in the standard library: `configure_logging` replaces what was there before. Until
it is called, warnings and errors go to stderr. structlog is imported at the first line, so that a command that logs nothing
does not pay for it.
"""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Literal, cast

from wipsie.kernel.clock import Clock, SystemClock
from wipsie.kernel.errors import ConfigurationError
from wipsie.telemetry.lines import Fields, Render, compose, render_console, render_json

if TYPE_CHECKING:
    from structlog.typing import FilteringBoundLogger

LogFormat = Literal["json", "console"]

_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")

_CHATTY = ("aiosqlite", "alembic", "apscheduler", "asyncio", "mail.log", "sqlalchemy", "urllib3", "watchfiles")
"""Libraries whose INFO is our DEBUG."""

_LOUD = ("python_multipart",)
"""Libraries whose WARNING is our DEBUG: they write one for whatever strangers send."""

_WITH_OWN_HANDLERS = ("uvicorn", "uvicorn.error", "uvicorn.access")


class _Output:
    """Where lines go: a file, or stderr. Never raises: a full disk must not stop the work that is logged."""

    def __init__(self, file: BinaryIO | None) -> None:
        self._file = file
        self.lines_lost = 0

    def write(self, line: bytes) -> None:
        try:
            if self._file is not None:
                # One unbuffered append per line: lines of several processes do not mix.
                self._file.write(line)
            else:
                sys.stderr.write(line.decode("utf-8", "replace"))
                sys.stderr.flush()
        except (OSError, ValueError):
            self.lines_lost += 1

    def close(self) -> None:
        if self._file is not None:
            self._file.close()

    # structlog calls the method named like the level.
    debug = info = warning = warn = error = critical = exception = fatal = msg = write


class _Pipeline:
    """Everything one call of `configure_logging` decided."""

    def __init__(self, *, level: int, render: Render, output: _Output, clock: Clock) -> None:
        self.level = level
        self.output = output
        self._render = render
        self._clock = clock

    def line(self, fields: Fields, *, level: str, logger: str) -> bytes:
        return self._render(compose(fields, level=level, logger=logger, clock=self._clock))

    def process(self, _logger: Any, method: str, fields: Fields) -> bytes:
        """The one structlog processor: event in, finished line out."""
        level = "error" if method == "exception" else "warning" if method == "warn" else method
        return self.line(fields, level=level, logger=str(fields.get("logger", "")))

    def bound_logger(self, name: str) -> FilteringBoundLogger:
        import structlog

        lazy: FilteringBoundLogger = structlog.wrap_logger(
            self.output,
            processors=[structlog.contextvars.merge_contextvars, self.process],
            wrapper_class=structlog.make_filtering_bound_logger(self.level),
        )
        return lazy.bind(logger=name)


class _LibraryHandler(logging.Handler):
    """Brings the records of uvicorn, SQLAlchemy and others into the same lines."""

    def __init__(self, pipeline: _Pipeline) -> None:
        super().__init__(pipeline.level)
        self._pipeline = pipeline

    def emit(self, record: logging.LogRecord) -> None:
        try:
            fields: Fields = {"event": record.getMessage(), "exc_info": record.exc_info}
            self._pipeline.output.write(
                self._pipeline.line(fields, level=record.levelname.lower(), logger=record.name),
            )
        except Exception:
            self.handleError(record)


class _Process:
    """The pipeline of this process."""

    def __init__(self) -> None:
        self.pipeline = _Pipeline(level=logging.WARNING, render=render_json, output=_Output(None), clock=SystemClock())


_process = _Process()


class _Logger:
    """Looks up the bound logger of the current pipeline at each use, so that loggers may be made before configuring."""

    __slots__ = ("_bound", "_name", "_pipeline")

    def __init__(self, name: str) -> None:
        self._name = name
        self._pipeline: _Pipeline | None = None
        self._bound: FilteringBoundLogger | None = None

    def __getattr__(self, attribute: str) -> Any:
        pipeline = _process.pipeline
        if self._bound is None or self._pipeline is not pipeline:
            self._bound, self._pipeline = pipeline.bound_logger(self._name), pipeline
        return getattr(self._bound, attribute)


def get_logger(name: str) -> FilteringBoundLogger:
    """A logger: `log.info("Queue declared", queue="default")`. Cheap, may be called at import."""
    return cast("FilteringBoundLogger", _Logger(name))


def log_fields(**fields: object) -> None:
    """Put these fields on every line that this task, and what it starts from here on, logs; a line's own come first."""
    import structlog

    structlog.contextvars.bind_contextvars(**fields)


def _open(file: Path) -> BinaryIO:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        return file.open("ab", buffering=0)
    except OSError as error:
        raise ConfigurationError(
            f"Cannot write the log file {file}: {error.strerror or error}. Set LOG_FILE to a writable path, or leave it empty.",
            details={"setting": "LOG_FILE", "value": str(file)},
        ) from None


def configure_logging(
    level: str = "INFO",
    format: LogFormat = "json",  # noqa: A002 - the name of the setting
    file: Path | None = None,
    *,
    clock: Clock | None = None,
) -> None:
    """Send the logs of the whole process to `file` (appended) or stderr, from `level` upwards.

    ConfigurationError when the level or format is unknown or the file cannot be opened; the message names the setting.
    """
    level = level.upper()
    if level not in _LEVELS:
        raise ConfigurationError(
            f"LOG_LEVEL '{level}' is unknown; use one of {', '.join(_LEVELS)}.",
            details={"setting": "LOG_LEVEL", "value": level},
        )
    if format not in ("json", "console"):
        raise ConfigurationError(
            f"LOG_FORMAT '{format}' is unknown; use json or console.",
            details={"setting": "LOG_FORMAT", "value": format},
        )
    number = logging.getLevelNamesMapping()[level]
    pipeline = _Pipeline(
        level=number,
        render=render_json if format == "json" else render_console,
        output=_Output(_open(file) if file is not None else None),
        clock=clock or SystemClock(),
    )
    previous, _process.pipeline = _process.pipeline, pipeline

    root = logging.getLogger()
    for handler in [handler for handler in root.handlers if isinstance(handler, _LibraryHandler)]:
        root.removeHandler(handler)
    root.addHandler(_LibraryHandler(pipeline))
    root.setLevel(number)
    for name in _WITH_OWN_HANDLERS:
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
    for name in _CHATTY:
        logging.getLogger(name).setLevel(max(number, logging.WARNING) if number > logging.DEBUG else logging.INFO)
    for name in _LOUD:
        logging.getLogger(name).setLevel(logging.ERROR if number > logging.DEBUG else logging.WARNING)
    logging.captureWarnings(True)
    previous.output.close()
