"""Promises of what rules ask the database: it costs the same however many mails there were."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.database import Database
from wipsie.slices.mail.store import rules
from wipsie.slices.mail.store.rules import hits_table
from wipsie.testing.query_plans import ROWS, assert_indexed, fill_table, sent_selects

pytestmark = pytest.mark.slow


async def fill(connection: AsyncConnection) -> None:
    await fill_table(connection, hits_table, hits())


def hits() -> Iterator[dict[str, Any]]:
    for number in range(ROWS):
        yield {
            "mail_id": f"mail_{number // 2:032x}",
            "rule": f"mrl_{number % 2}",
            "at_ms": number,
            "actions": ["tag:x"],
        }


@pytest.mark.parametrize("database_kind", ["sqlite", "postgresql"], indirect=True)
async def test_whether_mails_were_hit_before_is_read_through_an_index(full: Database) -> None:
    async with full.read() as connection:
        with sent_selects() as sent:
            # Every second of them was never hit.
            some = await rules.pairs_hit(connection, [f"mail_{number * ROWS // 64:032x}" for number in range(64)])
            one = await rules.hits_of(connection, f"mail_{7:032x}")
        assert (len(some), len(one)) == (64, 2)
        for statement in sent:
            await assert_indexed(connection, statement)
