"""The lists of the vault for staff: what each can be filtered by, and how its rows are shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, get_args

from sqlalchemy import RowMapping, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.api.lists import Choice, Flag, Ids, ListSpec, Sort
from wipsie.api.lists.filters import Moment
from wipsie.kernel.clock import Clock, utc_datetime
from wipsie.slices.vault.domain.sending.window import may_be_sent
from wipsie.slices.vault.schemas.staff import DeliveryView, FileView, OwnerView
from wipsie.slices.vault.store.files import FileState
from wipsie.slices.vault.store.tables import (
    conversations_table,
    deliveries_table,
    files_table,
    identities_table,
    reports_table,
)

_IDENTITIES = identities_table.c
_FILES = files_table.c
_DELIVERIES = deliveries_table.c
_REPORTS = reports_table.c

OWNER_LIST = ListSpec(
    name="vault_owners",
    columns=[
        column
        for column in identities_table.columns
        if column.key not in {"details", "user_token", "number_token", "next_report"}
    ],
    id=_IDENTITIES.id,
    filters=(
        Flag("consented", lambda _: _IDENTITIES.consent_version.is_not(None), about="Those who agreed, or the others."),
        Flag("stopped", lambda _: _IDENTITIES.stopped_at_ms.is_not(None), about="Those who wrote STOP, or the others."),
        Flag(
            "locked",
            lambda _: _IDENTITIES.needs_step_up.is_(True),
            about="Those who have to show who they are before anything is shown to them, or the others.",
        ),
        Moment("seen", _IDENTITIES.last_message_at_ms, about="Last wrote"),
    ),
    sorts=(Sort(name="created_at", column=_IDENTITIES.id),),
    default_sort="-created_at",
)
FILE_LIST = ListSpec(
    name="vault_files",
    columns=[column for column in files_table.columns if column.key not in {"details", "reading", "content_token"}],
    id=_FILES.id,
    filters=(
        Choice("state", _FILES.state, get_args(FileState), about="Where the files are."),
        Ids("owner", _FILES.owner, about="Only those of this owner."),
        Moment("received", _FILES.received_at_ms, about="Received"),
    ),
    sorts=(Sort(name="received_at", column=_FILES.received_at_ms),),
    default_sort="-received_at",
)
DELIVERY_LIST = ListSpec(
    name="vault_deliveries",
    columns=[column for column in deliveries_table.columns if column.key not in {"body", "message_token"}],
    id=_DELIVERIES.number,
    filters=(
        Choice(
            "state",
            _DELIVERIES.state,
            ("waiting", "sending", "unknown", "accepted", "failed", "cancelled"),
            about="What became of them here.",
        ),
        Choice(
            "status", _DELIVERIES.status, ("sent", "delivered", "read", "failed"), about="What WhatsApp says of them."
        ),
        Ids("owner", _DELIVERIES.owner, about="Only those to this owner."),
        Moment("created", _DELIVERIES.created_at_ms, about="Made"),
    ),
    sorts=(Sort(name="created_at", column=_DELIVERIES.number),),
    default_sort="-created_at",
)


class OwnerViews:
    """Owners as they are shown."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def views(self, connection: AsyncConnection, rows: Sequence[RowMapping]) -> list[OwnerView]:
        """Of a page, in its order."""
        ids = [row["id"] for row in rows]
        counted = await connection.execute(
            select(_REPORTS.owner, func.count())
            .where(_REPORTS.owner.in_(ids), _REPORTS.deleted_at_ms.is_(None))
            .group_by(_REPORTS.owner)
        )
        reports: dict[str, int] = {row[0]: row[1] for row in counted}
        talked = await connection.execute(
            select(conversations_table.c.owner, conversations_table.c.state).where(conversations_table.c.owner.in_(ids))
        )
        states: dict[str, str] = {row[0]: row[1] for row in talked}
        now_ms = self._clock.now_ms()
        return [
            OwnerView(
                id=row["id"],
                masked=row["masked"],
                language=row["language"],
                created_at=utc_datetime(row["created_at_ms"]),
                last_message_at=utc_datetime(row["last_message_at_ms"]),
                window_open=may_be_sent("text", last_message_at_ms=row["last_message_at_ms"], now_ms=now_ms),
                conversation=states.get(row["id"]),
                consent_version=row["consent_version"],
                consented_at=moment(row["consented_at_ms"]),
                stopped_at=moment(row["stopped_at_ms"]),
                erase_at=moment(row["erase_at_ms"]),
                has_pin=row["pin_hash"] is not None,
                needs_step_up=row["needs_step_up"],
                reports=reports.get(row["id"], 0),
                stored_bytes=row["stored_bytes"],
            )
            for row in rows
        ]


def file_view(row: Mapping[Any, Any]) -> FileView:
    """A file, by the names of its columns."""
    return FileView(
        id=row["id"],
        owner=row["owner"],
        received_at=utc_datetime(row["received_at_ms"]),
        state=row["state"],
        kind=row["kind"],
        size=row["size"],
        scan=row["scan"],
        reason=row["reason"],
        attempts=row["attempts"],
    )


def delivery_view(row: RowMapping) -> DeliveryView:
    """A delivery of the list."""
    settled = row["settled_at_ms"]
    return DeliveryView(
        id=row["id"],
        owner=row["owner"],
        kind=row["kind"],
        state=row["state"],
        status=row["status"],
        status_at=moment(row["status_at_ms"]),
        attempts=row["attempts"],
        created_at=utc_datetime(row["created_at_ms"]),
        next_at=utc_datetime(row["next_at_ms"]) if settled is None else None,
        settled_at=moment(settled),
        error_code=row["error_code"],
        error=row["error"],
    )


def moment(epoch_ms: int | None) -> datetime | None:
    """A time of a row, or none."""
    return None if epoch_ms is None else utc_datetime(epoch_ms)
