"""Expand first, contract later: code of every release works on every later schema."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from contractions import complaint, contractions, steps_that_take_away
from sample_rows import as_table, in_order, sample_rows
from schema_shapes import ColumnShape, Schema, TableShape
from sqlalchemy import delete, insert, select, tuple_, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

import wipsie
from wipsie.database import Database
from wipsie.database.migrator import BASE, MIGRATIONS, migrate, revisions
from wipsie.kernel.clock import SystemClock

FILES = sorted((MIGRATIONS / "versions").glob("[0-9]*.py"))
BATCH = 1_000
"""Numbers of rows: those that old code writes are none of those that are there."""


def name(path: Path) -> str:
    return path.name


# ---------------------------------------------------------------------------------------------------- schemas and files


def test_no_revision_takes_away_what_code_of_the_release_before_needs(schemas: dict[str, Schema]) -> None:
    complaints: list[str] = []
    for before, file in zip([BASE, *revisions()], FILES, strict=False):
        found = contractions(schemas[before], schemas[file.name[:4]])
        if (said := complaint(file, found, version=wipsie.__version__)) is not None:
            complaints.append(said)
    assert not complaints


@pytest.mark.parametrize("file", FILES, ids=name)
def test_no_revision_removes_renames_or_changes_rows_unless_it_says_since_when_it_may(file: Path) -> None:
    found = steps_that_take_away(file.read_text("utf-8"))
    assert complaint(file, found, version=wipsie.__version__) is None


@pytest.mark.parametrize("file", FILES, ids=name)
def test_a_revision_has_both_ways_and_knows_no_rooms(file: Path) -> None:
    tree = ast.parse(file.read_text("utf-8"))
    assert {"upgrade", "downgrade"} <= {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    imported: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            imported.update(one.name.partition(".")[0] for one in node.names)
        elif isinstance(node, ast.ImportFrom):
            imported.add((node.module or "").partition(".")[0])
    assert "wipsie" not in imported, "A room's tables move on, and the revision must not: write the DDL out."


TABLE = TableShape(
    columns=(
        ColumnShape("id", "TEXT", nullable=False),
        ColumnShape("note", "TEXT", nullable=True, default="''"),
        ColumnShape("count", "INTEGER", nullable=False, default="0"),
    ),
    primary_key=("id",),
    rules={"uq_things_note": "UNIQUE (note)"},
    indexes={"ix_things_count": "CREATE INDEX ix_things_count ON things (count)"},
)


def schema(table: TableShape) -> Schema:
    return Schema(tables={"things": table}, functions={}, others={})


def changed(index: int, **values: Any) -> TableShape:
    columns = list(TABLE.columns)
    columns[index] = replace(columns[index], **values)
    return replace(TABLE, columns=tuple(columns))


@pytest.mark.parametrize(
    ("after", "word"),
    [
        (replace(TABLE, columns=TABLE.columns[:2]), "things.count is gone"),
        (changed(1, name="notes"), "things.note is gone"),
        (changed(2, type="SMALLINT"), "was INTEGER and is SMALLINT"),
        (changed(1, nullable=False), "NULL any more"),
        (changed(2, default=None), "lost its default"),
        (changed(1, generated=True), "written any more"),
        (
            replace(TABLE, columns=(*TABLE.columns, ColumnShape("new", "TEXT", nullable=False))),
            "things.new is new and must be given",
        ),
        (replace(TABLE, primary_key=("id", "note")), "primary key"),
        (replace(TABLE, rules={}), "uq_things_note of things is gone"),
        (
            replace(TABLE, rules={**TABLE.rules, "ck_things_count": "CHECK (count > 0)"}),
            "ck_things_count of things is new",
        ),
        (replace(TABLE, indexes={}), "ix_things_count is gone"),
    ],
)
def test_each_way_to_take_something_away_is_seen(after: TableShape, word: str) -> None:
    (found,) = contractions(schema(TABLE), schema(after))
    assert word in found


def test_a_table_that_is_gone_is_seen_and_additions_are_welcome() -> None:
    assert contractions(schema(TABLE), Schema({}, {}, {})) == ["the table things is gone"]
    new = (ColumnShape("a", "TEXT", nullable=True), ColumnShape("b", "INTEGER", nullable=False, default="1"))
    more = replace(TABLE, columns=(*TABLE.columns, *new), indexes={**TABLE.indexes, "ix_new": "CREATE INDEX ix_new …"})
    assert contractions(schema(TABLE), schema(more)) == []
    assert contractions(Schema({}, {}, {}), schema(TABLE)) == []


FORM = """
from alembic import op
_OLD = "DELETE FROM things"
_TRIGGER = "CREATE TRIGGER t BEFORE DELETE ON things BEGIN UPDATE others SET a = 1; END"
def upgrade():
    {up}
def helper():
    op.drop_table("things")
def downgrade():
    op.drop_table("things")
    op.execute(_OLD)
