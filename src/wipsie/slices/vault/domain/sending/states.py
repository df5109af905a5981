"""The states of a delivery.

waiting ──(claimed)──► sending ──(taken)──► accepted
   ▲  │                  │  │                  │
   │  │                  │  └─(no answer)─► unknown ──(a status came)──► accepted
   │  │                  │                     │
   │  └─(its window is over, refused for good, nobody knows)──► failed
   └─────(refused for now; failed later, and worth another try)

Whoever waits may be cancelled. A status of WhatsApp has the last word: what it has shown was accepted.
"""

from __future__ import annotations

from typing import Literal, get_args

State = Literal["waiting", "sending", "unknown", "accepted", "failed", "cancelled"]
STATES: tuple[State, ...] = get_args(State)
SETTLED: frozenset[State] = frozenset(("accepted", "failed", "cancelled"))
