"""Reports and archives that are handed out."""

from __future__ import annotations

from typing import Final

from wipsie.slices.vault.domain.catalogue import texts_of
from wipsie.slices.vault.domain.commands.command import Unshare
from wipsie.slices.vault.domain.conversation.cards import report_line
from wipsie.slices.vault.domain.conversation.choices import command_choice
from wipsie.slices.vault.domain.conversation.details import ReportSummary
from wipsie.slices.vault.domain.conversation.facts import CardDetail
from wipsie.slices.vault.domain.languages import Language
from wipsie.slices.vault.domain.whatsapp.outgoing import (
    Button,
    ButtonsMessage,
    OutgoingMessage,
    TextMessage,
    length_of,
    shortened,
)
from wipsie.slices.vault.domain.whatsapp.outgoing.limits import BUTTONS_BODY_MAX, CAPTION_MAX

URL_CHARACTERS_MAX: Final = 2_000
"""Longer ones, phones do not make into links."""


def report_link(
    report: ReportSummary, url: str, language: Language, detail: CardDetail = "full", *, minutes: int
) -> OutgoingMessage:
    """GET. `minutes`: so long it works."""
    line = report_line(report.number, report.details, language, detail)
    return TextMessage(body=texts_of(language).link.format(report=line, url=_checked(url), minutes=minutes))


def share_link(
    report: ReportSummary, url: str, language: Language, detail: CardDetail = "full", *, hours: int
) -> OutgoingMessage:
    """SHARE, with the way to take it back."""
    texts = texts_of(language)
    line = report_line(report.number, report.details, language, detail)
    body = texts.share.format(report=line, url=_checked(url), hours=hours)
    if length_of(body) > BUTTONS_BODY_MAX:
        return TextMessage(body=body)
    button = Button(command_choice(Unshare(number=report.number)), texts.stop_sharing)
    return ButtonsMessage(body=body, buttons=(button,))


def unshared(number: int, language: Language) -> OutgoingMessage:
    """All links to it are taken back."""
    return TextMessage(body=texts_of(language).unshared.format(number=number))


def share_opened(number: int, language: Language) -> OutgoingMessage:
    """To the owner, whenever somebody opens what they shared."""
    return TextMessage(body=texts_of(language).share_opened.format(number=number))


def file_caption(report: ReportSummary, language: Language, detail: CardDetail = "full") -> str:
    """Under a report that is sent into the chat."""
    return shortened(report_line(report.number, report.details, language, detail), CAPTION_MAX)


def export_started(language: Language) -> OutgoingMessage:
    """EXPORT takes a while."""
    return TextMessage(body=texts_of(language).export_started)


def export_empty(language: Language) -> OutgoingMessage:
    """There is nothing yet."""
    return TextMessage(body=texts_of(language).export_empty)


def export_failed(language: Language) -> OutgoingMessage:
    """There is none, or there are enough of them already."""
    return TextMessage(body=texts_of(language).export_failed)


def export_ready(url: str, language: Language, *, reports: int, hours: int) -> OutgoingMessage:
    """The archive, for as long as it is kept."""
    return TextMessage(body=texts_of(language).export_ready.format(count=reports, url=_checked(url), hours=hours))


def _checked(url: str) -> str:
    if length_of(url) > URL_CHARACTERS_MAX:
        raise ValueError(f"a link has at most {URL_CHARACTERS_MAX} characters")
    return url
