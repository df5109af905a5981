"""Which doors are open, and what a request must show to come in."""

from __future__ import annotations

import msgspec

from wipsie.kernel.limits import MIB


class WebhookSettings(msgspec.Struct, frozen=True, kw_only=True):
    """A door without a setting of its own is closed."""

    sendgrid_public_key: str = ""
    """Of the security policy of Inbound Parse, as SendGrid shows it (base64) or as PEM; several with commas."""
    sendgrid_password: str = ""
    """Of Basic authentication in the URL that SendGrid posts to, whatever the user; several with commas. Beside a public key
    both are asked for."""
    mailgun_signing_keys: tuple[str, ...] = ()
    """HTTP webhook signing keys: any one is good."""
    postmark_user_password: str = ""
    """`user:password` of Basic authentication in the URL that Postmark posts to; several with commas."""
    ses_topic_arns: tuple[str, ...] = ()
    """SNS topics that the receipt rules of Amazon SES publish to; others are refused."""
    size_bytes_max: int = 45 * MIB
    """Largest request."""
    tolerance_s: int = 300
    """How far a clock may be off, added to the time in which a provider tries again."""

    def __repr__(self) -> str:
        return f"WebhookSettings(size_bytes_max={self.size_bytes_max}, tolerance_s={self.tolerance_s})"


class SettingNames(msgspec.Struct, frozen=True, kw_only=True):
    """What people set; named in refusals."""

    sendgrid: str = "MAIL_SENDGRID_PUBLIC_KEY or MAIL_SENDGRID_PASSWORD"
    sendgrid_public_key: str = "MAIL_SENDGRID_PUBLIC_KEY"
    mailgun: str = "MAIL_MAILGUN_SIGNING_KEYS"
    postmark: str = "MAIL_POSTMARK_USER_PASSWORD"
    ses: str = "MAIL_SES_TOPIC_ARNS"


NAMES = SettingNames()


def listed(text: str) -> tuple[str, ...]:
    """The entries of a setting that may have several, with commas between them."""
    return tuple(part.strip() for part in text.split(",") if part.strip())
