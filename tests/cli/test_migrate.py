"""`wipsie migrate`: up, down, and what it tells before."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from wipsie.database.migrator import revisions
from wipsie.kernel.errors import ConfigurationError, InvalidInput

Wipsie = Callable[..., Result]
WipsieJson = Callable[..., Any]
HEAD = revisions()[-1]
ABOVE_0002 = [one for one in revisions() if one > "0002"]


@pytest.fixture
def changed(wipsie: Wipsie) -> None:
    """There is a schedule, and an event of the audit log that tells of it."""
    wipsie("schedule", "add", "nightly", "default", "--cron", "0 2 * * *")


def tables(data_dir: Path) -> set[str]:
    with closing(sqlite3.connect(data_dir / "wipsie.db")) as connection:
        return {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


def test_it_goes_to_the_newest_or_to_a_revision_and_says_what_it_applied(
    wipsie: Wipsie, wipsie_json: WipsieJson, data_dir: Path
) -> None:
    assert wipsie("migrate", "--to", "0002").stdout == "Applied 0001, 0002.\n"
    assert "schedules" not in tables(data_dir)
    assert wipsie_json("migrate", "--to", "0003") == {"applied": ["0003"], "undone": [], "removed": []}
    assert wipsie("migrate", "--to", "0003").stdout == "Nothing to do: the database is at 0003.\n"
    assert wipsie_json("migrate")["applied"] == [one for one in revisions() if one > "0003"]
    assert wipsie("migrate").stdout == "Nothing to do: the database is up to date.\n"


def test_the_status_tells_the_revision_and_what_is_pending(
    wipsie: Wipsie, wipsie_json: WipsieJson, data_dir: Path
) -> None:
    assert wipsie("migrate", "--status").stdout.startswith(
        f"The database is empty; {len(revisions())} revisions are pending"
    )
    assert not (data_dir / "wipsie.db").exists()
    wipsie("migrate", "--to", "0002")
    assert wipsie_json("migrate", "--status") == {
        "current": "0002",
        "newest": HEAD,
        "pending": ABOVE_0002,
        "newer_than_code": False,
    }
    assert wipsie("migrate", "--status").stdout == f"The database is at 0002; pending: {', '.join(ABOVE_0002)}.\n"
    wipsie("migrate")
    assert "nothing is pending" in wipsie("migrate", "--status").stdout


def test_a_dry_run_shows_the_way_and_changes_nothing(
    changed: None, wipsie: Wipsie, wipsie_json: WipsieJson, data_dir: Path
) -> None:
    before = tables(data_dir)
    told = wipsie("migrate", "--to", "0002", "--dry-run").stdout
    assert "would be undone" in told
    assert "Schedules and leases." in told
    assert "  schedules: 1 row\n" in told
    assert "  audit_events: 1 row\n" in told
    assert "  workers: failed, processed, slots, stopped_at_ms in 0 rows\n" in told
    plan = wipsie_json("migrate", "--to", "0002", "--dry-run")
    assert (plan["dry_run"], plan["current"], plan["would_apply"]) == (True, HEAD, [])
    assert [one["revision"] for one in plan["would_undo"]] == ABOVE_0002[::-1]
    assert {"table": "schedules", "columns": [], "rows": 1} in plan["would_remove"]
    assert "Nothing to do." in wipsie("migrate", "--dry-run").stdout
    assert tables(data_dir) == before
    assert len(wipsie_json("schedule", "list")) == 1


def test_a_dry_run_of_the_way_up_tells_what_each_revision_brings(
    wipsie: Wipsie, wipsie_json: WipsieJson, data_dir: Path
) -> None:
    assert [one["revision"] for one in wipsie_json("migrate", "--dry-run")["would_apply"]] == revisions()
    told = wipsie("migrate", "--to", "0003", "--dry-run").stdout
    assert "would be applied" in told
    assert "Schedules and leases." in told
    assert not (data_dir / "wipsie.db").exists()


def test_down_needs_a_yes_and_says_what_will_be_gone(changed: None, wipsie: Wipsie, data_dir: Path) -> None:
    before = tables(data_dir)
    with pytest.raises(InvalidInput, match="add --yes") as refused:
        wipsie("migrate", "--to", "0006")
    assert refused.value.message.startswith(
        f"Undo {', '.join(one for one in reversed(revisions()) if one > '0006')}, and remove"
    )
    assert "rows hold there?" in refused.value.message
    assert tables(data_dir) == before


def test_down_with_a_yes_removes_what_it_said_and_nothing_else(
    changed: None, wipsie: Wipsie, wipsie_json: WipsieJson, data_dir: Path
) -> None:
    answer = wipsie_json("migrate", "--to", "0006", "--yes")
    assert answer["undone"] == [one for one in reversed(revisions()) if one > "0006"]
    assert {"table": "audit_events", "columns": [], "rows": 1} in answer["removed"]
    left = tables(data_dir)
    assert "audit_events" not in left
    assert "schedules" in left
    # On a file the next command makes it ready again, with the schedule and an empty log.
    assert [one["name"] for one in wipsie_json("schedule", "list")] == ["nightly"]
    assert wipsie_json("audit", "list") == []
    assert wipsie("migrate", "--to", "0001", "--yes").stdout.startswith(f"Undid {HEAD}, ")
    assert wipsie("migrate", "--to", "0001", "--yes").stdout == "Nothing to do: the database is at 0001.\n"


def test_whoever_works_here_is_told_of_before_it_goes_down(changed: None, wipsie: Wipsie, data_dir: Path) -> None:
    from wipsie.app.instances import InstanceFile
    from wipsie.kernel.clock import SystemClock

    running = InstanceFile(data_dir, roles=("api", "worker"), address=None, clock=SystemClock())
    running.write()
    try:
        assert "(api+worker). Stop it first." in wipsie("migrate", "--to", "0006", "--yes").stderr
    finally:
        running.remove()


def test_a_revision_that_is_not_there_is_refused(wipsie: Wipsie) -> None:
    for given in (["--to", "0999"], ["--to", "0999", "--dry-run"], ["--to", "0999", "--yes"]):
        with pytest.raises(InvalidInput, match="There is no revision '0999'"):
            wipsie("migrate", *given)
    with pytest.raises(InvalidInput, match="--status only tells"):
        wipsie("migrate", "--status", "--to", "0001")


def test_a_database_of_a_newer_version_is_told_and_not_taken_down(
    changed: None, wipsie: Wipsie, wipsie_json: WipsieJson, data_dir: Path
) -> None:
    with closing(sqlite3.connect(data_dir / "wipsie.db")) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
    assert "newer than" in wipsie("migrate", "--status").stdout
    assert wipsie_json("migrate", "--status")["newer_than_code"] is True
    assert wipsie_json("migrate")["applied"] == []
    with pytest.raises(ConfigurationError, match="only the newer version"):
        wipsie("migrate", "--to", "0006", "--yes")
    # Older code works on it all the same.
    assert len(wipsie_json("schedule", "list")) == 1
