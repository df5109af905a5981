"""The audit log: what was changed, by whom and when, in a chain that shows whatever was changed, left out or put in later."""

from __future__ import annotations

from wipsie.audit.anchors import Anchor, Anchors
from wipsie.audit.keys import AuditKeys
from wipsie.audit.log import AuditLog, Head, LoggedEvent, all_events, event_of, events_after, list_events, read_head
from wipsie.audit.tables import events_table
from wipsie.audit.verification import Finding, Verification, verify

__all__ = [
    "Anchor",
    "Anchors",
    "AuditKeys",
    "AuditLog",
    "Finding",
    "Head",
    "LoggedEvent",
    "Verification",
    "all_events",
    "event_of",
    "events_after",
    "events_table",
    "list_events",
    "read_head",
    "verify",
]
