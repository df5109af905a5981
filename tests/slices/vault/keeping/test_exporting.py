"""What somebody takes with them is all they have, whole, and readable by others; nobody else gets at it, and it is gone after a day."""

from __future__ import annotations

import csv
import hashlib
import io
from typing import Any

import pytest
from export_runs import run
from fhir_rules import check_bundle
from hypothesis import given, settings
from hypothesis import strategies as st
from vault_room import BLOOD_TEST, BOTH, OpenRoom, VaultRoom

from wipsie.blobs import BlobStore
from wipsie.database.outbox import outbox_table
from wipsie.kernel import json
from wipsie.kernel.errors import Conflict
from wipsie.slices.vault.domain.dates.partial_date import PartialDate
from wipsie.slices.vault.domain.export.exported import ExportedFile, ExportedReport
from wipsie.slices.vault.domain.export.table import harmless, table_pieces
from wipsie.slices.vault.domain.fhir import bundle_pieces
from wipsie.slices.vault.domain.reports import ReportDetails
from wipsie.slices.vault.service.keeping import exporting
from wipsie.slices.vault.service.keeping.events import Viewer
from wipsie.slices.vault.store.tables import links_table, objects_table
from wipsie.workers.handler import Retry

CONTENT = b"x" * 700_000


def table_of(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def originals(files: dict[str, bytes]) -> dict[str, bytes]:
    return {name: content for name, content in files.items() if name.startswith("originals/")}


async def erase(room: VaultRoom, owner: str, report_id: str) -> None:
    ring = await room.ring()
    async with room.database.unit_of_work() as unit:
        await room.eraser.erase_reports(unit, ring, owner, [report_id], Viewer.owner(owner))


@BOTH
async def test_an_archive_has_the_originals_a_table_and_a_bundle(room: VaultRoom) -> None:
    owner, other = await room.owner(), await room.owner()
    pages = [await room.stage(owner, b"page one", name="scan 1.jpg", kind="jpeg"), await room.stage(owner, CONTENT)]
    await room.save(owner, pages)
    await room.saved(owner, b"second", details=ReportDetails(date=PartialDate(2024, 5), person="Asha", note="=1+1"))
    await room.saved(other, b"somebody else's")
    files = await room.export(owner)
    assert originals(files) == {
        "originals/00001-01.jpg": b"page one",
        "originals/00001-02.pdf": CONTENT,
        "originals/00002-01.pdf": b"second",
    }
    first, second = table_of(files["reports.csv"])
    assert (first["number"], first["date"], first["hospital"]) == ("1", "2025-11-03", "Lakeside Hospital")
    assert first["files"].split("\n") == ["originals/00001-01.jpg", "originals/00001-02.pdf"]
    assert first["names_as_sent"].split("\n") == ["scan 1.jpg", "report.pdf"]
    assert first["sha256"].split("\n")[1] == hashlib.sha256(CONTENT).hexdigest()
    assert (second["date"], second["person"], second["note"], second["files_missing"]) == (
        "2024-05",
        "Asha",
        "'=1+1",
        "0",
    )
    bundle = json.decode(files["fhir-bundle.json"])
    check_bundle(bundle, files)
    kinds = [entry["resource"]["resourceType"] for entry in bundle["entry"]]
    assert kinds == ["Patient", "Patient", "DocumentReference", "DocumentReference", "DocumentReference"]
    document = bundle["entry"][2]["resource"]
    assert document["type"] == {"coding": [{"system": "http://loinc.org", "code": "11502-2"}], "text": "Blood test"}
    assert document["author"] == [{"type": "Organization", "display": "Lakeside Hospital"}]
    assert document["context"] == {"period": {"start": "2025-11-03", "end": "2025-11-03"}}
    assert bundle["entry"][4]["resource"]["context"]["period"]["start"] == "2024-05"
    (ready,) = room.ready
    assert (ready.owner, ready.reports, ready.files, ready.missing) == (owner, 2, 3, 0)


async def test_an_archive_is_made_on_every_kind_of_store(open_room: OpenRoom, each_store: BlobStore) -> None:
    room = await open_room(each_store)
    owner = await room.owner()
    await room.saved(owner, CONTENT)
    assert originals(await room.export(owner)) == {"originals/00001-01.pdf": CONTENT}
    (key,) = [one for one in await room.keys_in_store() if one.startswith(f"exports/{owner}/")]
    assert b"reports.csv" not in (await room.blobs.get(key)).content


async def test_an_archive_of_nothing_is_one_all_the_same(room: VaultRoom) -> None:
    files = await room.export(await room.owner())
    assert list(files) == ["reports.csv", "fhir-bundle.json"]
    assert table_of(files["reports.csv"]) == []


async def test_what_is_deleted_is_in_no_archive(room: VaultRoom) -> None:
    owner = await room.owner()
    await room.saved(owner, b"one")
    await room.saved(owner, b"two")
    ring = await room.ring()
    async with room.database.unit_of_work() as unit:
        await room.eraser.delete(unit, ring, owner, 1, Viewer.owner(owner))
    assert list(originals(await room.export(owner)).values()) == [b"two"]


async def test_reports_in_several_portions_are_all_there_in_the_order_of_their_numbers(
    room: VaultRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "_PORTION", 3)
    owner = await room.owner()
    for number in range(7):
        await room.saved(owner, b"%d" % number)
    files = await room.export(owner)
    assert list(originals(files).values()) == [b"%d" % number for number in range(7)]
    assert [row["number"] for row in table_of(files["reports.csv"])] == [str(number) for number in range(1, 8)]


async def test_a_damaged_file_is_told_and_keeps_nobody_from_the_others(room: VaultRoom) -> None:
    owner = await room.owner()
    await room.saved(owner, b"one")
    await room.saved(owner, b"two")
    row = min(await room.rows(objects_table), key=lambda one: one["id"])
    await room.blobs.put(row["object_key"], b"no sealed object")
    files = await room.export(owner)
    assert list(originals(files).values()) == [b"two"]
    assert [one["files_missing"] for one in table_of(files["reports.csv"])] == ["1", "0"]
    assert room.ready[0].missing == 1
    check_bundle(json.decode(files["fhir-bundle.json"]), files)


@BOTH
async def test_a_job_that_runs_twice_makes_one_archive(room: VaultRoom) -> None:
    owner = await room.owner()
    await room.saved(owner)
    export_id = await room.request_export(owner)
    assert export_id is not None
    (message,) = await room.rows(outbox_table)
    assert json.decode(message["body"])["data"] == {"owner": owner, "export": export_id}
    results = [await run(room, owner, export_id) for _ in range(2)]
    assert results == [
        {"outcome": "made", "reports": 1, "files": 1, "missing": 0},
        {"outcome": "nothing_to_do"},
    ]
    assert len(room.ready) == len(await room.rows(links_table)) == 1
    actions = [event.action for event in await room.events() if event.object == f"export:{export_id}"]
    assert actions == ["vault:export:request", "vault:link:make", "vault:export:make"]


async def test_a_report_that_is_erased_while_it_is_exported_is_in_no_archive(
    room: VaultRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = await room.owner()
    saved = await room.saved(owner, b"one")
    await room.saved(owner, b"two")
    export_id = await room.request_export(owner)
    assert export_id is not None
    put_pieces = room.sealed.put_pieces

    async def put_and_erase(*arguments: Any) -> Any:
        sealed = await put_pieces(*arguments)
        await erase(room, owner, saved.report_id)
        return sealed

    with monkeypatch.context() as patch:
        patch.setattr(room.sealed, "put_pieces", put_and_erase)
        with pytest.raises(Retry):
            await run(room, owner, export_id)
    assert not [key for key in await room.keys_in_store() if key.startswith("exports/")]
    ready = await room.exporter.build(owner, export_id)
    assert ready is not None
    assert ready.reports == 1


async def test_what_is_erased_later_takes_the_archives_it_is_in_with_it(room: VaultRoom) -> None:
    owner = await room.owner()
    saved = await room.saved(owner)
    await room.export(owner)
    await erase(room, owner, saved.report_id)
    assert {row["wrapped_key"] for row in await room.rows(objects_table)} == {None}
    assert {row["revoked_at_ms"] for row in await room.rows(links_table)} == {room.clock.now_ms()}
    await room.eraser.remove_bytes()
    assert await room.keys_in_store() == set()


async def test_nobody_gets_an_archive_of_somebody_who_is_gone(room: VaultRoom) -> None:
    assert await room.exporter.build("own_gone", "obj_1") is None
    assert room.ready == []


async def test_a_commit_that_does_not_come_leaves_an_archive_nobody_opens_and_a_repeat_makes_it(
    room: VaultRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = await room.owner()
    await room.saved(owner)
    export_id = await room.request_export(owner)
    assert export_id is not None

    async def die(*_: object) -> None:
        raise Conflict("the database is away")

    with monkeypatch.context() as patch:
        patch.setattr(room.exporter, "_on_ready", die)
        with pytest.raises(Conflict):
            await room.exporter.build(owner, export_id)
    assert await room.rows(links_table) == []
    assert await room.exporter.build(owner, export_id) is not None


async def test_an_archive_is_gone_after_a_day(room: VaultRoom) -> None:
    owner = await room.owner()
    await room.saved(owner)
    await room.export(owner)
    room.clock.jump(86_399)
    await room.eraser.upkeep()
    assert len(await room.keys_in_store()) == 2
    room.clock.jump(1)
    await room.eraser.upkeep()
    assert len(await room.keys_in_store()) == 1
    assert len(await room.events("vault:export:erase")) == 1


@pytest.mark.slow
async def test_there_are_three_archives_of_somebody_at_a_time(room: VaultRoom) -> None:
    owner = await room.owner()
    for _ in range(3):
        await room.export(owner)
    assert await room.request_export(owner) is None
    assert await room.request_export(await room.owner()) is not None
    room.clock.jump(86_400)
    await room.eraser.upkeep()
    assert await room.request_export(owner) is not None


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+1",
        "-1",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        "  =1",
        "\uff1d1",
        "\u3000=1",
        '=HYPERLINK("http://x.example")',
    ],
)
def test_no_cell_is_a_formula(text: str) -> None:
    assert harmless(text) == f"'{text}"
    report = ExportedReport(id="r", number=1, saved_at_ms=0, details=ReportDetails(hospital=text), files=())
    (row,) = table_of(b"".join(table_pieces([report])))
    assert row["hospital"] == f"'{text}"


@pytest.mark.parametrize("text", ["", "Lakeside", "3-4", "a=b", "½", "'=1"])
def test_what_is_no_formula_stays_as_it_is(text: str) -> None:
    assert harmless(text) == text


_TEXT = st.none() | st.text(max_size=30)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.builds(
            ReportDetails,
            date=st.none()
            | st.builds(PartialDate, st.integers(1990, 2030), st.integers(1, 12), st.none() | st.integers(1, 28)),
            hospital=_TEXT,
            type=st.sampled_from([None, "blood_test", "imaging", "bill", "other", "vaccination"]),
            type_text=_TEXT,
            person=_TEXT,
            note=_TEXT,
        ),
        max_size=4,
    ),
    _TEXT,
)
def test_whatever_people_write_the_bundle_is_fhir_and_the_table_a_table(
    details: list[ReportDetails], name: str | None
) -> None:
    files: dict[str, bytes] = {}
    reports: list[ExportedReport] = []
    for number, one in enumerate(details, 1):
        path = f"originals/{number}.pdf"
        files[path] = content = b"%d" % number
        sha1 = hashlib.sha1(content, usedforsecurity=False).digest()
        sha256 = hashlib.sha256(content).digest()
        file = ExportedFile(
            id=f"f{number}", path=path, name=name, media_type="application/pdf", size=1, sha1=sha1, sha256=sha256
        )
        reports.append(ExportedReport(id=f"r{number}", number=number, saved_at_ms=0, details=one, files=(file,)))
    bundle = json.decode(b"".join(bundle_pieces(reports, owner="own_1", at_ms=1_759_586_400_000)))
    check_bundle(bundle, files)
    rows = table_of(b"".join(table_pieces(reports)))
    assert [row["number"] for row in rows] == [str(report.number) for report in reports]
    for row, report in zip(rows, reports, strict=True):
        assert row["note"].removeprefix("'") == (report.details.note or "").removeprefix("'")


def test_equal_reports_have_equal_names_in_every_archive() -> None:
    report = ExportedReport(id="r", number=1, saved_at_ms=0, details=BLOOD_TEST, files=())
    first, second = [json.decode(b"".join(bundle_pieces([report], owner="own_1", at_ms=at))) for at in (0, 1)]
    assert [entry["fullUrl"] for entry in first["entry"]] == [entry["fullUrl"] for entry in second["entry"]]
