"""The updates of a webhook."""

from __future__ import annotations

import msgspec

from wipsie.slices.vault.domain.whatsapp.errors import ApiError
from wipsie.slices.vault.domain.whatsapp.updates.contents import Content


class OurNumber(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The number of ours that an update is about."""

    phone_number_id: str | None = None
    display_number: str | None = None
    account_id: str | None = None
    """Of the WhatsApp Business account."""


class Sender(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who wrote: by business-scoped user id, by number, or by both."""

    user_id: str | None = None
    """Another one after they change their number."""
    wa_id: str | None = None
    """Number, digits with the country code first; missing for who does not share it. Never made from what people type."""
    name: str | None = None
    """As they call themselves."""
    username: str | None = None
    identity_key_hash: str | None = None

    @property
    def key(self) -> str:
        """What to order and find their messages by: the user id, which everybody has, or the number where an old payload has
        nothing else."""
        return self.user_id or self.wa_id or ""


class IncomingMessage(msgspec.Struct, frozen=True, kw_only=True, tag_field="update", tag="message", omit_defaults=True):
    """A message of a user. Its `id` is unique; the same one may come again, at any time."""

    id: str
    sender: Sender
    content: Content
    number: OurNumber = OurNumber()
    sent_at_s: int | None = None
    """When the user sent it, in seconds since 1970; None where the webhook does not say."""
    quoted_id: str | None = None
    """The message it answers, or that carried the button."""
    is_forwarded: bool = False
    group_id: str | None = None
    """Sent in a group: whatever is answered there, others read."""


class Pricing(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What Meta counts a message as."""

    category: str | None = None
    type: str | None = None
    model: str | None = None
    is_billable: bool | None = None


class StatusUpdate(msgspec.Struct, frozen=True, kw_only=True, tag_field="update", tag="status", omit_defaults=True):
    """What became of a message of ours. It may come before the answer that told its id."""

    message_id: str
    status: str
    """sent, delivered, read, failed, played, or a word that is new: see `delivery_status`."""
    number: OurNumber = OurNumber()
    at_s: int | None = None
    recipient_wa_id: str | None = None
    recipient_user_id: str | None = None
    reference: str | None = None
    """What we gave to the call that sent it."""
    errors: tuple[ApiError, ...] = ()
    pricing: Pricing | None = None


class NumberTrouble(msgspec.Struct, frozen=True, kw_only=True, tag_field="update", tag="trouble", omit_defaults=True):
    """Something is wrong with our number, app or account, not with one message."""

    errors: tuple[ApiError, ...]
    number: OurNumber = OurNumber()


class OtherChange(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="update", tag="other_change", omit_defaults=True
):
    """A change we did not ask for, such as one of templates."""

    field: str
    number: OurNumber = OurNumber()


class Unreadable(msgspec.Struct, frozen=True, kw_only=True, tag_field="update", tag="unreadable", omit_defaults=True):
    """Something is there and is not what Meta documents. Nobody may miss it: a user's message may be in it."""

    where: str
    """For example ``entry[0].changes[2].value.messages[7]``."""
    reason: str
    """In words that quote nothing."""
    message_id: str | None = None
    number: OurNumber = OurNumber()


Update = IncomingMessage | StatusUpdate | NumberTrouble | OtherChange | Unreadable
