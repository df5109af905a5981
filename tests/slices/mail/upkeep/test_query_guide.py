"""The examples of docs/how-to/query-the-mail-archive.md work as they stand, on an archive as workers write it."""

from __future__ import annotations

import importlib
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from keepers import LETTER, Keepers, mail

from wipsie.kernel import json
from wipsie.slices.mail.domain.letter import Letter

PAGE = Path(__file__).parents[4] / "docs" / "how-to" / "query-the-mail-archive.md"
SENDERS = [
    ("John doe", 2),
    ("Ann 0 <ann0@example.org>", 1),
    ("Ann 28 <ann28@example.org>", 1),
    ("Ann 5 <ann5@example.org>", 1),
]
LAST_OF_JOHN = datetime(2023, 9, 1, 9, 38, 22, tzinfo=UTC)


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)


@pytest.fixture
async def archive(keepers: Keepers, monkeypatch: pytest.MonkeyPatch) -> Keepers:
    """Mails of two days and two kinds, in the folder the examples run in."""
    other = Letter(subject="a", sender="John doe", timestamp_s=1693561102, content="b", extra={"crm": {"id": [1, "2"]}})
    await keepers.file(
        LETTER, other, mail(0, attachment=b"x" * 5), mail(28, attachment=b"y" * 7), mail(5, attachment=b"z")
    )
    monkeypatch.chdir(keepers.desk.folder / "blobs")
    return keepers


async def test_polars_reads_the_archive_as_the_page_says(archive: Keepers) -> None:
    (block,) = blocks("python")
    names: dict[str, Any] = {}
    exec(compile(block, str(PAGE), "exec"), names)  # noqa: S102  the page is ours
    rows = names["senders"].to_dicts()
    assert [(row["email_sender"], row["mails"]) for row in rows] == SENDERS
    assert rows[0]["last"].replace(tzinfo=UTC) == LAST_OF_JOHN
    keys = await archive.keys("emails/2023/09/01")
    with_files = [key for key in keys if "attachments" in (await archive.desk.documents())[key].get("email_mime", {})]
    found = [(row["key"], row["name"], row["size"]) for row in names["attachments"].to_dicts()]
    assert sorted(size for _, _, size in found) == [5, 7]
    assert [(key, name) for key, name, _ in found] == [(key, "file.bin") for key in with_files]


async def test_duckdb_reads_the_archive_as_the_page_says(archive: Keepers) -> None:
    duckdb = importlib.import_module("duckdb")
    del archive
    senders, attachments = blocks("sql")
    connection = duckdb.connect()
    try:
        connection.sql("SET TimeZone = 'UTC'")
        rows = connection.sql(senders).fetchall()
        assert [(sender, count) for sender, count, _ in rows] == SENDERS
        assert rows[0][2].astimezone(UTC) == LAST_OF_JOHN
        found = connection.sql(attachments).fetchall()
        assert sorted(size for _, _, size in found) == [5, 7]
        assert {name for _, name, _ in found} == {"file.bin"}
    finally:
        connection.close()


async def test_the_table_of_athena_names_members_and_folders_that_are_there(archive: Keepers) -> None:
    (block,) = blocks("athena")
    properties = dict(re.findall(r"'([a-z.]+)' = '([^']+)'", block))
    (location,) = re.findall(r"LOCATION '([^']+)'", block)
    assert properties["storage.location.template"] == location + "${dt}/"
    assert properties["projection.dt.format"] == "yyyy/MM/dd"
    documents = await archive.desk.documents()
    for key, document in documents.items():
        # What the projection makes of the mail's day is the folder of its object.
        day = datetime.fromtimestamp(int(document["email_timestamp"]), UTC).strftime("%Y/%m/%d")
        folder = properties["storage.location.template"].replace("${dt}", day)
        assert f"s3://bucket/{key}".startswith(folder + "email-")
        # The serde reads one object from each line.
        content = (await archive.desk.blobs.get(key)).content
        assert content.count(b"\n") == 1
        assert json.decode(content) == document
    columns = re.findall(r"^    (email_\w+) ", block, re.MULTILINE)
    with_mime = next(one for one in documents.values() if "email_mime" in one)
    assert set(columns) == set(with_mime)
    struct = block.partition("struct<")[2].partition(">\n)")[0]
    names = re.findall(r"(\w+): (?!array<)", struct)
    assert set(names[:2]) <= set(with_mime["email_mime"])
    assert set(names[2:]) <= set(with_mime["email_mime"]["attachments"][0])


def test_the_table_of_an_export_is_told_column_by_column() -> None:
    from wipsie.slices.mail.service.exporting.parquet import table_schema

    told = PAGE.read_text("utf-8").partition("## As one table")[2]
    cells = " ".join(line.split("|")[1] for line in told.splitlines() if line.startswith("| `"))
    assert set(re.findall(r"`(\w+)`", cells)) == set(table_schema())
