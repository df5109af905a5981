"""The life of a blocker.

open ──► acknowledged ──► resolved
  │           │  │            │
  ├───────────┼──┘            ├──► open again, with the `since` it had
  │           ▼               │
  └──► withdrawn ─────────────┘      open ──► resolved as well: not everybody acknowledges first
"""

from __future__ import annotations

from wipsie.slices.asyncops.domain.machine import Machine

OPEN, ACKNOWLEDGED, RESOLVED, WITHDRAWN = "open", "acknowledged", "resolved", "withdrawn"
BLOCKERS = Machine(
    {
        OPEN: (ACKNOWLEDGED, RESOLVED, WITHDRAWN),
        ACKNOWLEDGED: (RESOLVED, WITHDRAWN),
        RESOLVED: (OPEN,),
        WITHDRAWN: (OPEN,),
    }
)
STANDING = (OPEN, ACKNOWLEDGED)
"""States in which somebody is blocked."""
BY_WHOM_IT_WAITS_ON = (ACKNOWLEDGED, RESOLVED)
"""Moves that whoever is waited on may make as well."""
