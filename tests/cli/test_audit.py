"""`wipsie audit …`."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from wipsie.kernel.errors import ConfigurationError

Wipsie = Callable[..., Result]
WipsieJson = Callable[..., Any]


@pytest.fixture
def changed(wipsie: Wipsie) -> None:
    """A schedule was added, paused and removed."""
    wipsie("schedule", "add", "nightly", "default", "--cron", "0 2 * * *")
    wipsie("schedule", "pause", "nightly")
    wipsie("schedule", "remove", "nightly", "--yes")


def test_what_commands_change_is_in_the_log(changed: None, wipsie: Wipsie, wipsie_json: WipsieJson) -> None:
    events = wipsie_json("audit", "list")
    assert [(one["seq"], one["actor"], one["action"], one["object"]) for one in events] == [
        (3, "cli", "workers:schedule:remove", "schedule:nightly"),
        (2, "cli", "workers:schedule:pause", "schedule:nightly"),
        (1, "cli", "workers:schedule:put", "schedule:nightly"),
    ]
    assert events[1]["facts"] == {"was_enabled": True}
    assert "workers:schedule:pause" in wipsie("audit", "list", "--action", "workers:schedule:pause").stdout
    assert wipsie_json("audit", "list", "--object", "schedule:weekly") == []


def test_a_change_that_is_refused_leaves_no_event(changed: None, wipsie: Wipsie, wipsie_json: WipsieJson) -> None:
    with pytest.raises(Exception, match="no schedule"):
        wipsie("schedule", "resume", "nightly")
    assert len(wipsie_json("audit", "list")) == 3


def test_an_intact_log_is_called_so_and_a_changed_one_is_not(
    changed: None, wipsie: Wipsie, wipsie_json: WipsieJson, data_dir: Path
) -> None:
    assert wipsie("audit", "anchor").stdout == "Anchored at event 3.\n"
    assert wipsie("audit", "verify").stdout == "Intact: 3 events, checked against 1 anchor.\n"
    with closing(sqlite3.connect(data_dir / "wipsie.db")) as connection:
        connection.execute("DROP TRIGGER audit_events_are_not_removed")
        connection.execute("DELETE FROM audit_events WHERE seq = 2")
        connection.commit()
    result = wipsie("audit", "verify")
    assert result.exit_code == 1
    assert "Event 2 is missing." in result.stdout
    assert "NOT intact" in result.stdout
    result = wipsie("audit", "verify", "--json")
    assert result.exit_code == 1
    report = json.loads(result.stdout)
    assert (report["intact"], report["findings"][0]["problem"], report["findings"][0]["seq"]) == (False, "missing", 2)


def test_the_log_is_exported_line_by_line(changed: None, wipsie: Wipsie, tmp_path: Path) -> None:
    file = tmp_path / "audit.jsonl"
    wipsie("audit", "export", "--output", str(file), "--after", "1")
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert [line["seq"] for line in lines] == [2, 3]
    assert all(len(line["seal"]) == 64 for line in lines)
    assert [json.loads(line)["seq"] for line in wipsie("audit", "export").stdout.splitlines()] == [1, 2, 3]


def test_an_empty_log_is_intact(wipsie: Wipsie) -> None:
    assert wipsie("audit", "verify").stdout == "Intact: 0 events, checked against 0 anchors.\n"
    assert "nothing to anchor" in wipsie("audit", "anchor").stdout


def test_another_key_than_the_one_the_log_was_begun_with_changes_nothing(
    changed: None, wipsie: Wipsie, wipsie_json: WipsieJson, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUDIT_KEY", "ab" * 32)
    with pytest.raises(ConfigurationError, match="AUDIT_KEY"):
        wipsie("schedule", "add", "weekly", "default", "--cron", "@weekly")
    assert wipsie_json("schedule", "list") == []
    findings = json.loads(wipsie("doctor", "--json").stdout)["checks"]
    (found,) = [one for one in findings if one["check"] == "audit"]
    assert found["status"] == "fail"
    assert "AUDIT_KEY" in found["detail"]


def test_the_doctor_makes_no_key_where_the_one_of_the_log_is_missing(
    changed: None, wipsie: Wipsie, data_dir: Path
) -> None:
    key = data_dir / "secrets" / "audit.key"
    key.unlink()
    assert "AUDIT_KEY" in wipsie("doctor").stdout
    assert not key.exists()


def test_a_key_that_is_none_is_refused_without_showing_it(wipsie: Wipsie, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUDIT_KEY", "secret-but-short")
    with pytest.raises(ConfigurationError, match="AUDIT_KEY") as refused:
        wipsie("audit", "list")
    assert "secret-but-short" not in f"{refused.value.message} {refused.value.details}"
