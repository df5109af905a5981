"""What happens to a conversation. Each event has an id; the same id again changes nothing.

Of messages of users the id is that of the message (it is quoted and marked as read by it). Results of effects need one of their
own that is the same when they come twice, such as ``saved:{draft_id}``.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from wipsie.slices.vault.domain.conversation.details import ReportSummary
from wipsie.slices.vault.domain.conversation.outcomes import Outcome

FileKind = Literal["document", "image"]
"""As it was sent: a document is a report of its own, images may be pages of one."""
OpenPurpose = Literal["edit", "delete"]
NotAcceptedKind = Literal["voice", "video", "sticker", "location", "contact", "unsupported", "too_large"]
"""too_large: over 100 MB, so that WhatsApp did not pass it on."""


class _Event(msgspec.Struct, frozen=True, kw_only=True, tag_field="event"):
    id: str


class TextTyped(_Event, frozen=True, kw_only=True, tag="text"):
    """Words of the user."""

    text: str


class ChoiceTapped(_Event, frozen=True, kw_only=True, tag="choice"):
    """A button, a row of a list, or a quick reply of a template."""

    choice: str
    """Its id."""


class FileSent(_Event, frozen=True, kw_only=True, tag="file", omit_defaults=True):
    """A file of the user, not fetched yet."""

    file_id: str
    kind: FileKind
    caption: str | None = None
    name: str | None = None
    """Made harmless, for people to read."""
    quota_ok: bool = True
    """There is room for it."""


class NotAccepted(_Event, frozen=True, kw_only=True, tag="not_accepted"):
    """Something that the vault does not keep."""

    kind: NotAcceptedKind


class Ignored(_Event, frozen=True, kw_only=True, tag="ignored"):
    """A reaction, an edit, a message taken back: nothing follows. A thumb up on a card saves nothing."""


class IdentityChanged(_Event, frozen=True, kw_only=True, tag="identity_changed", omit_defaults=True):
    """The user's number, id or telephone is another one."""

    is_same_account: bool = False
    """WhatsApp says so; otherwise somebody else may have their number now."""


class TimerEnded(_Event, frozen=True, kw_only=True, tag="timer"):
    """`Conversation.deadline_ms` is over; one of another moment changes nothing."""

    deadline_ms: int


class FileChecked(_Event, frozen=True, kw_only=True, tag="checked"):
    """What became of a file, in any state."""

    file_id: str
    outcome: Outcome


class Saved(_Event, frozen=True, kw_only=True, tag="saved"):
    """A draft is a report now, or its change is kept."""

    draft_id: str
    number: int


class SaveFailed(_Event, frozen=True, kw_only=True, tag="save_failed"):
    """It could not be saved this time."""

    draft_id: str


class ReportOpened(_Event, frozen=True, kw_only=True, tag="opened"):
    """The report that `Open` asked for."""

    report: ReportSummary
    purpose: OpenPurpose


class ReportNotThere(_Event, frozen=True, kw_only=True, tag="not_there"):
    """No report of this owner has that number, or it was deleted, or it is another one by now."""

    number: int


class Deleted(_Event, frozen=True, kw_only=True, tag="deleted"):
    """It is hidden, and erased at `until_ms`."""

    number: int
    until_ms: int


class Restored(_Event, frozen=True, kw_only=True, tag="restored"):
    """What was deleted is back; None: there was nothing to bring back."""

    number: int | None


class Erased(_Event, frozen=True, kw_only=True, tag="erased"):
    """Nothing of theirs is left."""


class PinRight(_Event, frozen=True, kw_only=True, tag="pin_right"):
    """It is they; `Facts.needs_step_up` is False from now on."""


class PinWrong(_Event, frozen=True, kw_only=True, tag="pin_wrong", omit_defaults=True):
    """It was not the PIN, or none is taken at present."""

    tries_left: int = 0
    blocked_until_ms: int = 0
    """0: the next one may come at once."""


class PinSet(_Event, frozen=True, kw_only=True, tag="pin_set"):
    """The new PIN holds."""


class LetIn(_Event, frozen=True, kw_only=True, tag="let_in"):
    """Staff made sure who they are; `Facts.needs_step_up` and `Facts.has_pin` are False from now on."""


class Exported(_Event, frozen=True, kw_only=True, tag="exported"):
    """The archive they asked for is ready."""

    url: str
    until_ms: int
    reports: int


class ExportFailed(_Event, frozen=True, kw_only=True, tag="export_failed"):
    """It could not be made."""


UserEvent = TextTyped | ChoiceTapped | FileSent | NotAccepted | Ignored
Event = (
    TextTyped
    | ChoiceTapped
    | FileSent
    | NotAccepted
    | Ignored
    | IdentityChanged
    | TimerEnded
    | FileChecked
    | Saved
    | SaveFailed
    | ReportOpened
    | ReportNotThere
    | Deleted
    | Restored
    | Erased
    | PinRight
    | PinWrong
    | PinSet
    | LetIn
    | Exported
    | ExportFailed
)
