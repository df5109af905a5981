"""Mailgun Routes with `forward()`: a form, with the whole mail in `body-mime` for a URL that ends in "mime", else taken apart.

Three of its fields sign it: HMAC with SHA-256 over timestamp and token, not over the rest. Source: Mailgun, "Receiving messages
via HTTP" and "Securing webhooks".
"""

from __future__ import annotations

import hashlib
import hmac
import re
from pathlib import Path

import msgspec

from wipsie.slices.mail.domain.arrival import Envelope
from wipsie.slices.mail.domain.foreign_texts import address, addresses, one_line
from wipsie.slices.mail.doors.webhooks.ages import check_age
from wipsie.slices.mail.doors.webhooks.forms import Form, read_form
from wipsie.slices.mail.doors.webhooks.inbound import Inbound, Post, fingerprint_of
from wipsie.slices.mail.doors.webhooks.rebuilt import Attachment, Body, MailFields, rebuild, with_missing
from wipsie.slices.mail.doors.webhooks.refusals import NotAMail, NotGenuine
from wipsie.slices.mail.doors.webhooks.settings import NAMES, WebhookSettings
from wipsie.slices.mail.doors.webhooks.spool import Spool

TRIES_S = 8 * 3600
"""It comes again for so long unless the answer is 200 or 406. Whether a later try is signed anew is not said."""
_TOKEN = re.compile(r"[!-~]{1,200}")
_ATTACHMENT = re.compile(r"attachment-(\d{1,4})")
_headers_decoder = msgspec.json.Decoder(list[tuple[str, str]])
_ids_decoder = msgspec.json.Decoder(dict[str, str])


class MailgunDoor:
    """One per process."""

    name = "mailgun"
    needs = NAMES.mailgun

    def __init__(self, settings: WebhookSettings, *, mime: bool) -> None:
        """`mime`: of the two forms, the one with the whole mail. Never by what fields there are: Mailgun posts the headers of a mail
        as fields too, and a sender could name one `body-mime`."""
        self._keys = tuple(key.encode() for key in settings.mailgun_signing_keys if key)
        self._tolerance_s = settings.tolerance_s
        self._mime = mime

    @property
    def is_open(self) -> bool:
        return bool(self._keys)

    @property
    def window_s(self) -> float:
        """How long a request is good for."""
        return TRIES_S + self._tolerance_s

    def admit(self, authorization: str | None) -> None:
        """What shows that it is genuine is in the body."""

    def read(self, post: Post, spool: Spool) -> Inbound:
        """NotGenuine, Unreadable, NotAMail. Blocks."""
        form = read_form(post, spool)
        token = self._verify(form, post.received_at_ms)
        content = self._whole(form) if self._mime else _rebuilt(form, spool)
        envelope = Envelope(
            door="mailgun",
            received_at_ms=post.received_at_ms,
            sender=None if form.first("sender") is None else address(form.text("sender") or ""),
            recipients=addresses((form.text("recipient") or "").split(",")),
            # No verdicts: nothing tells Mailgun's own headers from those a sender wrote.
            rebuilt=not self._mime,
            reference=one_line(form.text("Message-Id") or "", 500) or None,
        )
        return Inbound(
            content=content,
            envelope=envelope,
            token=f"mailgun:{token}",
            fingerprint=fingerprint_of(content, envelope),
        )

    def _verify(self, form: Form, now_ms: int) -> str:
        """The token. Mailgun writes these fields last, after whatever the sender put among them."""
        timestamp, token = form.last_text("timestamp") or "", form.last_text("token") or ""
        signature = (form.last_text("signature") or "").encode()
        signed = f"{timestamp}{token}".encode()
        matches = [
            hmac.compare_digest(hmac.new(key, signed, hashlib.sha256).hexdigest().encode(), signature)
            for key in self._keys
        ]
        if not _TOKEN.fullmatch(token) or not any(matches):
            raise NotGenuine("The signature of the request is missing or wrong.")
        check_age(timestamp, now_ms, tries_s=TRIES_S, tolerance_s=self._tolerance_s)
        return token

    @staticmethod
    def _whole(form: Form) -> bytes | Path:
        field = form.first("body-mime")
        if field is None or not field.content:
            raise NotAMail("The form has no `body-mime`; let the URL of the route end in /mailgun without `/mime`.")
        return field.content


def _rebuilt(form: Form, spool: Spool) -> bytes | Path:
    numbered = [(int(match[1]), field) for field in form.fields if (match := _ATTACHMENT.fullmatch(field.name))]
    if form.first("attachments") is not None and not numbered:
        raise NotAMail("The attachments stayed with Mailgun: let the route forward() the mail, not store() it.")
    headers = with_missing(
        _headers(form.text("message-headers")),
        [("From", form.text("from") or ""), ("Subject", form.text("subject") or "")],
    )
    if not headers:
        raise NotAMail("The form has neither `message-headers` nor `from`: it is none of a route.")
    ids = {field: content_id for content_id, field in _ids(form.text("content-id-map")).items()}
    fields = MailFields(
        headers=headers,
        text=_body(form, "body-plain"),
        html=_body(form, "body-html"),
        attachments=[
            Attachment(
                content=field.content,
                name=field.file_name or "",
                content_type=field.content_type,
                content_id=ids.get(field.name, ""),
            )
            for _, field in sorted(numbered, key=lambda pair: pair[0])
        ],
    )
    return rebuild(fields, spool)


def _body(form: Form, name: str) -> Body | None:
    field = form.first(name)
    return None if field is None else Body(content=field.content)


def _headers(text: str | None) -> list[tuple[str, str]]:
    try:
        return _headers_decoder.decode(text or "[]")
    except (msgspec.DecodeError, RecursionError):
        return []


def _ids(text: str | None) -> dict[str, str]:
    try:
        return _ids_decoder.decode(text or "{}")
    except (msgspec.DecodeError, RecursionError):
        return {}
