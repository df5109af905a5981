"""Notices that Amazon's services put on the queue of mail: not a mail, but word of one.

S3 event ───────────────► objects that were made
SES notice ─────────────► a mail within it, or the object where it lies
SNS around either ──────► the same

Who put a notice on the queue is not asked: the queue takes messages from whom its owner lets write to it, and only from them.
That is all that vouches for what a notice says, verdicts included. The signature of SNS is for the webhook, where anybody may
knock.
"""

from __future__ import annotations

from wipsie.slices.mail.domain.notices.noticed import Noticed, NoticedMail
from wipsie.slices.mail.domain.notices.reading import read_notice
from wipsie.slices.mail.domain.notices.ses import read_ses_notice

__all__ = ["Noticed", "NoticedMail", "read_notice", "read_ses_notice"]
