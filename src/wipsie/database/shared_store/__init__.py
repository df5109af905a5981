"""Small values all processes share, with an end: in the database, or in Redis where there is one."""

from __future__ import annotations

from wipsie.database.shared_store.contract import Bucket, SharedStore, SharedValue
from wipsie.database.shared_store.database_store import DatabaseSharedStore

__all__ = ["Bucket", "DatabaseSharedStore", "SharedStore", "SharedValue"]
