"""What summaries are found by."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.slices.asyncops.domain.digest_pages.phrases import day
from wipsie.slices.asyncops.findable import Findable
from wipsie.slices.asyncops.store.summaries import DailySummary


def findable(summary: DailySummary) -> Findable:
    """One: its day and its headline. What it tells of is found where it is told of."""
    return Findable(title=f"Daily summary, {day(summary.for_date)}", body=" ".join(summary.headline))


async def findables(connection: AsyncConnection, summaries: Sequence[DailySummary]) -> list[Findable]:
    """Several, in their order."""
    del connection
    return [findable(one) for one in summaries]
