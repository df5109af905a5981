"""Logs are lines a machine can read: ours and those of libraries, with ids, without personal data."""

import json
import logging
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from wipsie.kernel.errors import ConfigurationError
from wipsie.telemetry import correlation
from wipsie.telemetry.logging import configure_logging, get_logger


@pytest.fixture
def log_file(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "logs" / "wipsie.log"
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    configure_logging("INFO", "json", path)
    yield path
    configure_logging("WARNING", "json", None)
    logging.captureWarnings(False)
    root.handlers[:] = handlers
    root.setLevel(level)


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_line_carries_time_level_logger_ids_and_fields(log_file: Path):
    token = correlation.set_ids("req-1", "cor-1")
    get_logger("wipsie.test").info("Queue declared", queue="default", size=3)
    correlation.reset(token)
    (line,) = _lines(log_file)
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "level": "info",
        "logger": "wipsie.test",
        "event": "Queue declared",
        "request_id": "req-1",
        "correlation_id": "cor-1",
        "queue": "default",
        "size": 3,
    }


def test_lines_of_libraries_have_the_same_shape(log_file: Path):
    logging.getLogger("uvicorn.error").info("Started server process [%d]", 7)
    logging.getLogger("sqlalchemy.engine").info("SELECT 1")
    (line,) = _lines(log_file)
    assert (line["level"], line["logger"], line["event"]) == ("info", "uvicorn.error", "Started server process [7]")


def test_levels_below_the_chosen_one_are_left_out(log_file: Path):
    get_logger("wipsie.test").debug("Too fine")
    get_logger("wipsie.test").warning("Coarse enough")
    assert [line["event"] for line in _lines(log_file)] == ["Coarse enough"]


def test_an_exception_is_one_field_with_its_traceback_redacted(log_file: Path):
    try:
        raise ValueError("no such user ada@example.com")
    except ValueError:
        get_logger("wipsie.test").exception("Failed")
        logging.getLogger("library").exception("Failed too")
    for line in _lines(log_file):
        assert line["level"] == "error"
        assert line["exception"].startswith("Traceback")
        assert "a***@example.com" in line["exception"]
        assert "ada@" not in json.dumps(line)


def test_personal_data_is_masked_in_event_and_fields(log_file: Path):
    get_logger("wipsie.test").info("Mail to ada@example.com", password="hunter2", data={"phone": "491701234567"})
    (line,) = _lines(log_file)
    assert (line["event"], line["password"], line["data"]) == ("Mail to a***@example.com", "***", {"phone": "***67"})


def test_a_value_json_cannot_hold_does_not_lose_the_line(log_file: Path):
    get_logger("wipsie.test").info("Odd", text="\ud800", number=2**80, thing=object())
    (line,) = _lines(log_file)
    assert "Odd" in line["event"]


def test_a_logger_made_before_configuring_follows_the_configuration(log_file: Path, tmp_path: Path):
    logger = get_logger("wipsie.test")
    logger.info("first")
    configure_logging("ERROR", "json", tmp_path / "other.log")
    logger.info("second")
    logger.error("third")
    assert [line["event"] for line in _lines(log_file)] == ["first"]
    assert [line["event"] for line in _lines(tmp_path / "other.log")] == ["third"]


def test_bound_fields_stay_on_each_line(log_file: Path):
    logger = get_logger("wipsie.test").bind(worker="w1")
    logger.info("one")
    logger.info("two")
    assert [line["worker"] for line in _lines(log_file)] == ["w1", "w1"]


def test_warnings_of_python_become_lines(log_file: Path):
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("old call", UserWarning, stacklevel=1)
    (line,) = _lines(log_file)
    assert line["logger"] == "py.warnings"


def test_the_console_format_is_for_eyes(log_file: Path, capsys: pytest.CaptureFixture[str]):
    configure_logging("INFO", "console", None)
    get_logger("wipsie.test").info("Started", port=8000)
    assert "INFO    wipsie.test: Started  port=8000\n" in capsys.readouterr().err


def test_a_log_on_a_full_disk_does_not_stop_the_work(log_file: Path):
    configure_logging("INFO", "json", Path("/dev/full"))
    get_logger("wipsie.test").info("lost")


@pytest.mark.parametrize(
    ("level", "format_name", "file", "setting"),
    [
        ("LOUD", "json", None, "LOG_LEVEL"),
        ("INFO", "xml", None, "LOG_FORMAT"),
        ("INFO", "json", Path("/proc/nowhere/x.log"), "LOG_FILE"),
    ],
)
def test_a_wrong_setting_is_named(level: str, format_name: Any, file: Path | None, setting: str):
    with pytest.raises(ConfigurationError, match=setting):
        configure_logging(level, format_name, file)
