"""SendGrid Inbound Parse: a multipart form, with the whole mail in `email` ("send raw"), or taken apart.

Signed where a security policy says so: ECDSA with SHA-256 over the timestamp of a header and the whole body. Source: SendGrid,
"Securing your Inbound Parse webhooks" and "Setting up the Inbound Parse webhook".
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from wipsie.kernel.errors import ConfigurationError
from wipsie.slices.mail.domain.arrival import Envelope
from wipsie.slices.mail.domain.foreign_texts import address, addresses, one_line, verdict, verdicts
from wipsie.slices.mail.doors.webhooks.ages import check_age
from wipsie.slices.mail.doors.webhooks.basic import check_basic
from wipsie.slices.mail.doors.webhooks.forms import Form, read_form
from wipsie.slices.mail.doors.webhooks.inbound import Inbound, Post, fingerprint_of
from wipsie.slices.mail.doors.webhooks.rebuilt import Attachment, Body, MailFields, rebuild, with_missing
from wipsie.slices.mail.doors.webhooks.refusals import NotAMail, NotGenuine
from wipsie.slices.mail.doors.webhooks.settings import NAMES, WebhookSettings, listed
from wipsie.slices.mail.doors.webhooks.spool import Spool, chunks_of

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

TRIES_S = 72 * 3600
"""A mail that was answered with 5xx comes again for so long; one answered with 3xx or 4xx is dropped. Whether a later try is
signed anew is not said, so the timestamp of the first must be good as long."""
_SIGNATURE = "x-twilio-email-event-webhook-signature"
_TIMESTAMP = "x-twilio-email-event-webhook-timestamp"
_ATTACHMENT = re.compile(r"attachment(\d{1,4})")
_DKIM_RESULT = re.compile(r":\s{0,5}([A-Za-z]{1,20})")


class _Envelope(msgspec.Struct):
    to: list[str] = []
    sender: str = msgspec.field(name="from", default="")


_envelope_decoder = msgspec.json.Decoder(_Envelope)
_texts_decoder = msgspec.json.Decoder(dict[str, str])


class SendGridDoor:
    """One per process. ConfigurationError for a public key that is none."""

    name = "sendgrid"
    needs = NAMES.sendgrid

    def __init__(self, settings: WebhookSettings) -> None:
        self._keys = tuple(_public_key(text) for text in listed(settings.sendgrid_public_key))
        self._passwords = listed(settings.sendgrid_password)
        self._tolerance_s = settings.tolerance_s

    @property
    def is_open(self) -> bool:
        return bool(self._keys or self._passwords)

    @property
    def window_s(self) -> float:
        """How long a request is good for."""
        return TRIES_S + self._tolerance_s

    def admit(self, authorization: str | None) -> None:
        """Before the body is read. NotGenuine."""
        if self._passwords:
            check_basic(authorization, self._passwords, password_only=True)

    def read(self, post: Post, spool: Spool) -> Inbound:
        """NotGenuine, Unreadable, NotAMail. Blocks."""
        if self._keys:
            self._verify(post)
        form = read_form(post, spool)
        raw = form.first("email")
        content = _rebuilt(form, spool) if raw is None else raw.content
        if not content:
            raise NotAMail("The field `email` is empty.")
        envelope = _envelope(form, post, rebuilt=raw is None)
        # SendGrid has no name for a request: the mail itself is what is let in once.
        fingerprint = fingerprint_of(content, envelope)
        return Inbound(content=content, envelope=envelope, token=f"sendgrid:{fingerprint}", fingerprint=fingerprint)

    def _verify(self, post: Post) -> None:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
        from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
        from cryptography.hazmat.primitives.hashes import SHA256

        timestamp = post.headers.get(_TIMESTAMP, "")
        check_age(timestamp, post.received_at_ms, tries_s=TRIES_S, tolerance_s=self._tolerance_s)
        digest = hashlib.sha256(timestamp.encode())
        for chunk in chunks_of(post.body):
            digest.update(chunk)
        try:
            signature = base64.b64decode(post.headers.get(_SIGNATURE, ""), validate=True)
        except (binascii.Error, ValueError):
            signature = b""
        for key in self._keys:
            try:
                key.verify(signature, digest.digest(), ECDSA(Prehashed(SHA256())))
            except InvalidSignature:
                continue
            return
        raise NotGenuine("The signature of the request is missing or wrong.")


def _public_key(text: str) -> EllipticCurvePublicKey:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    try:
        # PEM is the same base64 between two lines.
        lines = [line for line in text.splitlines() if not line.startswith("-----")]
        key = load_der_public_key(base64.b64decode("".join(lines)))
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, EllipticCurvePublicKey):
        raise ConfigurationError(
            f"{NAMES.sendgrid_public_key} holds something that is no ECDSA public key; copy it from the security policy."
        )
    return key


def _rebuilt(form: Form, spool: Spool) -> bytes | Path:
    headers = _headers(form.text("headers") or "")
    headers = with_missing(headers, [(name.title(), form.text(name) or "") for name in ("from", "to", "cc", "subject")])
    if not headers:
        raise NotAMail("The form has neither `email` nor `headers` nor `from`: it is none of Inbound Parse.")
    charsets = _texts(form.text("charsets"))
    ids = {field: content_id for content_id, field in _texts(form.text("content-ids")).items()}
    numbered = [(int(match[1]), field) for field in form.fields if (match := _ATTACHMENT.fullmatch(field.name))]
    fields = MailFields(
        headers=headers,
        text=_body(form, "text", charsets),
        html=_body(form, "html", charsets),
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


def _headers(text: str) -> list[tuple[str, str]]:
    """The headers of the mail, with continued lines joined."""
    found: list[tuple[str, list[str]]] = []
    for line in text.replace("\r\n", "\n").split("\n"):
        if line[:1] in (" ", "\t"):
            if found:
                found[-1][1].append(line.strip())
            continue
        name, colon, value = line.partition(":")
        if colon:
            found.append((name.strip(), [value.strip()]))
    return [(name, " ".join(parts)) for name, parts in found]


def _body(form: Form, name: str, charsets: dict[str, str]) -> Body | None:
    field = form.first(name)
    return None if field is None else Body(content=field.content, charset=charsets.get(name, "utf-8"))


def _envelope(form: Form, post: Post, *, rebuilt: bool) -> Envelope:
    try:
        told = _envelope_decoder.decode(form.text("envelope") or "")
    except (msgspec.DecodeError, RecursionError):
        told = None
    score = one_line(form.text("spam_score") or "", 20)
    return Envelope(
        door="sendgrid",
        received_at_ms=post.received_at_ms,
        sender=None if told is None else address(told.sender),
        recipients=() if told is None else addresses(told.to),
        remote=one_line(form.text("sender_ip") or "", 50) or None,
        verdicts=verdicts(
            spf=verdict(form.text("SPF")),
            dkim=_dkim(form.text("dkim")),
            # It says how much, and leaves the judgement to others.
            spam=f"score {score}" if score else None,
        ),
        rebuilt=rebuilt,
    )


def _dkim(text: str | None) -> str | None:
    """Of ``{@example.org : pass, @other.example : fail}`` the best: one good signature is enough."""
    results = [result.lower() for result in _DKIM_RESULT.findall((text or "")[:10_000])]
    return "pass" if "pass" in results else verdict(results[0] if results else text)


def _texts(text: str | None) -> dict[str, str]:
    try:
        return _texts_decoder.decode(text or "{}")
    except (msgspec.DecodeError, RecursionError):
        return {}
