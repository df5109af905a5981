"""The door of Amazon SES: its notices, through a topic of SNS that was verified."""

from __future__ import annotations

from wipsie.slices.mail.domain.arrival import NotAnArrival
from wipsie.slices.mail.domain.notices import read_ses_notice
from wipsie.slices.mail.doors.webhooks.inbound import Inbound, fingerprint_of
from wipsie.slices.mail.doors.webhooks.refusals import NotAMail
from wipsie.slices.mail.doors.webhooks.sns import SnsMessage


def read_notice(message: SnsMessage, received_at_ms: int) -> Inbound | None:
    """The mail a notification tells of; None for one that tells of something else, such as that the topic is set up. NotAMail for
    the notice of a mail that says neither where it lies nor what it says."""
    try:
        mail = read_ses_notice(message.message, received_at_ms)
    except NotAnArrival as error:
        raise NotAMail(str(error)) from None
    if mail is None:
        return None
    return Inbound(
        content=mail.content,
        envelope=mail.envelope,
        # SNS keeps the id of a message when it tries again.
        token=f"sns:{message.topic_arn}:{message.message_id}",
        fingerprint=fingerprint_of(mail.content, mail.envelope),
    )
