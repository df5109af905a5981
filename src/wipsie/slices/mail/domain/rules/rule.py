"""A rule: conditions that must all hold of a mail, and what is done when they do.

Rules are asked in order; one that holds and says `stop` is the last. What is compared is folded, see `folding`; there are no
regular expressions, and the time a condition takes grows with the text alone.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

RULES_MAX = 200
CONDITIONS_MAX = 20
ACTIONS_MAX = 10
NAME_CHARACTERS_MAX = 100
VALUE_CHARACTERS_MAX = 500
TAG_CHARACTERS_MAX = 50
TITLE_CHARACTERS_MAX = 200
RECIPIENT_CHARACTERS_MAX = 2_048

Field = Literal["sender", "recipient", "subject", "text", "attachment_name", "attachment_type", "list_id"]
Operator = Literal["contains", "is", "starts_with", "ends_with", "glob", "domain"]
Severity = Literal["sev1", "sev2", "sev3", "sev4"]
Method = Literal["spf", "dkim", "dmarc", "arc", "spam", "virus"]


class TextCondition(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="text"
):
    """A text of the mail. Where a mail has several, as recipients, it holds when one of them fits."""

    field: Field
    """sender and recipient: the address, and the name or whatever stands there; text: its first 20,000 characters."""
    operator: Operator
    """glob: * is any characters, ? is one. domain: of a sender or recipient, the domain itself or one below it."""
    value: Annotated[str, Meta(min_length=1, max_length=VALUE_CHARACTERS_MAX)]
    """Case, accents and the number of spaces make no difference."""
    negate: bool = False
    """Holds when none fits; so it does for a mail without any such text."""


class SizeCondition(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="size_over"
):
    """The mail is larger: its original, or the document of a letter."""

    bytes: Annotated[int, Meta(ge=0, le=2**53)]
    negate: bool = False


class AttachmentCondition(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="has_attachment"
):
    """The mail has attachments, or has none."""

    value: bool = True


class VerdictCondition(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="verdict"
):
    """What somebody trusted said of the mail. Where nobody said anything it holds when it is negated alone."""

    method: Method
    result: Annotated[str, Meta(pattern="^[A-Za-z_]{1,40}$")]
    """For example pass or fail."""
    negate: bool = False


Condition = TextCondition | SizeCondition | AttachmentCondition | VerdictCondition


class TagAction(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="tag"):
    """Tag the mail."""

    tag: Annotated[str, Meta(min_length=1, max_length=TAG_CHARACTERS_MAX, pattern="^[^/]+$")]
    """Without slashes, which part paths."""


class ForwardAction(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="forward"
):
    """Send a message that names the mail, never with its text, to a queue."""

    queue: Annotated[str, Meta(min_length=1, max_length=100)]
    """Short or stored name. Not that of mail: it would never end."""
    task_type: Annotated[str, Meta(min_length=1, max_length=128)] = "raw"
    """One that the queue has a handler for; raw for a queue that others read."""


class NotifyAction(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="notify"
):
    """Tell somebody of the mail, by the notifications queue."""

    channel: Literal["email", "webhook"] = "email"
    recipient: Annotated[str, Meta(min_length=1, max_length=RECIPIENT_CHARACTERS_MAX)]
    """An address, or for webhook a URL."""


class IncidentAction(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="propose_incident"
):
    """Propose an incident that a lead accepts or declines: one for the rule, however many mails match while it is open."""

    severity: Severity = "sev3"
    title: Annotated[str, Meta(min_length=1, max_length=TITLE_CHARACTERS_MAX)] = "{rule}"
    """{rule}, {subject} and {sender} are filled in. The whole team sees incidents, whoever may read mail: what of a mail stands
    in the title is for whoever writes the rule to say."""


Action = TagAction | ForwardAction | NotifyAction | IncidentAction
Conditions = Annotated[list[Condition], Meta(min_length=1, max_length=CONDITIONS_MAX)]
Actions = Annotated[list[Action], Meta(min_length=1, max_length=ACTIONS_MAX)]


class RuleBody(msgspec.Struct, frozen=True, kw_only=True):
    """What a rule says, as it is stored."""

    conditions: Conditions
    actions: Actions
    stop: bool = False
    """No later rule is asked when this one holds."""
