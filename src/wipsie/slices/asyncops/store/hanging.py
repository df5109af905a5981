"""What hangs on a record, whatever its kind, and goes with it."""

from __future__ import annotations

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.slices.asyncops.store import followers, search, timeline
from wipsie.slices.asyncops.store.comments import comments_table
from wipsie.slices.asyncops.store.follow_ups import follow_ups_table
from wipsie.slices.asyncops.store.links import links_table

_HANGING = (
    (timeline.timeline_events_table, timeline.timeline_events_table.c.object_id),
    (followers.followers_table, followers.followers_table.c.object_id),
    (search.search_documents_table, search.search_documents_table.c.object_id),
    (search.search_documents_table, search.search_documents_table.c.parent_id),
    (comments_table, comments_table.c.object_id),
    (links_table, links_table.c.from_id),
    (links_table, links_table.c.to_id),
    (follow_ups_table, follow_ups_table.c.object_id),
)


async def remove_what_hangs_on(connection: AsyncConnection, record_id: str) -> None:
    """Its timeline, followers, comments, links, follow-ups, and all of it in the search."""
    for hanging, column in _HANGING:
        await connection.execute(delete(hanging).where(column == record_id))
