"""One database for everything but the queue: transactions, unit of work, outbox, inbox, migrations."""

from wipsie.database.database import Database
from wipsie.database.group_commit import GroupCommit
from wipsie.database.unit_of_work import UnitOfWork

__all__ = ["Database", "GroupCommit", "UnitOfWork"]
