"""A report in a line, and the card that its owner checks before it is saved."""

from __future__ import annotations

from wipsie.slices.vault.domain.catalogue import counted, date_text, texts_of
from wipsie.slices.vault.domain.conversation.details import Details
from wipsie.slices.vault.domain.conversation.facts import CardDetail
from wipsie.slices.vault.domain.languages import Language


def details_line(details: Details, language: Language, detail: CardDetail = "full") -> str:
    """3 Nov 2025 · Lakeside Hospital · Blood test; with `minimal` detail the date alone."""
    texts = texts_of(language)
    day = texts.no_date if details.date is None else date_text(details.date, language)
    if detail == "minimal":
        return day
    kind = texts.no_type if details.type is None else texts.types[details.type].name
    return " · ".join((day, details.hospital or texts.no_hospital, kind))


def report_line(number: int, details: Details, language: Language, detail: CardDetail = "full") -> str:
    """Report 12: 3 Nov 2025 · …"""
    return f"{texts_of(language).report_title.format(number=number)}: {details_line(details, language, detail)}"


def card_body(details: Details, pages: int, language: Language, detail: CardDetail) -> str:
    """All that would be saved."""
    texts = texts_of(language)
    lines = [details_line(details, language, detail)]
    if detail == "minimal":
        if details.hospital is not None or details.type is not None:
            lines.append(texts.card_hidden)
    else:
        if details.person is not None:
            lines.append(texts.card_person.format(person=details.person))
        if details.note is not None:
            lines.append(texts.card_note.format(note=details.note))
    if pages > 1:
        lines.append(counted(texts.card_pages, pages))
    return "\n".join(lines)
