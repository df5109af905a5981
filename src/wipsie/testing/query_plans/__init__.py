"""Shows by its plan, and by the work it does, that a query reads through an index::

    await fill_table(connection, things_table, rows)         # 100,000 of them
    await assert_indexed(connection, select(things_table).where(…).order_by(…).limit(51))

Ask with the value that hardly a row has, or none, and with the one that most have: a plan that is good for one of them may
read the whole table for the other. `sent_selects` catches the statements of code that does not give them away.
"""

from __future__ import annotations

from wipsie.testing.query_plans.asserting import assert_indexed, query_plan
from wipsie.testing.query_plans.filling import ROWS, fill_table
from wipsie.testing.query_plans.lists import asked
from wipsie.testing.query_plans.plan import QueryPlan
from wipsie.testing.query_plans.statements import SentSelect, sent_selects

__all__ = ["ROWS", "QueryPlan", "SentSelect", "asked", "assert_indexed", "fill_table", "query_plan", "sent_selects"]
