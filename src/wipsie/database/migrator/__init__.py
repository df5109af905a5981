"""Brings a database to a schema this code knows, up or down: Alembic, run from inside, in one transaction.

Rules for revisions:

* One file per change, ``versions/NNNN_<room>_<what>.py``, numbered without gaps; explicit DDL, no imports from rooms,
  because a room's tables move on and the revision must not.
* **Expand first, contract later.** While a release rolls out, old code runs on the new schema. So a revision only adds: new
  tables, new columns that are NULL or have a server default, new indexes. A unique index, a check or a foreign key on a
  table that is there already takes something away: old code may write what it forbids. So does a trigger that refuses.
* What no code uses any more is removed one release after the last one that used it, by a revision which says so:
  ``contracts_after = "0.4.0"`` beside ``revision`` names the last release that still needs what it removes, and a test
  refuses it until the version of the code is a later one. A rename is an addition, a copy and, a release later, a removal.
* New code on the older schema of a server writes nothing: it says which revisions are missing, and a process that is to stay
  waits for them. A file it migrates by itself.
* **Down** is for mistakes, and needs the newer code, since only that knows how. `downgrade` of a revision removes exactly
  what its `upgrade` added, with what was stored in it; everything the older schema holds stays as it is. Going back to
  older *code* needs no downgrade: old code runs on the newer schema.
* Everything that is to be applied or undone is done in one transaction, so a kill leaves one schema or the other, nothing
  between.
"""

from __future__ import annotations

from wipsie.database.migrator.changing import LOCK_WAIT_S, downgrade, migrate
from wipsie.database.migrator.losses import Loss, losses
from wipsie.database.migrator.planning import Plan, Step, plan
from wipsie.database.migrator.reading import Status, current, missing_on, pending, status
from wipsie.database.migrator.revisions import BASE, MIGRATIONS, revisions, title

__all__ = [
    "BASE",
    "LOCK_WAIT_S",
    "MIGRATIONS",
    "Loss",
    "Plan",
    "Status",
    "Step",
    "current",
    "downgrade",
    "losses",
    "migrate",
    "missing_on",
    "pending",
    "plan",
    "revisions",
    "status",
    "title",
]
