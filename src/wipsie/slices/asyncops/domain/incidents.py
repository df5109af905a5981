"""The life of an incident.

   proposed ──► declared ──► investigating ──► identified ──► mitigated ──► resolved ──► closed
      │            └──────────── from each of these: ──────────────┘          ▲            │
      ▼               forward to any of the next until resolved ──────────────┘            │
   declined           back by one                                                          │
                      canceled                        resolved ──► mitigated, investigating│
                      merged (so can proposed         closed ──► resolved, investigating ◄─┘
                      and resolved)                   (both are reopening)

Forward it may skip: a small incident is resolved in one step, and nobody should have to tell a story that did not happen.
Only resolved can be closed, since closing is somebody's second look. declined, canceled and merged are for good.
"""

from __future__ import annotations

from wipsie.slices.asyncops.domain.machine import Machine

PROPOSED, DECLARED, INVESTIGATING, IDENTIFIED = "proposed", "declared", "investigating", "identified"
MITIGATED, RESOLVED, CLOSED = "mitigated", "resolved", "closed"
DECLINED, CANCELED, MERGED = "declined", "canceled", "merged"

COURSE = (PROPOSED, DECLARED, INVESTIGATING, IDENTIFIED, MITIGATED, RESOLVED, CLOSED)
"""The way from the first word to the end."""
RUNNING = (DECLARED, INVESTIGATING, IDENTIFIED, MITIGATED)
"""Somebody has to work on it, and others wait for word of it."""
OPEN = (PROPOSED, *RUNNING)
ENDED = (CLOSED, DECLINED, CANCELED, MERGED)
FINAL = (DECLINED, CANCELED, MERGED)
"""Nothing follows, and nothing is changed any more."""
MERGEABLE = (*OPEN, RESOLVED)

INCIDENTS = Machine(
    {
        PROPOSED: (DECLARED, DECLINED),
        DECLARED: (INVESTIGATING, IDENTIFIED, MITIGATED, RESOLVED, CANCELED),
        INVESTIGATING: (IDENTIFIED, MITIGATED, RESOLVED, DECLARED, CANCELED),
        IDENTIFIED: (MITIGATED, RESOLVED, INVESTIGATING, CANCELED),
        MITIGATED: (RESOLVED, IDENTIFIED, CANCELED),
        RESOLVED: (CLOSED, MITIGATED, INVESTIGATING),
        CLOSED: (RESOLVED, INVESTIGATING),
        DECLINED: (),
        CANCELED: (),
        # Reached by merging alone, which says into what.
        MERGED: (),
    }
)

STATUS_LABELS = {
    PROPOSED: "open",
    DECLARED: "open",
    INVESTIGATING: "investigating",
    IDENTIFIED: "investigating",
    MITIGATED: "investigating",
    RESOLVED: "resolved",
    CLOSED: "closed",
    DECLINED: "closed",
    CANCELED: "closed",
    MERGED: "closed",
}
"""The four words that simple clients know."""
SEVERITY_LABELS = {"sev1": "critical", "sev2": "high", "sev3": "medium", "sev4": "low"}
SEVERITIES = tuple(SEVERITY_LABELS)
SEVERITY_OF = {
    **{severity: severity for severity in SEVERITIES},
    **{word: one for one, word in SEVERITY_LABELS.items()},
}
"""The severity that a word of a client means."""
MAJOR = ("sev1", "sev2")

UPDATE_CADENCE_S = {"sev1": 30 * 60, "sev2": 60 * 60, "sev3": 24 * 3600, "sev4": None}
"""How long people wait for the next structured update; None: they need not."""


def is_back(state: str, to: str) -> bool:
    """Whether a move goes back on the course."""
    return to in COURSE and COURSE.index(to) < COURSE.index(state)


def is_reopening(state: str, to: str) -> bool:
    """Whether a move takes up again what was over."""
    return state in (RESOLVED, CLOSED) and is_back(state, to)


def needs_reason(state: str, to: str) -> bool:
    """Going back and calling off are to be explained."""
    return to == CANCELED or is_back(state, to)


def next_update_due_ms(severity: str, status: str, since_ms: int) -> int | None:
    """When the next structured update is due after one at `since_ms`; None when nobody waits for one."""
    cadence_s = UPDATE_CADENCE_S[severity]
    return since_ms + cadence_s * 1000 if cadence_s is not None and status in RUNNING else None
