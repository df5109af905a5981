"""Incidents: what goes wrong, and how it is put right."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Index,
    Integer,
    Table,
    Text,
    and_,
    delete,
    false,
    insert,
    or_,
    select,
    true,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.auth.principal import Principal
from wipsie.auth.rights import Extent
from wipsie.database.json_column import Json
from wipsie.database.metadata import metadata
from wipsie.slices.asyncops.domain.milestones import MILESTONES, Times
from wipsie.slices.asyncops.kinds import INCIDENT
from wipsie.slices.asyncops.rights import READ_RESTRICTED_INCIDENTS
from wipsie.slices.asyncops.store.records import NumberedRecord, RecordTable, record_columns

TEAM, RESTRICTED = VISIBILITIES = ("team", "restricted")
ROLES = ("lead", "comms", "scribe")

incidents_table = Table(
    "incidents",
    metadata,
    *record_columns(),
    Column("number", Integer, nullable=False),
    Column("title", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("is_open", Boolean, nullable=False),
    Column("visibility", Text, nullable=False),
    *(Column(f"{name}_ms", BigInteger) for name in MILESTONES),
    Column("opened_at_ms", BigInteger, nullable=False),
    Column("declared_by", Text),
    Column("lead", Text),
    Column("comms", Text),
    Column("scribe", Text),
    Column("affected", Json(list[str]), nullable=False),
    Column("summary", Text, nullable=False),
    Column("customer_impact", Text, nullable=False),
    Column("last_update_at_ms", BigInteger),
    Column("next_update_due_at_ms", BigInteger),
    Column("reminded_due_at_ms", BigInteger),
    Column("duplicate_of", Text),
    Column("source", Text, nullable=False),
    Column("dedupe_key", Text),
    Column("occurrences", Integer, nullable=False),
)
COLUMNS = incidents_table.c
Index("uq_incidents_number", COLUMNS.number, unique=True)
# One incident at a time for one trouble.
_IS_OPEN = COLUMNS.is_open.is_(True)
Index("uq_incidents_open_dedupe_key", COLUMNS.dedupe_key, unique=True, sqlite_where=_IS_OPEN, postgresql_where=_IS_OPEN)
Index("ix_incidents_dedupe_key", COLUMNS.dedupe_key, COLUMNS.id)
Index("ix_incidents_status", COLUMNS.status, COLUMNS.id)
Index("ix_incidents_severity", COLUMNS.severity, COLUMNS.id)
Index("ix_incidents_is_open", COLUMNS.is_open, COLUMNS.id)
Index("ix_incidents_visibility", COLUMNS.visibility, COLUMNS.id)
Index("ix_incidents_source", COLUMNS.source, COLUMNS.id)
Index("ix_incidents_lead", COLUMNS.lead, COLUMNS.id)
Index("ix_incidents_duplicate_of", COLUMNS.duplicate_of, COLUMNS.id)
Index("ix_incidents_opened_at_ms", COLUMNS.opened_at_ms, COLUMNS.id)
Index("ix_incidents_declared_at_ms", COLUMNS.declared_at_ms, COLUMNS.id)
Index("ix_incidents_resolved_at_ms", COLUMNS.resolved_at_ms, COLUMNS.id)
Index("ix_incidents_next_update_due_at_ms", COLUMNS.next_update_due_at_ms, COLUMNS.id)
Index("ix_incidents_created_at_ms", COLUMNS.created_at_ms, COLUMNS.id)
Index("ix_incidents_updated_at_ms", COLUMNS.updated_at_ms, COLUMNS.id)

incident_components_table = Table(
    "incident_components",
    metadata,
    Column("component", Text, primary_key=True),
    Column("incident_id", Text, primary_key=True),
)
"""What incidents affect, each with its case folded: for the filter."""
Index("ix_incident_components_incident_id", incident_components_table.c.incident_id)


class Incident(NumberedRecord, frozen=True, kw_only=True):
    """Something that goes, or went, wrong."""

    title: str
    severity: str
    """sev1 (worst) to sev4."""
    status: str
    """See `domain.incidents`."""
    is_open: bool
    """Whether `status` is one of `domain.incidents.OPEN`."""
    visibility: str
    """team, or restricted: to leads, admins, auditors, whoever declared it, and those with a role in it."""
    impact_started_at_ms: int | None
    detected_at_ms: int | None
    declared_at_ms: int | None
    acknowledged_at_ms: int | None
    identified_at_ms: int | None
    mitigated_at_ms: int | None
    resolved_at_ms: int | None
    closed_at_ms: int | None
    """When it ended: closed, declined, canceled or merged."""
    opened_at_ms: int
    """When it was declared; before that, when it was proposed."""
    declared_by: str | None
    lead: str | None
    comms: str | None
    scribe: str | None
    affected: list[str]
    """Names of components, as people wrote them."""
    summary: str
    """Markdown."""
    customer_impact: str
    """Markdown."""
    last_update_at_ms: int | None
    next_update_due_at_ms: int | None
    """None while nobody waits for an update."""
    reminded_due_at_ms: int | None
    """The `next_update_due_at_ms` its lead was reminded of; the clock's own, no part of what people read."""
    duplicate_of: str | None
    """Id of the incident it was merged into."""
    source: str
    """manual, api or queue."""
    dedupe_key: str | None
    """Of open incidents, one has it."""
    occurrences: int
    """How often it was proposed."""

    @property
    def times(self) -> Times:
        """By milestone."""
        return {name: getattr(self, f"{name}_ms") for name in MILESTONES}

    def belongs_to(self, user_id: str | None) -> bool:
        """Whether they declared or proposed it, or lead it: what "own" means where incidents are changed."""
        return user_id is not None and user_id in (self.created_by, self.declared_by, self.lead)


