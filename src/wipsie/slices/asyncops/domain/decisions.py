"""The life of a decision.

    draft ──► proposed ──┬──► accepted ──┬──► deprecated
                         │               │
                         └──► rejected   └──► superseded      by another decision that is accepted

From `accepted` and `rejected` on its text is frozen: what was decided stays readable, and a change is another decision.
"""

from __future__ import annotations

from wipsie.slices.asyncops.domain.machine import Machine

DRAFT, PROPOSED, ACCEPTED, REJECTED = "draft", "proposed", "accepted", "rejected"
DEPRECATED, SUPERSEDED = "deprecated", "superseded"
DECISIONS = Machine(
    {
        DRAFT: (PROPOSED,),
        PROPOSED: (ACCEPTED, REJECTED),
        ACCEPTED: (DEPRECATED, SUPERSEDED),
        REJECTED: (),
        DEPRECATED: (),
        SUPERSEDED: (),
    }
)
WRITABLE = (DRAFT, PROPOSED)
"""States in which its text may change."""
DAY_MS = 24 * 3_600_000
WAITING_DAYS = 7
"""A proposal older than this waits for too long."""
