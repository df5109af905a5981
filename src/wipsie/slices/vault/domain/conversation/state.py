"""The states of a conversation.

NEW ──agrees──► IDLE ──file──► COLLECTING ──quiet──► CHECKING ──► PASSWORD, DUPLICATE, GROUPING ──► ASK_… ──► REVIEW
 ▲               ▲                                                                                               │ Save
 └──STOP── any   └──────────────────────────────── saved, discarded ─────────────────────────────── SAVING ◄────┘

any open one ──30 min──► PAUSED ──Resume──► where it was        any ──DELETE──► DELETE_CONFIRM, a read ──► STEP_UP ──► back
"""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    """Where a conversation is. Stored by these words."""

    NEW = "NEW"
    """They have not agreed: files wait unopened."""
    IDLE = "IDLE"
    COLLECTING = "COLLECTING"
    """Files are arriving."""
    CHECKING = "CHECKING"
    """Files are fetched, checked and read."""
    GROUPING = "GROUPING"
    """Several photos: one report or several?"""
    PASSWORD = "PASSWORD"  # noqa: S105 - a state
    DUPLICATE = "DUPLICATE"
    """The same bytes were saved before."""
    ASK_DATE = "ASK_DATE"
    ASK_HOSPITAL = "ASK_HOSPITAL"
    ASK_TYPE = "ASK_TYPE"
    REVIEW = "REVIEW"
    """The card with Save, Change and Cancel."""
    SAVING = "SAVING"
    PAUSED = "PAUSED"
    """Silence; the draft is kept for a day."""
    DELETE_CONFIRM = "DELETE_CONFIRM"
    STEP_UP = "STEP_UP"
    """The PIN is wanted."""
