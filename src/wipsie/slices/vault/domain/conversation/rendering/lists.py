"""Reports to choose from: each row opens one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from wipsie.slices.vault.domain.catalogue import counted, date_text, texts_of
from wipsie.slices.vault.domain.commands.command import Get, ListCommand
from wipsie.slices.vault.domain.conversation.choices import command_choice
from wipsie.slices.vault.domain.conversation.details import ReportSummary
from wipsie.slices.vault.domain.conversation.effects import ListReports
from wipsie.slices.vault.domain.conversation.facts import CardDetail
from wipsie.slices.vault.domain.conversation.names import clean_line
from wipsie.slices.vault.domain.languages import Language
from wipsie.slices.vault.domain.whatsapp.outgoing import (
    ListMessage,
    ListRow,
    ListSection,
    OutgoingMessage,
    TextMessage,
    shortened,
)
from wipsie.slices.vault.domain.whatsapp.outgoing.limits import ROW_DESCRIPTION_MAX, ROW_TITLE_MAX, ROWS_MAX

LIST_REPORTS: Final = ROWS_MAX - 1
"""Of a page: one row is left for "More"."""


def report_list(
    reports: Sequence[ReportSummary],
    query: ListReports,
    language: Language,
    detail: CardDetail = "full",
    *,
    has_more: bool = False,
) -> OutgoingMessage:
    """A page, as `query` asked for it. `has_more`: there is a next one. At most ten reports are shown."""
    texts = texts_of(language)
    if not reports:
        is_filtered = query.type is not None or query.year is not None or query.page > 1
        return TextMessage(body=texts.list_none if is_filtered else texts.list_empty)
    rows = [_row(report, language, detail) for report in reports[:ROWS_MAX]]
    body = texts.list_title.format(page=query.page)
    following = msgspec.structs.replace(query, page=query.page + 1)
    if has_more and len(rows) < ROWS_MAX:
        more = ListCommand(type=following.type, year=following.year, page=following.page)
        rows.append(ListRow(command_choice(more), texts.list_more))
    elif has_more:
        body = f"{body}\n{texts.list_next.format(page=following.page)}"
    return ListMessage(body=body, label=texts.list_label, sections=(ListSection(rows=tuple(rows)),))


def search_hits(reports: Sequence[ReportSummary], language: Language, detail: CardDetail = "full") -> OutgoingMessage:
    """What was found, without the words it was found by: they may say what somebody fears, and stand in the chat already."""
    texts = texts_of(language)
    if not reports:
        return TextMessage(body=texts.search_none)
    rows = tuple(_row(report, language, detail) for report in reports[:ROWS_MAX])
    body = counted(texts.search_title, len(rows))
    return ListMessage(body=body, label=texts.list_label, sections=(ListSection(rows=rows),))


def report_not_there(number: int, language: Language) -> OutgoingMessage:
    """The same, whether the number is nobody's, another's, or was deleted."""
    return TextMessage(body=texts_of(language).not_there.format(number=number))


def _row(report: ReportSummary, language: Language, detail: CardDetail) -> ListRow:
    texts, details = texts_of(language), report.details
    day = texts.no_date if details.date is None else date_text(details.date, language)
    parts = (
        ()
        if detail == "minimal"
        else (details.hospital, details.type and texts.types[details.type].name, details.person)
    )
    description = " · ".join(line for part in parts if part and (line := clean_line(part)))
    return ListRow(
        command_choice(Get(number=report.number)),
        shortened(f"{report.number} · {day}", ROW_TITLE_MAX),
        shortened(description, ROW_DESCRIPTION_MAX) if description else None,
    )
