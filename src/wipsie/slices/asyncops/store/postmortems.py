"""Postmortems: what was learnt of an incident."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Table, Text, select
from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.database.json_column import Json
from wipsie.database.metadata import metadata
from wipsie.slices.asyncops.kinds import POSTMORTEM
from wipsie.slices.asyncops.store.records import Record, RecordTable, record_columns

postmortems_table = Table(
    "postmortems",
    metadata,
    *record_columns(),
    Column("incident_id", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("owner", Text),
    Column("due_at_ms", BigInteger),
    Column("sections", Json(dict[str, str]), nullable=False),
    Column("reviewed_at_ms", BigInteger),
    Column("closed_at_ms", BigInteger),
)
COLUMNS = postmortems_table.c
Index("uq_postmortems_incident_id", COLUMNS.incident_id, unique=True)
Index("ix_postmortems_state", COLUMNS.state, COLUMNS.id)
Index("ix_postmortems_owner", COLUMNS.owner, COLUMNS.id)


class Postmortem(Record, frozen=True, kw_only=True):
    """The write-up of one incident."""

    incident_id: str
    state: str
    """See `domain.postmortem`."""
    owner: str | None
    due_at_ms: int | None
    sections: dict[str, str]
    """Markdown by the names of `domain.postmortem.SECTIONS`."""
    reviewed_at_ms: int | None
    closed_at_ms: int | None


POSTMORTEMS = RecordTable(POSTMORTEM, postmortems_table, Postmortem)


async def postmortem_of(connection: AsyncConnection, incident_id: str, *, hold: bool = False) -> Postmortem | None:
    """The postmortem of an incident, if there is one."""
    wanted = select(postmortems_table).where(COLUMNS.incident_id == incident_id)
    if hold:
        wanted = wanted.with_for_update()
    row = (await connection.execute(wanted)).mappings().one_or_none()
    return None if row is None else POSTMORTEMS.of_row(row)
