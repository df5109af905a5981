"""What a conversation wants done, in this order. Those that bring an answer name the events it comes as."""

from __future__ import annotations

from typing import Literal

import msgspec

from wipsie.slices.vault.domain.catalogue.report_types import ReportType
from wipsie.slices.vault.domain.conversation.details import Details
from wipsie.slices.vault.domain.conversation.events import OpenPurpose
from wipsie.slices.vault.domain.languages import Language
from wipsie.slices.vault.domain.whatsapp.outgoing import OutgoingMessage

DiscardReason = Literal[
    "cancelled", "duplicate", "refused", "expired", "limit", "quota", "stopped", "password", "identity"
]
NoteAction = Literal["late_event", "expired", "save_failed", "identity_changed", "step_up_wanted", "unanswered"]


class Say(msgspec.Struct, frozen=True, kw_only=True, tag_field="effect", tag="say", omit_defaults=True):
    """Send a message."""

    message: OutgoingMessage
    quote: str | None = None
    """The message of the user it answers."""
    is_sensitive: bool = False
    """It tells of reports: never sent a second time when nobody knows whether it arrived."""


class Acknowledge(msgspec.Struct, frozen=True, kw_only=True, tag_field="effect", tag="acknowledge"):
    """The two blue ticks, and the three dots: an answer follows."""

    message_id: str


class GiveConsent(msgspec.Struct, frozen=True, kw_only=True, tag_field="effect", tag="give_consent"):
    """Record that they agreed to this text; a planned erasure after STOP is off."""

    version: int
    language: Language
    message_id: str


class WithdrawConsent(msgspec.Struct, frozen=True, tag_field="effect", tag="withdraw_consent"):
    """Record that they did not want it any more, and plan the erasure in `Policy.erase_after_days`."""


class SetLanguage(msgspec.Struct, frozen=True, tag_field="effect", tag="set_language"):
    """Speak this with them wherever the conversation is not at hand."""

    language: Language


class Check(msgspec.Struct, frozen=True, tag_field="effect", tag="check"):
    """Fetch, check and read these, if that has not begun. Nothing else may begin it. → FileChecked for each"""

    file_ids: tuple[str, ...]


class Unlock(msgspec.Struct, frozen=True, kw_only=True, tag_field="effect", tag="unlock"):
    """Check this file with its password, which is not kept anywhere. → FileChecked"""

    file_id: str
    password: str


class Discard(msgspec.Struct, frozen=True, kw_only=True, tag_field="effect", tag="discard"):
    """Forget these files and erase what there is of them."""

    file_ids: tuple[str, ...]
    reason: DiscardReason


class Save(msgspec.Struct, frozen=True, kw_only=True, tag_field="effect", tag="save", omit_defaults=True):
    """Keep a report, or the change of one; the same draft is saved once, however often this comes. → Saved, SaveFailed"""

    draft_id: str
    details: Details
    file_ids: tuple[str, ...] = ()
    """Its pages in order; none for a change."""
    edits: int | None = None
    """The number of the report that is changed."""
    edits_version: int | None = None


class ListReports(msgspec.Struct, frozen=True, kw_only=True, tag_field="query", tag="list", omit_defaults=True):
    """A page of reports, the newest first. Rendered by `rendering.report_list`"""

    type: ReportType | None = None
    year: int | None = None
    page: int = 1


class GetReport(msgspec.Struct, frozen=True, kw_only=True, tag_field="query", tag="get", omit_defaults=True):
    """One report: by a link, or as its files. `rendering.report_link`, `rendering.file_caption`"""

    number: int
    as_file: bool = False


class SearchReports(msgspec.Struct, frozen=True, kw_only=True, tag_field="query", tag="search"):
    """Reports that have all these words. `rendering.search_hits`"""

    words: str


class ShowHistory(msgspec.Struct, frozen=True, kw_only=True, tag_field="query", tag="history", omit_defaults=True):
    """What was done with one report, or with all. `rendering.history`"""

    number: int | None = None


class ShareReport(msgspec.Struct, frozen=True, kw_only=True, tag_field="query", tag="share"):
    """A link for somebody else. `rendering.share_link`"""

    number: int


class UnshareReport(msgspec.Struct, frozen=True, kw_only=True, tag_field="query", tag="unshare"):
    """All links to it lead nowhere from now on. `rendering.unshared`"""

    number: int


class Export(msgspec.Struct, frozen=True, tag_field="query", tag="export"):
    """Begin to make the archive of everything. → Exported, ExportFailed, later"""


Query = ListReports | GetReport | SearchReports | ShowHistory | ShareReport | UnshareReport | Export


class Answer(msgspec.Struct, frozen=True, tag_field="effect", tag="answer"):
    """Look it up and send what `rendering` makes of it, here in the order of effects: the card may have to follow.
    `rendering.report_not_there` for a number that is nobody's."""

    query: Query


class Open(msgspec.Struct, frozen=True, kw_only=True, tag_field="effect", tag="open"):
    """Read a report to ask about it. → ReportOpened, ReportNotThere"""

    number: int
    purpose: OpenPurpose


class Delete(msgspec.Struct, frozen=True, kw_only=True, tag_field="effect", tag="delete"):
    """Hide it now, erase it later. → Deleted, ReportNotThere"""

    number: int


class Undo(msgspec.Struct, frozen=True, kw_only=True, tag_field="effect", tag="undo", omit_defaults=True):
    """Bring back this one, or the one that was deleted last. → Restored"""

    number: int | None = None


class TryPin(msgspec.Struct, frozen=True, tag_field="effect", tag="try_pin"):
    """→ PinRight, PinWrong"""

    pin: str


class SetPin(msgspec.Struct, frozen=True, tag_field="effect", tag="set_pin"):
    """→ PinSet"""

    pin: str


class EraseEverything(msgspec.Struct, frozen=True, tag_field="effect", tag="erase_everything"):
    """All of theirs, now. → Erased"""


class Alarm(msgspec.Struct, frozen=True, tag_field="effect", tag="alarm"):
    """Tell the operator."""

    reason: Literal["save_failed"]


class Note(msgspec.Struct, frozen=True, kw_only=True, tag_field="effect", tag="note", omit_defaults=True):
    """For the audit log, without anything of a person."""

    action: NoteAction
    count: int | None = None


Effect = (
    Say
    | Acknowledge
    | GiveConsent
    | WithdrawConsent
    | SetLanguage
    | Check
    | Unlock
    | Discard
    | Save
    | Answer
    | Open
    | Delete
    | Undo
    | TryPin
    | SetPin
    | EraseEverything
    | Alarm
    | Note
)
