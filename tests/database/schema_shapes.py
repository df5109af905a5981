"""A whole schema as plain values that can be compared: what a database says of itself, on either kind.

Read from the catalogues, not by SQLAlchemy: triggers, functions and partial or computed indexes belong to it too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, inspect
from sqlalchemy.ext.asyncio import AsyncConnection

Facts = Mapping[str, str]
"""By name: what the database says of an index, a trigger, a constraint, a function."""
_VERSION_TABLE = "alembic_version"


@dataclass(frozen=True)
class ColumnShape:
    """A column."""

    name: str
    type: str
    nullable: bool
    default: str | None = None
    generated: bool = False
    """The database computes it, from other columns; nobody writes it."""


@dataclass(frozen=True)
class TableShape:
    """A table with everything that belongs to it."""

    columns: tuple[ColumnShape, ...]
    primary_key: tuple[str, ...]
    numbers_rows: bool = False
    """The database gives the numbers of rows, and none of them twice."""
    rules: Facts = field(default_factory=dict[str, str])
    """Unique constraints and indexes, checks, foreign keys: what refuses rows."""
    foreign_keys: tuple[tuple[str, str, str], ...] = ()
    """Column, table it refers to, column there."""
    indexes: Facts = field(default_factory=dict[str, str])
    """Those that refuse nothing."""
    triggers: Facts = field(default_factory=dict[str, str])

    def column(self, name: str) -> ColumnShape | None:
        """By name; None when there is none."""
        return next((one for one in self.columns if one.name == name), None)

    @property
    def written(self) -> list[ColumnShape]:
        """The columns that code writes."""
        return [one for one in self.columns if not one.generated]


@dataclass(frozen=True)
class Schema:
    """Everything of a database but its rows."""

    tables: Mapping[str, TableShape]
    functions: Facts
    others: Facts
    """Views and virtual tables."""


async def read_schema(connection: AsyncConnection) -> Schema:
    """The schema of an open database."""
    return await connection.run_sync(_read_sqlite if connection.dialect.name == "sqlite" else _read_postgres)


def differences(one: Schema, other: Schema) -> list[str]:
    """What differs between two schemas, a line for each."""
    left, right = dict(_leaves(one)), dict(_leaves(other))
    return [
        f"{name}: {left.get(name, 'missing')} != {right.get(name, 'missing')}"
        for name in sorted({*left, *right})
        if left.get(name) != right.get(name)
    ]


def _leaves(schema: Schema) -> Iterator[tuple[str, str]]:
    for kind, facts in (("function", schema.functions), ("other", schema.others)):
        yield from ((f"{kind} {name}", text) for name, text in facts.items())
    for table, shape in schema.tables.items():
        yield f"table {table}", f"key {shape.primary_key}, numbers rows: {shape.numbers_rows}"
        # Their order too: COPY and INSERT without names follow it.
        yield from ((f"{table}.{place}", str(column)) for place, column in enumerate(shape.columns))
        for kind, facts in (("rule", shape.rules), ("index", shape.indexes), ("trigger", shape.triggers)):
            yield from ((f"{table} {kind} {name}", text) for name, text in facts.items())


async def dump(connection: AsyncConnection, schema: Schema) -> dict[str, list[dict[str, Any]]]:
    """All rows of the tables of `schema`, in the order of their keys, with the columns it knows, as stored; and the last
    row number each table has given."""
    found: dict[str, list[dict[str, Any]]] = {}
    for name, shape in schema.tables.items():
        columns = ", ".join(f'"{one.name}"' for one in shape.columns)
        order = ", ".join(f'"{one}"' for one in shape.primary_key)
        rows = await connection.exec_driver_sql(f'SELECT {columns} FROM "{name}" ORDER BY {order}')  # noqa: S608
        found[name] = [dict(row) for row in rows.mappings()]
    found["(last numbers)"] = await _last_numbers(connection, schema)
    return found


async def _last_numbers(connection: AsyncConnection, schema: Schema) -> list[dict[str, Any]]:
    if connection.dialect.name == "sqlite":
        if not any(one.numbers_rows for one in schema.tables.values()):
            return []
        rows = await connection.exec_driver_sql("SELECT name, seq AS last FROM sqlite_sequence ORDER BY name")
    else:
        rows = await connection.exec_driver_sql(
            """SELECT d.refobjid::regclass::text AS name, s.last_value AS last
               FROM pg_sequences s
               JOIN pg_depend d ON d.objid = format('%I.%I', s.schemaname, s.sequencename)::regclass
                               AND d.deptype IN ('a', 'i')
               WHERE s.schemaname = current_schema() ORDER BY 1"""
        )
    return [dict(row) for row in rows.mappings() if row["name"] in schema.tables]


# ---------------------------------------------------------------------------------------------------------------- SQLite


def _read_sqlite(connection: Connection) -> Schema:
    listed = connection.exec_driver_sql("SELECT name, type FROM pragma_table_list WHERE schema = 'main' ORDER BY name")
    kinds: dict[str, str] = {name: kind for name, kind in listed if not name.startswith("sqlite_")}
    said: dict[str, str] = {
        name: _plain(sql)
        for name, sql in connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")
    }
    return Schema(
        tables={
            name: _sqlite_table(connection, name, said)
            for name, kind in kinds.items()
            if kind == "table" and name != _VERSION_TABLE
        },
        functions={},
        others={name: said[name] for name, kind in kinds.items() if kind in ("virtual", "view")},
    )


def _sqlite_table(connection: Connection, table: str, said: Facts) -> TableShape:
    columns: list[ColumnShape] = []
    key: dict[int, str] = {}
    for _, name, kind, not_null, default, key_place, hidden in _pragma(connection, "table_xinfo", table):
        columns.append(ColumnShape(name, kind, not (not_null or key_place), default, generated=hidden > 1))
        if key_place:
            key[key_place] = name
    rules: dict[str, str] = {
        f"check {one['name']}": _plain(str(one["sqltext"])) for one in inspect(connection).get_check_constraints(table)
    }
    indexes: dict[str, str] = {}
    for _, name, unique, origin, _ in _pragma(connection, "index_list", table):
        if origin == "c":
            (rules if unique else indexes)[name] = said[name]
        elif origin == "u":
            names = ", ".join(row[2] for row in _pragma(connection, "index_info", name))
            rules[f"unique {names}"] = f"UNIQUE ({names})"
    foreign_keys: list[tuple[str, str, str]] = []
    for _, _, other, column, other_column, *actions in _pragma(connection, "foreign_key_list", table):
        foreign_keys.append((column, other, other_column))
        rules[f"foreign key {column}"] = f"{other} ({other_column}) {actions}"
    triggers = connection.exec_driver_sql(
        "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ?", (table,)
    )
    return TableShape(
        columns=tuple(columns),
        primary_key=tuple(key[place] for place in sorted(key)),
        numbers_rows="AUTOINCREMENT" in said[table].upper(),
        rules=rules,
        foreign_keys=tuple(sorted(foreign_keys)),
        indexes=indexes,
        triggers={name: said[name] for name in triggers.scalars()},
    )


def _pragma(connection: Connection, pragma: str, name: str) -> Iterator[Sequence[Any]]:
    yield from connection.exec_driver_sql(f'PRAGMA {pragma}("{name}")')


# ------------------------------------------------------------------------------------------------------------ PostgreSQL

_OWN = "n.nspname = current_schema()"


def _read_postgres(connection: Connection) -> Schema:
    def by_table(question: str) -> dict[str, list[Sequence[Any]]]:
        found: dict[str, list[Sequence[Any]]] = {}
        for table, *rest in connection.exec_driver_sql(question.replace("{own}", _OWN)):
            found.setdefault(table, []).append(rest)
        return found

    columns = by_table(
        """SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), NOT a.attnotnull,
                  pg_get_expr(d.adbin, d.adrelid), a.attgenerated <> '', a.attidentity::text
           FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
           LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
           WHERE {own} AND c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped
           ORDER BY c.relname, a.attnum"""
    )
    constraints = by_table(
        """SELECT c.relname, o.conname, o.contype::text, pg_get_constraintdef(o.oid),
                  ARRAY(SELECT a.attname::text FROM unnest(o.conkey) WITH ORDINALITY AS k (num, place)
                        JOIN pg_attribute a ON a.attrelid = o.conrelid AND a.attnum = k.num ORDER BY k.place),
                  coalesce(f.relname::text, ''),
                  ARRAY(SELECT a.attname::text FROM unnest(o.confkey) WITH ORDINALITY AS k (num, place)
                        JOIN pg_attribute a ON a.attrelid = o.confrelid AND a.attnum = k.num ORDER BY k.place)
           FROM pg_constraint o JOIN pg_class c ON c.oid = o.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
           LEFT JOIN pg_class f ON f.oid = o.confrelid
           WHERE {own} AND o.contype IN ('p', 'u', 'c', 'f')"""
    )
    indexes = by_table(
        """SELECT c.relname, i.relname, pg_get_indexdef(i.oid), x.indisunique
           FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class c ON c.oid = x.indrelid
           JOIN pg_namespace n ON n.oid = c.relnamespace
           WHERE {own} AND NOT EXISTS (SELECT FROM pg_constraint o WHERE o.conindid = i.oid AND o.contype IN ('p', 'u'))"""
    )
    triggers = by_table(
        """SELECT c.relname, t.tgname, pg_get_triggerdef(t.oid)
           FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
           WHERE {own} AND NOT t.tgisinternal"""
    )
    functions = connection.exec_driver_sql(
        f"""SELECT p.oid::regprocedure::text, pg_get_functiondef(p.oid) FROM pg_proc p
            JOIN pg_namespace n ON n.oid = p.pronamespace WHERE {_OWN} AND p.prokind IN ('f', 'p')"""  # noqa: S608
    )
    views = connection.exec_driver_sql(
        f"""SELECT c.relname, pg_get_viewdef(c.oid) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE {_OWN} AND c.relkind IN ('v', 'm')"""  # noqa: S608
    )
    return Schema(
        tables={
            name: _postgres_table(
                columns[name], constraints.get(name, []), indexes.get(name, []), triggers.get(name, [])
            )
            for name in sorted(columns)
            if name != _VERSION_TABLE
        },
        functions={name: _plain(text) for name, text in functions},
        others={name: _plain(text) for name, text in views},
    )


def _postgres_table(
    columns: Sequence[Sequence[Any]],
    constraints: Sequence[Sequence[Any]],
    indexes: Sequence[Sequence[Any]],
    triggers: Sequence[Sequence[Any]],
) -> TableShape:
    keys: list[tuple[str, ...]] = [tuple(names) for _, kind, _, names, _, _ in constraints if kind == "p"]
    return TableShape(
        columns=tuple(ColumnShape(*one[:5]) for one in columns),
        primary_key=keys[0] if keys else (),
        numbers_rows=any(identity or str(default).startswith("nextval(") for *_, default, _, identity in columns),
        rules={
            **{name: _plain(text) for name, kind, text, *_ in constraints if kind != "p"},
            **{name: _plain(text) for name, text, unique in indexes if unique},
        },
        foreign_keys=tuple(
            sorted(
                (column, other, other_column)
                for _, kind, _, names, other, other_names in constraints
                if kind == "f"
                for column, other_column in zip(names, other_names, strict=True)
            )
        ),
        indexes={name: _plain(text) for name, text, unique in indexes if not unique},
        triggers={name: _plain(text) for name, text in triggers},
    )


def _plain(text: str) -> str:
    """One line, whatever the spacing."""
    return " ".join(text.split())
