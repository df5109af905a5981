"""migrate, settings, version, doctor, bench, and how errors are told."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

import wipsie as package
from wipsie.cli.main import main
from wipsie.cli.output import print_error
from wipsie.kernel.errors import QueueNotFound

Wipsie = Callable[..., Result]
WipsieJson = Callable[..., Any]


def test_migrate_applies_once_and_then_finds_nothing_to_do(wipsie: Wipsie, wipsie_json: WipsieJson) -> None:
    applied = wipsie_json("migrate")["applied"]
    assert applied[0] == "0001"
    assert wipsie_json("migrate")["applied"] == []
    assert "up to date" in wipsie("migrate").stdout


def test_the_version_is_the_packages(wipsie: Wipsie, wipsie_json: WipsieJson) -> None:
    assert wipsie("version").stdout == f"wipsie {package.__version__}\n"
    assert wipsie("--version").stdout == f"wipsie {package.__version__}\n"
    assert wipsie_json("version")["version"] == package.__version__


def test_settings_tells_values_but_no_secrets(
    wipsie_json: WipsieJson, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_KEY", "hunter2")
    shown = wipsie_json("settings")
    assert shown["WIPSIE_DATA_DIR"] == str(data_dir)
    assert shown["SECRET_KEY"] == "***"


def checks(result: Result) -> dict[str, str]:
    """Worst status by check."""
    order = ["ok", "warn", "fail"]
    found: dict[str, str] = {}
    for one in json.loads(result.stdout)["checks"]:
        found[one["check"]] = max(found.get(one["check"], "ok"), one["status"], key=order.index)
    return found


def test_doctor_finds_a_fresh_machine_healthy_and_changes_nothing(wipsie: Wipsie, data_dir: Path) -> None:
    result = wipsie("doctor", "--json")
    assert result.exit_code == 0
    assert set(checks(result).values()) == {"ok"}
    assert not data_dir.exists()


def test_doctor_tells_dead_letters_paused_queues_and_open_folders(
    wipsie: Wipsie, wipsie_json: WipsieJson, data_dir: Path
) -> None:
    wipsie_json("queue", "send", "default", "{}")
    wipsie_json("queue", "send", "default_dlq", "{}")
    wipsie_json("queue", "pause", "default")
    data_dir.chmod(0o755)
    result = wipsie("doctor", "--json")
    assert result.exit_code == 0
    assert checks(result) == checks(result) | {"queue": "warn", "data folder": "warn"}
    told = wipsie("doctor").stdout
    assert "wipsie queue resume default" in told
    assert "wipsie queue redrive default" in told
    assert "chmod 700" in told


def test_doctor_tells_a_misspelt_variable(wipsie: Wipsie, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("API_PROT", "9000")
    told = wipsie("doctor").stdout
    assert "API_PROT has no effect; did you mean API_PORT?" in told


@pytest.mark.parametrize(
    ("name", "value", "check"),
    [
        ("API_PORT", "many", "settings"),
        ("SMTP_URL", "smtp://127.0.0.1:9", "mail"),
        ("API_HOST", "no such host", "port"),
        ("SECRET_KEY", "changeme", "accounts"),
        ("QUEUE_URL", "redis://localhost", "queue"),
        ("LOG_FILE", "/", "log"),
        ("MAIL_TLS_KEY", "/no/such/key", "starttls"),
    ],
)
def test_doctor_fails_for_what_cannot_work_and_names_it(
    wipsie: Wipsie, monkeypatch: pytest.MonkeyPatch, name: str, value: str, check: str
) -> None:
    monkeypatch.setenv(name, value)
    result = wipsie("doctor", "--json")
    assert result.exit_code == 1
    assert checks(result)[check] == "fail"


def test_doctor_tells_a_port_somebody_else_has(wipsie: Wipsie, monkeypatch: pytest.MonkeyPatch) -> None:
    from wipsie.app.listening import open_listener

    listener = open_listener("127.0.0.1", 0)
    try:
        monkeypatch.setenv("API_PORT", str(listener.port))
        result = wipsie("doctor", "--json")
        assert checks(result)["port"] == "fail"
    finally:
        listener.close()


def test_doctor_looks_at_the_port_of_amazon_sqs_where_there_is_one(
    wipsie: Wipsie, monkeypatch: pytest.MonkeyPatch
) -> None:
    from wipsie.app.listening import open_listener

    assert "sqs port" not in checks(wipsie("doctor", "--json"))
    monkeypatch.setenv("SQS_ENDPOINT_PORT", "0")
    assert checks(wipsie("doctor", "--json"))["sqs port"] == "ok"
    listener = open_listener("127.0.0.1", 0)
    try:
        monkeypatch.setenv("SQS_ENDPOINT_PORT", str(listener.port))
        assert checks(wipsie("doctor", "--json"))["sqs port"] == "fail"
    finally:
        listener.close()
    monkeypatch.setenv("API_PORT", str(listener.port))
    assert checks(wipsie("doctor", "--json"))["sqs port"] == "fail", "the port of the API"


@pytest.mark.slow
def test_bench_measures_both_ways(wipsie_json: WipsieJson) -> None:
    measured = wipsie_json("bench", "--seconds", "0.2", "--senders", "20")
    assert measured["sent"] == measured["processed"] > 0


def test_an_error_is_one_sentence_with_its_code(capsys: pytest.CaptureFixture[str]) -> None:
    print_error(QueueNotFound("The queue 'x' does not exist.", details={"queue_name": "x"}), as_json=False)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == "The queue 'x' does not exist.  [QUEUE_NOT_FOUND]\n"


def test_an_error_in_json_is_the_envelope_of_the_api(
    wipsie: Wipsie, capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    wipsie("migrate")
    monkeypatch.setattr(sys, "argv", ["wipsie", "queue", "stats", "letters", "--json"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1
    error = json.loads(capfdbinary.readouterr().out)["error"]
    assert set(error) == {"code", "message", "details", "timestamp", "request_id"}
    assert error["code"] == "CONFIGURATION_ERROR"
