"""Rules for mails, and which mail each has held of.

A hit is kept under the id of its mail, which follows from what the mail says: numbers may be given anew when the index is made
again, and a rule acts on a mail once all the same. A hit goes with its mail, not with its rule.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    RowMapping,
    Table,
    Text,
    delete,
    insert,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.database.bulk import bulk_insert
from wipsie.database.json_column import Json
from wipsie.database.metadata import metadata
from wipsie.kernel.errors import InternalError, NotFound
from wipsie.kernel.ids import ObjectId
from wipsie.slices.mail.store.tables import tags_table

ID_PREFIX = "mrl"

mail_rules_table = Table(
    "mail_rules",
    metadata,
    Column("id", Text, primary_key=True),
    Column("created_at_ms", BigInteger, nullable=False),
    # Ids of users; NULL for what no person did.
    Column("created_by", Text),
    Column("updated_at_ms", BigInteger, nullable=False),
    Column("updated_by", Text),
    Column("version", Integer, nullable=False),
    Column("position", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("enabled", Boolean, nullable=False),
    # As text: a body that a later release wrote must not keep the others from being read.
    Column("body", Text, nullable=False),
)
COLUMNS = mail_rules_table.c
Index("ix_mail_rules_position", COLUMNS.position, COLUMNS.id)

hits_table = Table(
    "mail_rule_hits",
    metadata,
    Column("mail_id", Text, primary_key=True),
    Column("rule", Text, primary_key=True),
    Column("at_ms", BigInteger, nullable=False),
    # What was done, for example tag:invoices.
    Column("actions", Json(list[str]), nullable=False),
)
_HITS = hits_table.c
_TAGS = tags_table.c


class StoredRule(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the rules."""

    id: ObjectId
    created_at_ms: int
    created_by: str | None
    updated_at_ms: int
    updated_by: str | None
    version: int
    """Grows by one with each change; the ETag."""
    position: int
    """Rules are asked from the smallest on; there may be gaps."""
    name: str
    enabled: bool
    body: str
    """JSON of a `RuleBody`."""


class Hit(msgspec.Struct, frozen=True, kw_only=True):
    """A rule held of a mail, and this was done."""

    mail_id: str
    rule: str
    at_ms: int
    actions: list[str]


def of_row(row: RowMapping) -> StoredRule:
    """A row as a rule; further columns of the row are left out."""
    return StoredRule(**{name: row[name] for name in StoredRule.__struct_fields__})


async def all_rules(connection: AsyncConnection, *, enabled_only: bool = False) -> list[StoredRule]:
    """In the order in which they are asked."""
    wanted = select(mail_rules_table).order_by(COLUMNS.position, COLUMNS.id)
    if enabled_only:
        wanted = wanted.where(COLUMNS.enabled.is_(True))
    return [of_row(row) for row in (await connection.execute(wanted)).mappings()]


async def hold_all(connection: AsyncConnection) -> None:
    """Let nobody else write rules until this transaction ends: their number, names and order are those of all together."""
    if connection.dialect.name == "postgresql":
        await connection.exec_driver_sql(f"LOCK TABLE {mail_rules_table.name} IN SHARE ROW EXCLUSIVE MODE")


async def get(connection: AsyncConnection, rule_id: str) -> StoredRule:
    """The rule of an id. NotFound."""
    row = None
    if rule_id.isprintable():
        found = await connection.execute(select(mail_rules_table).where(COLUMNS.id == rule_id))
        row = found.mappings().one_or_none()
    if row is None:
        raise NotFound(
            f"There is no mail rule '{rule_id[:60]}'; ids look like {ID_PREFIX}_….",
            details={"kind": "mail_rule", "reference": rule_id[:60]},
        )
    return of_row(row)


async def add(connection: AsyncConnection, rule: StoredRule) -> None:
    """Write a fresh rule."""
    await connection.execute(insert(mail_rules_table).values(msgspec.structs.asdict(rule)))


async def change(connection: AsyncConnection, before: StoredRule, changes: Mapping[str, Any]) -> StoredRule:
    """Write `changes` over `before`, which this transaction holds, as its next version."""
    values = {**changes, "version": before.version + 1}
    written = await connection.execute(
        update(mail_rules_table).where(COLUMNS.id == before.id, COLUMNS.version == before.version).values(values)
    )
    if written.rowcount != 1:
        raise InternalError("A mail rule changed while it was held; report this.")
    return msgspec.structs.replace(before, **values)


async def remove(connection: AsyncConnection, rule_id: str) -> None:
    """Forget a rule. What it did stays."""
    await connection.execute(delete(mail_rules_table).where(COLUMNS.id == rule_id))


async def pairs_hit(connection: AsyncConnection, mail_ids: Sequence[str]) -> set[tuple[str, str]]:
    """(mail id, rule id) of everything rules have done to these mails."""
    rows = await connection.execute(select(_HITS.mail_id, _HITS.rule).where(_HITS.mail_id.in_(mail_ids)))
    return {(row[0], row[1]) for row in rows}


async def hits_of(connection: AsyncConnection, mail_id: str) -> list[Hit]:
    """What rules have done to a mail, in the order of their ids."""
    rows = await connection.execute(select(hits_table).where(_HITS.mail_id == mail_id).order_by(_HITS.rule))
    return [Hit(**row) for row in rows.mappings()]


async def add_hits(connection: AsyncConnection, hits: Iterable[Hit]) -> None:
    """Note hits that are not there yet."""
    await bulk_insert(connection, hits_table, [msgspec.structs.asdict(hit) for hit in hits])


async def forget_hits(connection: AsyncConnection, mail_ids: Sequence[str]) -> None:
    """Forget what was done to mails that are erased."""
    await connection.execute(delete(hits_table).where(_HITS.mail_id.in_(mail_ids)))


async def add_tags(connection: AsyncConnection, wanted: Mapping[tuple[int, str], str]) -> None:
    """Tag mails of this transaction. `wanted`: (number, tag) to who tags; a tag that is there stays as it is."""
    numbers = sorted({number for number, _ in wanted})
    rows = await connection.execute(select(_TAGS.mail, _TAGS.tag).where(_TAGS.mail.in_(numbers)))
    known = {(row[0], row[1]) for row in rows}
    await bulk_insert(
        connection,
        tags_table,
        [
            {"mail": number, "tag": tag, "tagged_by": by}
            for (number, tag), by in wanted.items()
            if (number, tag) not in known
        ],
    )
