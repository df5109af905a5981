"""What blockers are found by."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.slices.asyncops.findable import Findable
from wipsie.slices.asyncops.store.blockers import Blocker


def findable(blocker: Blocker) -> Findable:
    """One. Whom it waits on is part of it unless that is a colleague, whose name may change."""
    waited = "" if blocker.waiting_kind == "user" else blocker.waiting_name
    return Findable(
        title=blocker.title, body="\n".join(part for part in (blocker.details, waited, blocker.resolution) if part)
    )


async def findables(connection: AsyncConnection, blockers: Sequence[Blocker]) -> list[Findable]:
    """Several, in their order."""
    del connection
    return [findable(one) for one in blockers]
