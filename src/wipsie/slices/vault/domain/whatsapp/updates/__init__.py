"""What a webhook says, update by update, as structs. One update that cannot be read takes none of the others with it."""

from __future__ import annotations

from wipsie.slices.vault.domain.whatsapp.updates.contents import (
    ButtonTap,
    ContactCards,
    Content,
    Edited,
    ListTap,
    Location,
    Media,
    NotPassedOn,
    OtherContent,
    Reaction,
    Revoked,
    SystemChange,
    TemplateTap,
    Text,
    Unsupported,
)
from wipsie.slices.vault.domain.whatsapp.updates.reading import UPDATES_MAX, read_updates
from wipsie.slices.vault.domain.whatsapp.updates.update import (
    IncomingMessage,
    NumberTrouble,
    OtherChange,
    OurNumber,
    Pricing,
    Sender,
    StatusUpdate,
    Unreadable,
    Update,
)

__all__ = [
    "UPDATES_MAX",
    "ButtonTap",
    "ContactCards",
    "Content",
    "Edited",
    "IncomingMessage",
    "ListTap",
    "Location",
    "Media",
    "NotPassedOn",
    "NumberTrouble",
    "OtherChange",
    "OtherContent",
    "OurNumber",
    "Pricing",
    "Reaction",
    "Revoked",
    "Sender",
    "StatusUpdate",
    "SystemChange",
    "TemplateTap",
    "Text",
    "Unreadable",
    "Unsupported",
    "Update",
    "read_updates",
]