"""


@pytest.mark.parametrize(
    ("up", "word"),
    [
        ("op.drop_column('things', 'note')", "drop_column"),
        ("op.drop_table('things')", "drop_table"),
        ("op.rename_table('things', 'objects')", "rename_table"),
        ("op.alter_column('things', 'note', nullable=False)", "alter_column"),
        ("batch.drop_column('note')", "drop_column"),
        ("helper()", "drop_table"),
        ("op.create_unique_constraint('uq', 'things', ['note'])", "create_unique_constraint"),
        ("op.execute(_OLD)", "DELETE"),
        ("op.execute('UPDATE things SET note = 1')", "UPDATE"),
        ("op.execute('alter table things\\\\n drop column note')", "DROP"),
        ("op.execute(f'ALTER TABLE {x} RENAME TO objects')", "RENAME"),
    ],
)
def test_each_step_that_takes_away_is_seen_in_the_text_of_a_revision(up: str, word: str) -> None:
    assert any(word in line for line in steps_that_take_away(FORM.format(up=up)))


@pytest.mark.parametrize(
    "up",
    [
        "op.add_column('things', c)",
        "op.create_table('others')",
        "op.execute(_TRIGGER)",
        "op.create_table('others'); op.create_foreign_key('fk', 'others', 'things', ['a'], ['id'])",
    ],
)
def test_additions_in_the_text_of_a_revision_are_welcome(up: str) -> None:
    assert steps_that_take_away(FORM.format(up=up)) == []


def test_a_revision_may_take_away_what_no_release_needs_any_more(tmp_path: Path) -> None:
    file = tmp_path / "0042_tests_things.py"
    file.write_text('revision = "0042"\n')
    said = complaint(file, ["the table things is gone"], version="0.5.0")
    assert said is not None
    assert "contracts_after" in said
    file.write_text('revision = "0042"\ncontracts_after = "0.4.0"\n')
    assert complaint(file, ["the table things is gone"], version="0.4.1") is None
    said = complaint(file, ["the table things is gone"], version="0.4.0")
    assert said is not None
    assert "after 0.4.0" in said
    assert complaint(file, [], version="0.1.0") is None


# --------------------------------------------------------------------------------------------- old code on later schemas


@pytest.mark.slow
async def test_every_later_schema_takes_the_statements_of_an_older_release(
    url: str, schemas: dict[str, Schema]
) -> None:
    shapes = list(distinct(schemas))
    assert len(shapes) >= len(schemas[revisions()[-1]].tables)
    expected: dict[tuple[str, str], list[str]] = {}
    for later in revisions():
        await migrate(url, to=later)
        database = Database(url, clock=SystemClock(), pool_size=1, max_overflow=0)
        await database.start()
        for revision, table in shapes:
            if revision > later:
                continue
            async with database.engine.connect() as connection:
                outcome = await use(connection, schemas[revision], table)
                await connection.rollback()
            # Some statements are refused by design, such as changes of the audit log: then they always were.
            assert outcome == expected.setdefault((revision, table), outcome), (
                f"{table} as code of {revision} uses it works differently at {later}"
            )
        await database.stop()
    used = [line for outcome in expected.values() for line in outcome]
    assert used.count("insert: 4 rows") == len(shapes)
    assert sum(line.endswith("Error") for line in used) <= 4


def distinct(schemas: dict[str, Schema]) -> Iterator[tuple[str, str]]:
    """Each shape of each table, with the revision it came with."""
    before: dict[str, TableShape] = {}
    for revision in revisions():
        for table in in_order(schemas[revision]):
            shape = schemas[revision].tables[table]
            if before.get(table) != shape:
                before[table] = shape
                yield revision, table


async def use(connection: AsyncConnection, known: Schema, name: str) -> list[str]:
    """What becomes of the statements of code that knows a table as it is in `known`, in a transaction that is undone."""
    shape = known.tables[name]
    table = as_table(name, shape)
    for other in needed_by(known, name):
        await connection.execute(insert(as_table(other, known.tables[other])), sample_rows(known, other, start=BATCH))
    rows = sample_rows(known, name, start=BATCH)
    required = [one for one in shape.written if not one.nullable and one.default is None]
    least = {one.name: value for one in required for value in [sample_rows(known, name, start=2 * BATCH)[0][one.name]]}
    key = tuple_(*(table.c[one] for one in shape.primary_key))
    keys = [tuple(row[one] for one in shape.primary_key) for row in rows]
    outcome: list[str] = []

    async def attempt(verb: str, statement: Any, parameters: Any = None) -> None:
        try:
            async with connection.begin_nested():
                result = await connection.execute(statement, parameters)
        except DBAPIError as error:
            outcome.append(f"{verb}: {type(error).__name__}")
        else:
            outcome.append(f"{verb}: {len(result.all()) if result.returns_rows else len(rows)} rows")

    # One by one: of many the driver does not say how many there were.
    async with connection.begin_nested():
        for row in rows:
            await connection.execute(insert(table), row)
    outcome.append(f"insert: {len(rows)} rows")
    stored = await connection.execute(
        select(*table.c).where(key.in_(keys)).order_by(*(table.c[one] for one in shape.primary_key))
    )
    assert [dict(row) for row in stored.mappings()] == sorted(
        rows, key=lambda row: [row[one] for one in shape.primary_key]
    )
    await attempt("insert what must be given", insert(as_table(name, shape, required)), least)
    others = {
        one: value for one, value in rows[2].items() if one not in shape.primary_key and not is_unique(shape, one)
    }
    if others:
        await attempt("update", update(table).where(key == keys[0]).values(others))
    await attempt("delete", delete(table).where(key.in_(keys)))
    return outcome


def needed_by(known: Schema, name: str) -> list[str]:
    """The tables whose rows the rows of this one refer to, in order."""
    wanted: set[str] = set()

    def take(one: str) -> None:
        for _, other, _ in known.tables[one].foreign_keys:
            if other not in wanted and other != name:
                wanted.add(other)
                take(other)

    take(name)
    return [one for one in in_order(known) if one in wanted]


def is_unique(shape: TableShape, column: str) -> bool:
    """Whether the same value in two rows may be refused."""
    return any("UNIQUE" in text.upper() and column in text for text in shape.rules.values())
