"""Answers that a service fills with what it looked up: messages within WhatsApp's limits, whatever is in them."""

from __future__ import annotations

from wipsie.slices.vault.domain.conversation.rendering.histories import HistoryLine, history
from wipsie.slices.vault.domain.conversation.rendering.links import (
    export_empty,
    export_failed,
    export_ready,
    export_started,
    file_caption,
    report_link,
    share_link,
    share_opened,
    unshared,
)
from wipsie.slices.vault.domain.conversation.rendering.lists import (
    LIST_REPORTS,
    report_list,
    report_not_there,
    search_hits,
)

__all__ = [
    "LIST_REPORTS",
    "HistoryLine",
    "export_empty",
    "export_failed",
    "export_ready",
    "export_started",
    "file_caption",
    "history",
    "report_link",
    "report_list",
    "report_not_there",
    "search_hits",
    "share_link",
    "share_opened",
    "unshared",
]
