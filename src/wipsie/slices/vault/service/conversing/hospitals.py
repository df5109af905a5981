"""The names of hospitals somebody confirmed: the only ones that are ever offered to them, and to nobody else."""

from __future__ import annotations

from collections import Counter
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.blobs.sealing import KeyRing
from wipsie.slices.vault.store.reports import shown_reports

REPORTS_READ_MAX: Final = 200
"""The last ones: who went elsewhere for years is not asked about the old place."""
NAMES_MAX: Final = 20


async def known_hospitals(connection: AsyncConnection, ring: KeyRing, owner: str) -> tuple[str, ...]:
    """The most frequent first."""
    reports = await shown_reports(connection, ring, owner, count_max=REPORTS_READ_MAX)
    counted = Counter(one.details.hospital for one in reports if one.details.hospital is not None)
    return tuple(name for name, _ in counted.most_common(NAMES_MAX))