_CONCERNED = (COLUMNS.created_by, COLUMNS.declared_by, *(COLUMNS[role] for role in ROLES))
"""Columns with those who may see an incident that is restricted."""


class IncidentTable(RecordTable[Incident]):
    """Incidents; the restricted ones only for some."""

    def visible_to(self, principal: Principal) -> ColumnElement[bool]:
        extent = principal.extent(READ_RESTRICTED_INCIDENTS)
        if extent is Extent.ALL:
            return true()
        everybodys = COLUMNS.visibility == TEAM
        if extent is Extent.NONE or principal.user_id is None:
            return everybodys
        return or_(everybodys, *(column == principal.user_id for column in _CONCERNED))

    def hidden_from(self, principal: Principal) -> ColumnElement[bool]:
        extent = principal.extent(READ_RESTRICTED_INCIDENTS)
        if extent is Extent.ALL:
            return false()
        # Said so that the index of visibilities finds them.
        restricted = COLUMNS.visibility == RESTRICTED
        if extent is Extent.NONE or principal.user_id is None:
            return restricted
        return and_(restricted, *(column.is_distinct_from(principal.user_id) for column in _CONCERNED))


INCIDENTS = IncidentTable(INCIDENT, incidents_table, Incident)


async def put_components(connection: AsyncConnection, incident_id: str, affected: Iterable[str]) -> None:
    """Let the filter find an incident by what it affects."""
    components = incident_components_table
    await connection.execute(delete(components).where(components.c.incident_id == incident_id))
    rows = [{"component": one, "incident_id": incident_id} for one in sorted({name.casefold() for name in affected})]
    if rows:
        await connection.execute(insert(components), rows)


async def open_with_key(connection: AsyncConnection, dedupe_key: str, *, hold: bool = False) -> Incident | None:
    """The open incident of a trouble."""
    wanted = select(incidents_table).where(COLUMNS.dedupe_key == dedupe_key, _IS_OPEN)
    if hold:
        wanted = wanted.with_for_update()
    row = (await connection.execute(wanted)).mappings().one_or_none()
    return None if row is None else INCIDENTS.of_row(row)
