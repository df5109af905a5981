"""`wipsie mail import`, `verify`, `reindex` and `export`."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from typer.testing import Result

from wipsie.kernel.errors import InvalidInput
from wipsie.slices.mail.service.importing.from_lines import from_line
from wipsie.testing.eventually import eventually
from wipsie.testing.process import WipsieProcess

Wipsie = Callable[..., Result]
WipsieJson = Callable[..., Any]
WRONG = 3
INTERRUPTED = 130


def mail(number: int) -> bytes:
    return (
        f"From: Ann <ann{number % 3}@example.org>\nDate: {1 + number % 28:02d} Sep 2023 11:38:21 +0000\n"
        f"Message-ID: <{number}@example.org>\nSubject: Report {number}\nMIME-Version: 1.0\n"
        "Content-Type: multipart/mixed; boundary=x\n\n--x\n\nFrom here on.\n--x\n"
        "Content-Disposition: attachment; filename=a.bin\n\nthe same\n--x--\n"
    ).encode()


def write_mbox(path: Path, count: int) -> Path:
    quoted = (mail(number).replace(b"\nFrom ", b"\n>From ") for number in range(count))
    path.write_bytes(b"".join(from_line("ann@example.org", 1_693_561_101) + one + b"\n" for one in quoted))
    return path


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    """An mbox file of six mails."""
    return write_mbox(tmp_path / "inbox.mbox", 6)


@pytest.fixture
def archived(wipsie_json: WipsieJson, inbox: Path) -> Path:
    """The same, archived."""
    wipsie_json("mail", "import", str(inbox), "--archive")
    return inbox


def documents(data_dir: Path) -> list[Path]:
    return sorted((data_dir / "blobs" / "emails").rglob("*.json"))


def test_an_import_archives_at_once_and_again_without_harm(
    wipsie: Wipsie, wipsie_json: WipsieJson, inbox: Path, data_dir: Path
) -> None:
    report = wipsie_json("mail", "import", str(inbox), "--archive")
    assert (report["found"], report["taken"], report["skipped"], report["skips"]) == (6, 6, 0, [])
    assert (report["archived"], report["interrupted"]) == (True, False)
    assert len(documents(data_dir)) == 6
    again = wipsie("mail", "import", str(inbox), "--archive")
    assert again.exit_code == 0
    assert "archived" in again.stdout
    assert len(documents(data_dir)) == 6
    assert wipsie("mail", "verify").exit_code == 0


def test_an_import_without_a_worker_waits_in_the_queue_and_says_so(
    wipsie: Wipsie, wipsie_json: WipsieJson, inbox: Path, data_dir: Path
) -> None:
    result = wipsie("mail", "import", str(inbox))
    assert result.exit_code == 0
    assert "No worker runs on this data folder" in result.stderr
    assert len(wipsie_json("queue", "peek", "mail")["messages"]) == 6
    assert documents(data_dir) == []


def test_rules_act_on_what_is_archived_at_once(wipsie: Wipsie, inbox: Path, data_dir: Path) -> None:
    wipsie("mail", "reindex")
    body = '{"conditions":[{"kind":"has_attachment"}],"actions":[{"kind":"tag","tag":"with-file"}]}'
    with contextlib.closing(sqlite3.connect(data_dir / "wipsie.db")) as database, database:
        database.execute(
            "INSERT INTO mail_rules (id, created_at_ms, updated_at_ms, version, position, name, enabled, body) "
            "VALUES ('mrl_1', 1, 1, 1, 1, 'Files', 1, ?)",
            (body,),
        )
    for _ in range(2):
        assert wipsie("mail", "import", str(inbox), "--archive").exit_code == 0
    with contextlib.closing(sqlite3.connect(data_dir / "wipsie.db")) as database:
        assert database.execute("SELECT tag, count(*) FROM mail_tags").fetchall() == [("with-file", 6)]


def test_what_is_not_taken_is_told_and_ends_with_1(wipsie: Wipsie, inbox: Path, tmp_path: Path) -> None:
    (tmp_path / "boxes").mkdir()
    inbox.rename(tmp_path / "boxes" / "inbox")
    (tmp_path / "boxes" / "noise").write_bytes(b"\0\1\2")
    result = wipsie("mail", "import", str(tmp_path / "boxes"), "--archive")
    assert result.exit_code == 1
    assert "it is neither a mail nor an mbox file" in result.stdout
    as_json = wipsie("mail", "import", str(tmp_path / "boxes"), "--archive", "--json")
    assert as_json.exit_code == 1
    assert json.loads(as_json.stdout)["skips"] == [
        {"where": str(tmp_path / "boxes" / "noise"), "reason": "it is neither a mail nor an mbox file"}
    ]


def test_a_path_that_is_not_there_is_wrong_usage(wipsie: Wipsie, tmp_path: Path) -> None:
    assert wipsie("mail", "import", str(tmp_path / "nothing")).exit_code == 2


@pytest.mark.usefixtures("archived")
def test_verify_ends_with_3_for_what_is_wrong_and_with_0_once_it_is_mended(
    wipsie: Wipsie, wipsie_json: WipsieJson, data_dir: Path
) -> None:
    report = wipsie_json("mail", "verify", "--quick")
    assert (report["well"], report["documents"], report["originals"], report["attachments"]) == (True, 6, 6, 1)
    (attachment,) = [path for path in (data_dir / "blobs" / "mail" / "attachments").rglob("*") if path.is_file()]
    attachment.unlink()
    wrong = wipsie("mail", "verify", "--quick")
    assert wrong.exit_code == WRONG
    assert "attachment missing" in wrong.stdout
    assert "Something is wrong" in wrong.stdout
    told = wipsie("mail", "verify", "--json")
    assert told.exit_code == WRONG
    found = json.loads(told.stdout)
    assert (found["found"]["attachment_missing"], found["mended"]["attachment_missing"]) == (1, 0)
    (finding,) = found["findings"]
    assert finding["key"] == str(attachment.relative_to(data_dir / "blobs"))
    mended = wipsie("mail", "verify", "--repair")
    assert mended.exit_code == 0
    assert "mended" in mended.stdout
    assert attachment.read_bytes() == b"the same"
    documents(data_dir)[0].unlink()
    assert wipsie("mail", "verify", "--repair").exit_code == WRONG


@pytest.mark.usefixtures("archived")
def test_reindex_builds_the_index_and_asks_before_anything_leaves_it(
    wipsie: Wipsie, wipsie_json: WipsieJson, data_dir: Path
) -> None:
    report = wipsie_json("mail", "reindex")
    assert (report["objects"], report["unchanged"], report["lost"]) == (6, 6, None)
    report = wipsie_json("mail", "reindex", "--from-scratch")
    assert (report["renewed"], report["lost"]) == (6, {"mails": 0, "arrivals": 0, "tags": 0})
    documents(data_dir)[0].unlink()
    with pytest.raises(InvalidInput, match=r"1 mail\(s\) have no document any more and leave the index"):
        wipsie("mail", "reindex", "--from-scratch")
    report = wipsie_json("mail", "reindex", "--from-scratch", "--yes")
    assert (report["renewed"], report["lost"]) == (5, {"mails": 1, "arrivals": 1, "tags": 0})
    (data_dir / "blobs" / "emails" / "2023" / "notes.txt").write_bytes(b"hello")
    result = wipsie("mail", "reindex")
    assert result.exit_code == 1
    assert "no mail has this key" in result.stdout


@pytest.mark.usefixtures("archived")
def test_an_export_is_what_was_imported(wipsie: Wipsie, wipsie_json: WipsieJson, tmp_path: Path) -> None:
    report = wipsie_json("mail", "export", "out.mbox")
    assert (report["mails"], report["format"], report["unreadable"]) == (6, "mbox", 0)
    content = (tmp_path / "out.mbox").read_bytes()
    assert content.count(b"\n>From here on.\n") == content.count(b"\nSubject: Report ") == 6
    assert report["bytes"] == len(content)
    again = wipsie_json("mail", "import", "out.mbox", "--archive")
    assert again["taken"] == 6
    assert wipsie_json("mail", "verify")["documents"] == 6
    with pytest.raises(InvalidInput, match="is there already"):
        wipsie("mail", "export", "out.mbox")
    assert wipsie("mail", "export", "out.mbox", "--yes").exit_code == 0


@pytest.mark.usefixtures("archived")
def test_an_export_of_some_mails_as_a_table(wipsie_json: WipsieJson, tmp_path: Path) -> None:
    report = wipsie_json(
        "mail", "export", "some.parquet", "--from", "2023-09-02", "--to", "2023-09-05", "--sender", "ann1@example.org"
    )
    assert (report["mails"], report["format"]) == (2, "parquet")
    table = pl.read_parquet(tmp_path / "some.parquet")
    assert table["subject"].to_list() == ["Report 1", "Report 4"]
    assert wipsie_json("mail", "export", "none", "--format", "parquet", "--from", "2024-01-01")["mails"] == 0


@pytest.mark.usefixtures("archived")
def test_a_mail_that_cannot_be_exported_is_told_and_ends_with_1(wipsie: Wipsie, data_dir: Path) -> None:
    next((data_dir / "blobs" / "mail" / "raw").rglob("*.eml")).unlink()
    result = wipsie("mail", "export", "out.mbox")
    assert result.exit_code == 1
    assert "its bytes are gone" in result.stdout
    assert "5 mail(s) in out.mbox" in result.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ("out.mbox", "--from", "yesterday"),
        ("out.mbox", "--to", "2023-02-30"),
        ("out.mbox", "--from", "2023-09-02", "--to", "2023-09-01"),
        ("nowhere/out.mbox",),
        ("out.mbox", "--sender", "ann\0@example.org"),
    ],
    ids=repr,
)
def test_an_export_that_cannot_be_is_refused_in_a_sentence(
    wipsie: Wipsie, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    with pytest.raises(InvalidInput):
        wipsie("mail", "export", *arguments)
    assert not (tmp_path / "out.mbox").exists()


def test_what_commands_do_with_the_archive_is_in_the_audit_log(
    wipsie: Wipsie, wipsie_json: WipsieJson, archived: Path
) -> None:
    del archived
    wipsie("mail", "export", "out.mbox")
    wipsie("mail", "verify", "--repair")
    wipsie("mail", "reindex")
    wipsie("mail", "verify")
    actions = [one["action"] for one in wipsie_json("audit", "list") if one["object"] == "mail:archive"]
    assert actions == [f"mail:archive:{verb}" for verb in ("reindex", "repair", "export", "import")]


StartWipsie = Callable[..., WipsieProcess]


@pytest.mark.slow
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGKILL], ids=lambda sent: sent.name)
async def test_an_import_that_is_interrupted_or_killed_is_run_again_beside_a_running_wipsie(
    start_wipsie: StartWipsie, tmp_path: Path, sent: signal.Signals
) -> None:
    count = 400
    inbox = write_mbox(tmp_path / "inbox.mbox", count)
    data_dir = tmp_path / "wipsie"
    wipsie = start_wipsie(["up"], data_dir=data_dir)
    await wipsie.wait_until_healthy()
    first = start_wipsie(["mail", "import", str(inbox)], data_dir=data_dir)
    originals = data_dir / "blobs" / "mail" / "raw"
    await first.hold_midway(lambda: sum(1 for _ in originals.rglob("*.eml")) > 20)
    os.kill(first.pid, sent)
    first.go_on()
    assert await first.wait(30) == (INTERRUPTED if sent is signal.SIGINT else -signal.SIGKILL)
    assert await start_wipsie(["mail", "import", str(inbox)], data_dir=data_dir).wait(60) == 0
    await eventually(lambda: len(documents(data_dir)) == count, 40, "everything is archived")
    # The index is written a moment after the last document.
    assert await start_wipsie(["mail", "verify"], data_dir=data_dir).wait(60) == 0
    await wipsie.stop()


def test_mails_from_and_to_somebody_are_erased(wipsie: Wipsie, wipsie_json: WipsieJson, archived: Path) -> None:
    del archived
    address = wipsie_json("mail", "erase", "nobody@example.org", "--yes")
    assert address == {"erased": 0, "to_erase": 0, "held": 0}
    looked = wipsie_json("mail", "erase", "Ann0@Example.org", "--dry-run")
    assert looked["to_erase"] == 2
    assert wipsie_json("mail", "erase", "ann0@example.org", "--yes")["erased"] == 2
    assert wipsie_json("mail", "erase", "ann0@example.org", "--yes")["erased"] == 0
    assert wipsie("mail", "verify").exit_code == 0


def test_mails_at_a_domain_and_below_it_are_erased(wipsie_json: WipsieJson, archived: Path) -> None:
    del archived
    assert wipsie_json("mail", "erase", "@ample.org", "--dry-run")["to_erase"] == 0
    assert wipsie_json("mail", "erase", " @Example.ORG", "--dry-run")["to_erase"] == 6
    assert wipsie_json("mail", "erase", "@org", "--yes") == {"erased": 6, "to_erase": 0, "held": 0}


@pytest.mark.usefixtures("archived")
@pytest.mark.parametrize("address", ["", " ", "@", "ann", "Ann <ann0@example.org>", "ann0@example.org\0", "x" * 400])
def test_what_is_no_address_is_refused_and_nothing_is_erased(
    wipsie: Wipsie, wipsie_json: WipsieJson, address: str
) -> None:
    with pytest.raises(InvalidInput, match="ADDRESS takes an address such as"):
        wipsie("mail", "erase", address, "--yes")
    assert wipsie_json("mail", "verify")["documents"] == 6
