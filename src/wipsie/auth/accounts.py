"""The accounts of people."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, Table, Text

from wipsie.database.json_column import Json
from wipsie.database.metadata import metadata

users_table = Table(
    "users",
    metadata,
    Column("id", Text, primary_key=True),
    Column("email", Text, nullable=False),
    Column("email_key", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("is_active", Boolean, nullable=False),
    Column("timezone", Text, nullable=False),
    Column("work_days", Json(list[int]), nullable=False),
    Column("reader_only", Boolean, nullable=False),
    Column("password_hash", Text),
    Column("password_key_id", Text),
    Column("password_changed_at_ms", BigInteger),
    Column("created_at_ms", BigInteger, nullable=False),
    Column("created_by", Text),
    Column("updated_at_ms", BigInteger, nullable=False),
    Column("version", Integer, nullable=False),
    Column("erased_at_ms", BigInteger),
)
Index("uq_users_email_key", users_table.c.email_key, unique=True)
Index("ix_users_role", users_table.c.role, users_table.c.id)
Index("ix_users_name", users_table.c.name, users_table.c.id)
