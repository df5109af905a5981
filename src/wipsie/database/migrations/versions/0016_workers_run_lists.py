"""Lists of runs by queue, and of messages the queue refused, without reading all others."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_task_runs_queue", "task_runs", ["queue", "id"])
    is_refused = sa.text("refused_at_ms IS NOT NULL")
    op.create_index("ix_outbox_refused", "outbox", ["id"], sqlite_where=is_refused, postgresql_where=is_refused)


def downgrade() -> None:
    op.drop_index("ix_outbox_refused", "outbox")
    op.drop_index("ix_task_runs_queue", "task_runs")
