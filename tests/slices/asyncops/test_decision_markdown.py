"""Promises of decisions as Markdown over HTTP: what is exported can be imported, bad texts are refused in a sentence, and
folders come in whole, however often."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from wipsie.auth.principal import Principal
from wipsie.slices.asyncops.service.decisions.folder import DecisionFolder, FileReport, RecordFile
from wipsie.slices.asyncops.slice import build_decision_folder

if TYPE_CHECKING:
    from wipsie.testing.office import Answer, Desk, Office

RECORD = """---
status: accepted
date: 2026-03-04
decision-makers: Ann, Grandmother
---

# Keep queues in SQLite

## Context and Problem Statement

One command shall do.

## Considered Options

* SQLite
* PostgreSQL

## Decision Outcome

Chosen option: "SQLite", because it is there.
"""
HOSTILE = "<script>alert(1)</script> # ## [x](javascript:alert(1)) `a` --- \u202b"
OLD = "# 1. Use files\n\nDate: 2016-02-12\n\n## Status\n\nSuperseded by [2. Use SQLite](0002-use-sqlite.md)\n\n## Decision\n\nFiles.\n"
NEW = "# 2. Use SQLite\n\n## Status\n\nAccepted\n\nSupersedes [1](0001-use-files.md)\n\n## Decision\n\nSQLite.\n"


async def _imported(desk: Desk, text: str | bytes, query: str = "", **headers: str) -> Answer:
    body = text if isinstance(text, bytes) else text.encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await desk.ask("POST", f"/api/decisions/import{query}", body, {"Content-Type": "text/markdown", **named})


async def test_a_record_becomes_a_decision_with_its_status_and_its_day(office: Office) -> None:
    answer = await _imported(office["lea"], RECORD, "?source=0007-keep-queues.md")
    made = answer.ok(201)
    assert (made["status"], made["decided_on"], made["chosen_title"]) == ("accepted", "2026-03-04", "SQLite")
    assert [one["name"] for one in made["decision_makers"]] == ["Ann", "Grandmother"]
    assert (made["number"], made["source"], made["frozen"]) == ("DEC-1", "0007-keep-queues.md", True)
    listed = (await office["ann"].get("/api/decisions?source=0007-keep-queues.md")).ok()["data"]
    assert listed == [(await office["ann"].get(answer.headers["Location"])).ok()]


@pytest.mark.parametrize("path", ["DEC-1.md", "DEC-1"])
async def test_what_is_exported_is_what_was_imported(office: Office, path: str) -> None:
    made = await _imported(office["lea"], RECORD)
    made.ok(201)
    for reference in (path, path.replace("DEC-1", made.body["id"])):
        shown = await office["otto"].get(f"/api/decisions/{reference}", Accept="text/markdown, */*")
        assert shown.headers["Content-Type"] == "text/markdown; charset=utf-8"
        assert shown.ok() == RECORD
    (await office["otto"].get("/api/decisions/DEC-9.md")).refused(404, "NOT_FOUND")


async def test_json_is_answered_to_whoever_asks_for_it_first(office: Office) -> None:
    (await _imported(office["lea"], RECORD)).ok(201)
    for accepted in ("*/*", "application/json", "application/json, text/markdown"):
        assert (await office["ann"].get("/api/decisions/DEC-1", Accept=accepted)).ok()["number"] == "DEC-1"


async def test_export_and_import_are_stable_for_hostile_texts(office: Office) -> None:
    written: dict[str, Any] = {
        "title": "# <b>Hostile</b> ## --- `x`",
        "context": f"---\n# One\n## Two\n```\nopen\n{HOSTILE}",
        "drivers": [HOSTILE.strip(), "* a", "## b"],
        "options": [
            {"title": "Decision Outcome", "description": f"* Good, because\n### x\n{HOSTILE}", "pros": ["because"]}
        ],
        "chosen": 0,
        "outcome": f'Chosen option: "B"\n<!-- hidden\n{HOSTILE}',
        "decision_makers": ["a, b", "x: y", "'q'"],
        "notes": "## More Information",
    }
    written["drivers"][0] = written["drivers"][0].replace("\u202b", "")
    (await office["ann"].post("/api/decisions", written)).ok(201)
    once = (await office["ann"].get("/api/decisions/DEC-1.md")).ok()
    again = (await _imported(office["ann"], once)).ok(201)
    assert (await office["ann"].get("/api/decisions/DEC-2.md")).ok() == once
    assert (again["title"], again["chosen_title"], len(again["drivers"])) == (written["title"], "Decision Outcome", 3)


async def test_members_import_proposals_and_leads_what_is_decided(office: Office) -> None:
    (await _imported(office["ann"], RECORD)).refused(403, "FORBIDDEN")
    (await _imported(office["otto"], RECORD)).refused(403, "FORBIDDEN")
    proposal = RECORD.replace("accepted", "proposed")
    made = (await _imported(office["ann"], proposal)).ok(201)
    assert (made["status"], made["created_by"]["name"], made["frozen"]) == ("proposed", "Ann", False)


async def test_the_same_text_of_the_same_file_is_taken_once(office: Office) -> None:
    first = await _imported(office["lea"], RECORD, "?source=1.md")
    again = await _imported(office["lea"], RECORD, "?source=1.md")
    assert (again.ok(200), again.etag) == (first.ok(201), first.etag)
    other = (await _imported(office["lea"], RECORD + "\nMore.\n", "?source=1.md")).refused(409, "CONFLICT")
    assert other.details["number"] == "DEC-1"
    keyed = await _imported(office["lea"], RECORD, Idempotency_Key="k")
    replayed = await _imported(office["lea"], RECORD, Idempotency_Key="k")
    assert replayed.ok(201) == keyed.ok(201)
    assert len(await office["lea"].all_pages("/api/decisions")) == 2


async def test_the_same_file_twice_at_once_is_taken_once(office: Office) -> None:
    answers = await asyncio.gather(*(_imported(office["lea"], RECORD, "?source=1.md") for _ in range(4)))
    assert sorted(answer.status for answer in answers) == [200, 200, 200, 201]
    assert len(await office["lea"].all_pages("/api/decisions")) == 1


@pytest.mark.parametrize(
    ("text", "field"),
    [
        (b"\xff\xfe", "body"),
        ("  \n", "body"),
        ("x" * 200_001, "body"),
        ("---\nstatus: draft\n---\n\nno title", "title"),
        (f"# {'x' * 201}", "title"),
        ("# a\u0000b", "title"),
        ("# T\n\n## Context\n\n" + "x" * 20_001, "context"),
        ("---\ndecision-makers: " + ", ".join(f"p{number}" for number in range(101)) + "\n---\n# T", "decision_makers"),
        ("---\ndecision-makers: usr_nobody\n---\n# T", "decision_makers"),
    ],
    ids=str,
)
async def test_a_record_that_cannot_be_taken_is_refused_in_a_sentence(
    office: Office, text: str | bytes, field: str
) -> None:
    refused = (await _imported(office["lea"], text)).refused(422, "VALIDATION_ERROR")
    assert refused.details["field"] == field
    assert await office["lea"].all_pages("/api/decisions") == []


async def test_what_is_no_markdown_is_refused(office: Office) -> None:
    wrong = await office["lea"].ask("POST", "/api/decisions/import", {"title": "x"})
    assert wrong.refused(422, "VALIDATION_ERROR").details["field"] == "Content-Type"
    (await _imported(office["lea"], RECORD, "?colour=red")).refused(422, "VALIDATION_ERROR")


# -------------------------------------------------------------------------------------------------------------- folders


def _folder(office: Office) -> DecisionFolder:
    return build_decision_folder(office.parts.database, office.clock)


async def _take(office: Office, files: dict[str, str]) -> list[FileReport]:
    seen: list[FileReport] = []
    who = Principal(kind="cli", id="", role="admin", extents=office.parts.rights.of("admin"))
    records = [RecordFile(name=name, text=text) for name, text in files.items()]
    reports = await _folder(office).take_in(who, records, seen.append)
    assert seen == reports
    return reports


async def _texts(office: Office) -> dict[str, str]:
    found: dict[str, str] = {}

    async def keep(name: str, text: str) -> None:
        found[name] = text

    assert await _folder(office).write_out(keep) == len(found)
    return found


async def test_a_folder_comes_in_with_who_supersedes_whom_and_a_second_time_changes_nothing(office: Office) -> None:
    files = {"0001-use-files.md": OLD, "0002-use-sqlite.md": NEW, "0003-keep.md": RECORD}
    assert [one.what for one in await _take(office, files)] == ["made"] * 3
    old = (await office["ann"].get("/api/decisions/DEC-1")).ok()
    new = (await office["ann"].get("/api/decisions/DEC-2")).ok()
    assert (old["status"], old["superseded_by"]["number"], old["superseded_text"]) == ("superseded", "DEC-2", "")
    assert (new["status"], [one["number"] for one in new["supersedes"]]) == ("accepted", ["DEC-1"])
    before = await office["ann"].all_pages("/api/decisions")
    assert [one.what for one in await _take(office, files)] == ["unchanged"] * 3
    assert await office["ann"].all_pages("/api/decisions") == before


async def test_a_folder_that_was_written_out_comes_in_as_it_was(office: Office) -> None:
    await _take(office, {"0001-use-files.md": OLD, "0002-use-sqlite.md": NEW, "0003-keep.md": RECORD})
    written = await _texts(office)
    assert list(written) == ["0001-use-files.md", "0002-use-sqlite.md", "0003-keep-queues-in-sqlite.md"]
    assert "status: superseded by [DEC-2](0002-use-sqlite.md)" in written["0001-use-files.md"]
    # Here it is known already; elsewhere it makes the same records.
    assert [one.what for one in await _take(office, written)] == ["unchanged"] * 3
    assert await _texts(office) == written


async def test_a_file_that_changed_since_is_told_and_left_alone(office: Office) -> None:
    await _take(office, {"a.md": RECORD})
    (report,) = await _take(office, {"a.md": RECORD.replace("One command", "Two commands")})
    assert (report.what, report.number) == ("differs", "DEC-1")
    assert "One command" in (await _texts(office))["0001-keep-queues-in-sqlite.md"]


async def test_a_bad_file_does_not_keep_back_the_others(office: Office) -> None:
    reports = await _take(office, {"bad.md": f"# {'x' * 300}", "good.md": RECORD})
    assert [one.what for one in reports] == ["refused", "made"]
    assert reports[0].reason is not None
    assert "title" in reports[0].reason


async def test_records_that_supersede_each_other_in_a_circle_are_taken_without_the_circle(office: Office) -> None:
    one = OLD.replace("0002-use-sqlite.md", "b.md")
    other = OLD.replace("0002-use-sqlite.md", "a.md")
    self_made = OLD.replace("0002-use-sqlite.md", "c.md")
    await _take(office, {"a.md": one, "b.md": other, "c.md": self_made})
    found = {one["number"]: one["superseded_by"] for one in await office["ann"].all_pages("/api/decisions")}
    assert found["DEC-1"]["number"] == "DEC-2"
    assert (found["DEC-2"], found["DEC-3"]) == (None, None)
