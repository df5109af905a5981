"""The one MetaData on which every room and slice defines its tables, each in its own store file."""

from __future__ import annotations

from sqlalchemy import MetaData

metadata = MetaData(
    # Constraints need names before they can be altered; without a convention each database invents its own.
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)
