"""HISTORY: what was done, and by whom, as the audit log has it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from wipsie.slices.vault.domain.catalogue import Texts, date_text, texts_of
from wipsie.slices.vault.domain.dates import PartialDate
from wipsie.slices.vault.domain.languages import Language
from wipsie.slices.vault.domain.whatsapp.outgoing import OutgoingMessage, TextMessage, length_of
from wipsie.slices.vault.domain.whatsapp.outgoing.limits import TEXT_BODY_MAX

_NAME_OF: Final = {
    "vault:report:save": "saved",
    "vault:report:edit": "changed",
    "vault:report:view": "viewed",
    "vault:report:open": "opened",
    "vault:report:list": "listed",
    "vault:report:search": "searched",
    "vault:report:delete": "deleted",
    "vault:report:restore": "restored",
    "vault:report:erase": "erased",
    "vault:link:make": "link_made",
    "vault:link:open": "link_opened",
    "vault:link:look": "pages_seen",
    "vault:report:reorder": "reordered",
    "vault:link:revoke": "links_ended",
    "vault:export:make": "exported",
    "vault:consent:give": "agreed",
    "vault:consent:withdraw": "stopped",
    "vault:pin:set": "pin_set",
    "vault:pin:fail": "pin_wrong",
    "vault:identity:unlock": "unlocked",
}
"""Of actions of the audit log that mean something to the owner; others are left out."""


class HistoryLine(msgspec.Struct, frozen=True, kw_only=True):
    """An event of the audit log."""

    at_ms: int
    action: str
    """``vault:report:save`` and so on."""
    actor: str = ""
    """``owner:…``, ``user:…`` (staff), ``link:…``."""
    number: int | None = None


def history(
    lines: Sequence[HistoryLine], language: Language, *, number: int | None = None, utc_offset_min: int = 0
) -> OutgoingMessage:
    """The newest first, as many as a message holds. `number`: of the report it is of, or None for all; `utc_offset_min`: of the
    owner's clock."""
    texts = texts_of(language)
    title = texts.history_title if number is None else texts.history_title_report.format(number=number)
    shown = [_line(line, texts, language, utc_offset_min) for line in lines if line.action in _NAME_OF]
    if not shown:
        return TextMessage(body=texts.history_empty)
    body = title
    for line in shown:
        if length_of(body) + 1 + length_of(line) > TEXT_BODY_MAX:
            break
        body = f"{body}\n{line}"
    return TextMessage(body=body)


def _line(line: HistoryLine, texts: Texts, language: Language, utc_offset_min: int) -> str:
    moment = datetime.fromtimestamp(line.at_ms / 1000, tz=UTC) + timedelta(minutes=utc_offset_min)
    action = texts.actions[_NAME_OF[line.action]]
    if line.actor.startswith("user:"):
        action = texts.by_staff.format(action=action)
    elif line.actor.startswith("link:"):
        action = texts.by_link.format(action=action)
    report = "" if line.number is None else f" · {texts.report_title.format(number=line.number)}"
    return f"{date_text(PartialDate.of(moment.date()), language)} {moment:%H:%M}{report} · {action}"
