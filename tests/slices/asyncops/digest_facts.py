"""Facts for tests of digests, and of how they are shown: a window that ends on Friday, 3 October 2025, at 9:00 UTC."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec

from wipsie.slices.asyncops.domain.digest.facts import (
    BlockerFact,
    DecisionFact,
    DigestFacts,
    FailureFact,
    FollowUpFact,
    IncidentFact,
    PersonFact,
    QueueFact,
    Snapshot,
    UpdateFact,
)
from wipsie.slices.asyncops.domain.digest.window import DAY_MS, HOUR_MS, Window

END_MS = round(datetime(2025, 10, 3, 9, tzinfo=UTC).timestamp() * 1000)
WINDOW = Window(end_ms=END_MS, timezone="UTC")


def ago(hours: float) -> int:
    """A moment before the end of the window."""
    return END_MS - round(hours * HOUR_MS)


def person(name: str, /, **fields: Any) -> PersonFact:
    standard: dict[str, Any] = {
        "id": f"usr_{name}",
        "name": name.capitalize(),
        "timezone": "UTC",
        "work_days": [0, 1, 2, 3, 4],
        "reader_only": False,
        "created_at_ms": END_MS - 100 * DAY_MS,
    }
    return PersonFact(**{**standard, **fields})


def incident(number: int, **fields: Any) -> IncidentFact:
    standard: dict[str, Any] = {
        "id": f"inc_{number:04}",
        "number": f"INC-{number}",
        "title": f"Trouble {number}",
        "severity": "sev3",
        "status": "investigating",
        "is_open": True,
        "created_at_ms": ago(30),
        "opened_at_ms": ago(30),
        "began_at_ms": ago(30),
        "resolved_at_ms": None,
        "last_update_at_ms": None,
        "next_update_due_at_ms": None,
        "lead": None,
    }
    return IncidentFact(**{**standard, **fields})


def resolved(number: int, **fields: Any) -> IncidentFact:
    standard: dict[str, Any] = {"status": "resolved", "is_open": False, "resolved_at_ms": ago(2)}
    return incident(number, **{**standard, **fields})


def blocker(number: int, **fields: Any) -> BlockerFact:
    standard: dict[str, Any] = {
        "id": f"blk_{number:04}",
        "number": f"BLK-{number}",
        "title": f"Waiting {number}",
        "severity": "soft",
        "status": "open",
        "stands": True,
        "resolved": False,
        "blocked": "usr_ann",
        "waiting_on": None,
        "waiting_name": "the bank",
        "created_at_ms": ago(30),
        "since_ms": ago(30),
        "age_working_h": 8.0,
        "stale": False,
    }
    return BlockerFact(**{**standard, **fields})


def decision(number: int, **fields: Any) -> DecisionFact:
    standard: dict[str, Any] = {
        "id": f"dec_{number:04}",
        "number": f"DEC-{number}",
        "title": f"Question {number}",
        "status": "proposed",
        "is_proposed": True,
        "is_decided": False,
        "is_in_force": False,
        "author": "usr_ann",
        "created_at_ms": ago(30),
        "proposed_at_ms": ago(30),
        "decided_on": None,
        "revisit_on": None,
    }
    return DecisionFact(**{**standard, **fields})


def accepted(number: int, **fields: Any) -> DecisionFact:
    standard: dict[str, Any] = {
        "status": "accepted",
        "is_proposed": False,
        "is_decided": True,
        "is_in_force": True,
        "decided_on": "2025-10-02",
    }
    return decision(number, **{**standard, **fields})


def follow_up(number: int, **fields: Any) -> FollowUpFact:
    standard: dict[str, Any] = {
        "id": f"fup_{number:04}",
        "text": f"Do {number}",
        "owner": "usr_ann",
        "due_on": "2025-10-01",
        "outstanding": True,
        "about": "INC-1",
        "about_title": "Trouble 1",
        "about_path": "/api/incidents/INC-1",
        "created_at_ms": ago(50),
    }
    return FollowUpFact(**{**standard, **fields})


def update(name: str, number: int = 1, /, **fields: Any) -> UpdateFact:
    standard: dict[str, Any] = {
        "id": f"upd_{name}_{number:04}",
        "author": f"usr_{name}",
        "for_date": "2025-10-02",
        "health": "on_track",
        "done": [f"{name} finished part {number}"],
        "next": [],
        "notes": "",
        "created_at_ms": ago(16),
    }
    return UpdateFact(**{**standard, **fields})


def queue(name: str, **fields: Any) -> QueueFact:
    standard: dict[str, Any] = {"queue": name, "waiting": 0, "oldest_s": None, "dead_letters": 0, "paused": False}
    return QueueFact(**{**standard, **fields})


def failure(task_type: str, lost: int, retried: int = 0) -> FailureFact:
    return FailureFact(task_type=task_type, lost=lost, retried=retried)


def facts(now: dict[str, Any] | None = None, before: dict[str, Any] | None = None, **fields: Any) -> DigestFacts:
    """Facts with records as they are now, and as they were at the end of each window before."""
    snapshots = [Snapshot(window=WINDOW, **(now or {}))]
    snapshots += [Snapshot(window=WINDOW.before(days), **(before or {})) for days in range(1, 8)]
    standard: dict[str, Any] = {
        "snapshots": snapshots,
        "queues": (),
        "dead_letters_before": {},
        "waiting_before": 0,
    }
    found = DigestFacts(**{**standard, **fields})
    names = {f"usr_{name}": name.capitalize() for name in ("ann", "bob", "lea")}
    return msgspec.structs.replace(found, names={**names, **{one.id: one.name for one in found.people}, **found.names})
