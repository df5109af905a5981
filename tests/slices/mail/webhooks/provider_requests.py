"""Requests as the providers document them, with sample data of our own, signed by keys made in the test."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from urllib.parse import urlencode

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

BOUNDARY = "xYzZY-of-a-form"
RAW = (
    b"Received: from mail.example.org by mx.example.net; Sat, 4 Oct 2025 13:59:58 +0000\r\n"
    b"From: Ann Example <ann@example.org>\r\nTo: intake@parse.example.net\r\nSubject: Offer 4711\r\n"
    b"Message-ID: <4711@example.org>\r\nDate: Sat, 4 Oct 2025 15:59:57 +0200\r\n"
    b"Content-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: 8bit\r\n\r\nGr\xfc\xdfe\r\n"
)
HEADERS = (
    ("Received", "from mail.example.org by mx.example.net; Sat, 4 Oct 2025 13:59:58 +0000"),
    ("From", "Zoë Example <zoe@example.org>"),
    ("To", '"Intake, Größe" <intake@parse.example.net>'),
    ("Subject", "Grüße aus Zürich und ein Angebot, das etwas länger ist als eine einzige Zeile 😀"),
    ("Message-ID", "<4711@example.org>"),
    ("Date", "Sat, 4 Oct 2025 15:59:57 +0200"),
    ("MIME-Version", "1.0"),
    ("Content-Type", 'multipart/mixed; boundary="of the mail that was"'),
)
PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
REPORT = b"%PDF-1.4 " + b"report " * 100
SIGNING_KEY = "key-0123456789abcdef"
USER_PASSWORD = "postmark:pass word"
TOPIC = "arn:aws:sns:eu-west-1:123456789012:inbound-mail"
CERTIFICATE_PATH = "/SimpleNotificationService-0123456789abcdef0123456789abcdef.pem"


class Part(NamedTuple):
    """One part of a form."""

    name: str
    content: bytes
    file_name: str | None = None
    content_type: str | None = None


class Sample(NamedTuple):
    """A request."""

    path: str
    headers: dict[str, str]
    body: bytes

    def with_body(self, body: bytes) -> Sample:
        return self._replace(body=body)


def multipart(parts: Sequence[Part], boundary: str = BOUNDARY) -> tuple[dict[str, str], bytes]:
    """Headers and body of a form."""
    body = b""
    for part in parts:
        disposition = f'form-data; name="{part.name}"'
        if part.file_name is not None:
            disposition += f'; filename="{part.file_name}"'
        lines = [f"--{boundary}", f"Content-Disposition: {disposition}"]
        if part.content_type is not None:
            lines.append(f"Content-Type: {part.content_type}")
        body += "\r\n".join(lines).encode() + b"\r\n\r\n" + part.content + b"\r\n"
    return {"Content-Type": f"multipart/form-data; boundary={boundary}"}, body + f"--{boundary}--\r\n".encode()


def fields(**values: str) -> list[Part]:
    """Plain fields; an underscore in a name stands for a hyphen."""
    return [Part(name.replace("_", "-"), value.encode()) for name, value in values.items()]


def basic(user_password: str) -> dict[str, str]:
    """The header of Basic authentication."""
    return {"Authorization": f"Basic {base64.b64encode(user_password.encode()).decode()}"}


# SendGrid

SENDGRID_KEY = ec.generate_private_key(ec.SECP256R1())
SENDGRID_ENVELOPE = Part("envelope", b'{"to":["intake@parse.example.net"],"from":"bounces@example.org"}')


def sendgrid_public_key(key: ec.EllipticCurvePrivateKey = SENDGRID_KEY) -> str:
    """As a security policy shows it."""
    der = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(der).decode()


def sendgrid_raw_parts() -> list[Part]:
    return [
        Part("email", RAW),
        *fields(to="intake@parse.example.net", subject="Offer 4711", SPF="pass", dkim="{@example.org : pass}"),
        Part("spam_score", b"0.011"),
        Part("sender_ip", b"192.0.2.7"),
        SENDGRID_ENVELOPE,
    ]


def sendgrid_parsed_parts(*attachments: Part) -> list[Part]:
    return [
        Part("headers", "\n".join(f"{name}: {value}" for name, value in HEADERS).encode()),
        Part("dkim", b"{@example.org : fail, @other.example : pass}"),
        Part("content-ids", b'{"picture@example.org":"attachment2"}'),
        Part("text", "Schöne Grüße".encode("iso-8859-1")),
        Part("html", '<p>Schöne Grüße <img src="cid:picture@example.org"></p>'.encode()),
        Part("sender_ip", b"192.0.2.7"),
        SENDGRID_ENVELOPE,
        Part("charsets", b'{"to":"UTF-8","html":"UTF-8","text":"iso-8859-1"}'),
        Part("SPF", b"softfail"),
        *(attachments or (Part("attachment1", REPORT, "report.pdf", "application/pdf"),)),
        Part("attachment2", PICTURE, "picture.png", "image/png"),
        Part("attachments", b"2"),
    ]


def sendgrid(parts: Sequence[Part], at_s: float, key: ec.EllipticCurvePrivateKey = SENDGRID_KEY) -> Sample:
    """A signed request of Inbound Parse."""
    headers, body = multipart(parts)
    timestamp = str(int(at_s))
    signature = key.sign(timestamp.encode() + body, ec.ECDSA(SHA256()))
    headers["X-Twilio-Email-Event-Webhook-Signature"] = base64.b64encode(signature).decode()
    headers["X-Twilio-Email-Event-Webhook-Timestamp"] = timestamp
    return Sample("/webhook/mail/sendgrid", headers, body)


# Mailgun


def mailgun_signature(at_s: float, token: str, key: str = SIGNING_KEY) -> list[Part]:
    timestamp = str(int(at_s))
    signature = hmac.new(key.encode(), f"{timestamp}{token}".encode(), hashlib.sha256).hexdigest()
    return fields(timestamp=timestamp, token=token, signature=signature)


def mailgun_mime_parts(content: bytes = RAW) -> list[Part]:
    return [
        *fields(recipient="intake@mg.example.net", sender="bounces@example.org", subject="Offer 4711"),
        Part("body-mime", content),
    ]


def mailgun_parsed_parts(*attachments: Part) -> list[Part]:
    return [
        *fields(recipient="intake@mg.example.net", sender="bounces@example.org", subject="Offer 4711"),
        Part("Message-Id", b"<4711@example.org>"),
        Part("message-headers", json.dumps([list(pair) for pair in HEADERS]).encode()),
        Part("body-plain", "Schöne Grüße".encode()),
        Part("body-html", b'<img src="cid:picture@example.org">'),
        Part("attachment-count", b"2"),
        Part("content-id-map", b'{"<picture@example.org>":"attachment-2"}'),
        *(attachments or (Part("attachment-1", REPORT, "report.pdf", "application/pdf"),)),
        Part("attachment-2", PICTURE, "picture.png", "image/png"),
    ]


def mailgun(
    parts: Sequence[Part], at_s: float, *, token: str = "t" * 50, mime: bool = False, key: str = SIGNING_KEY
) -> Sample:
    """A signed request of a route, as a multipart form."""
    headers, body = multipart([*parts, *mailgun_signature(at_s, token, key)])
    return Sample(f"/webhook/mail/mailgun{'/mime' if mime else ''}", headers, body)


def mailgun_urlencoded(parts: Sequence[Part], at_s: float, *, token: str = "t" * 50, mime: bool = False) -> Sample:
    """The same without files, as Mailgun posts it then."""
    pairs = [(part.name, part.content) for part in [*parts, *mailgun_signature(at_s, token)]]
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    return Sample(f"/webhook/mail/mailgun{'/mime' if mime else ''}", headers, urlencode(pairs).encode())


# Postmark


def postmark_document(**changes: Any) -> dict[str, Any]:
    """The document of an inbound mail."""
    return {
        "FromName": "Zoë Example",
        "MessageStream": "inbound",
        "From": "zoe@example.org",
        "FromFull": {"Email": "zoe@example.org", "Name": "Zoë Example", "MailboxHash": ""},
        "To": '"Intake, Größe" <hash+intake@inbound.example.net>',
        "ToFull": [{"Email": "hash+intake@inbound.example.net", "Name": "Intake, Größe", "MailboxHash": "intake"}],
        "CcFull": [],
        "OriginalRecipient": "hash+intake@inbound.example.net",
        "Subject": "Grüße aus Zürich",
        "MessageID": "73e6d360-66eb-11e1-8e72-a8904824019b",
        "ReplyTo": "replies@example.org",
        "Date": "Sat, 4 Oct 2025 15:59:57 +0200",
        "TextBody": "Schöne Grüße",
        "HtmlBody": '<img src="cid:picture@example.org">',
        "StrippedTextReply": "",
        "Tag": "",
        "Headers": [
            {"Name": "Message-ID", "Value": "<4711@example.org>"},
            {"Name": "X-Spam-Status", "Value": "No"},
            {
                "Name": "Received-SPF",
                "Value": "Pass (sender SPF authorized) identity=mailfrom; client-ip=192.0.2.7; helo=mail.example.org; "
                "envelope-from=bounces@example.org; receiver=hash+intake@inbound.example.net",
            },
        ],
        "Attachments": [
            postmark_attachment("report.pdf", REPORT, "application/pdf"),
            postmark_attachment("picture.png", PICTURE, "image/png", "picture@example.org"),
        ],
        **changes,
    }


def postmark_attachment(name: str, content: bytes, content_type: str, content_id: str = "") -> dict[str, Any]:
    return {
        "Name": name,
        "Content": base64.b64encode(content).decode(),
        "ContentType": content_type,
        "ContentLength": len(content),
        "ContentID": content_id,
    }


def postmark(document: Any, user_password: str = USER_PASSWORD) -> Sample:
    """A request of the inbound webhook."""
    headers = {"Content-Type": "application/json", **basic(user_password)}
    return Sample("/webhook/mail/postmark", headers, json.dumps(document).encode())


# Amazon SES through SNS


class SnsSigner:
    """What SNS has: a key, and a certificate of it."""

    def __init__(self, at_s: float) -> None:
        """The certificate is good for a day before and after `at_s`."""
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
        moment = datetime.fromtimestamp(at_s, UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(self.key.public_key())
            .serial_number(4711)
            .not_valid_before(moment - timedelta(days=1))
            .not_valid_after(moment + timedelta(days=1))
            .sign(self.key, SHA256())
        )
        self.pem = certificate.public_bytes(Encoding.PEM)

    def sign(self, message: dict[str, Any]) -> dict[str, Any]:
        """The message with its signature."""
        names = ["Message", "MessageId", "Subject", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"]
        text = "".join(f"{name}\n{message[name]}\n" for name in names if message.get(name) is not None)
        algorithm = SHA1() if message["SignatureVersion"] == "1" else SHA256()  # noqa: S303 - what SNS does
        signature = self.key.sign(text.encode(), padding.PKCS1v15(), algorithm)
        return {**message, "Signature": base64.b64encode(signature).decode()}


def timestamp_of(at_s: float) -> str:
    """As SNS writes it."""
    return datetime.fromtimestamp(at_s, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def notification(at_s: float, certificate_url: str, message: Any, **changes: Any) -> dict[str, Any]:
    """A notification without its signature."""
    return {
        "Type": "Notification",
        "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
        "TopicArn": TOPIC,
        "Subject": "Amazon SES Email Receipt Notification",
        "Message": message if isinstance(message, str) else json.dumps(message),
        "Timestamp": timestamp_of(at_s),
        "SignatureVersion": "2",
        "SigningCertURL": certificate_url,
        "UnsubscribeURL": f"https://sns.eu-west-1.amazonaws.com/?Action=Unsubscribe&SubscriptionArn={TOPIC}:1",
        **changes,
    }


def ses_notice(action: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """What SES says of a mail it received."""
    return {
        "notificationType": "Received",
        "receipt": {
            "timestamp": "2025-10-04T13:59:58.000Z",
            "processingTimeMillis": 222,
            "recipients": ["intake@ses.example.net"],
            "spamVerdict": {"status": "PASS"},
            "virusVerdict": {"status": "PASS"},
            "spfVerdict": {"status": "GRAY"},
            "dkimVerdict": {"status": "FAIL"},
            "dmarcVerdict": {"status": "PROCESSING_FAILED"},
            "action": action,
        },
        "mail": {
            "timestamp": "2025-10-04T13:59:58.000Z",
            "source": "bounces@example.org",
            "messageId": "d6iitobk75ur44p8kdnnp7g2n800",
            "destination": ["intake@ses.example.net"],
            "headersTruncated": False,
            "headers": [{"name": "From", "value": "ann@example.org"}],
            "commonHeaders": {"subject": "Offer 4711"},
        },
        **changes,
    }


def sns(message: Mapping[str, Any]) -> Sample:
    """A request of SNS."""
    headers = {
        "Content-Type": "text/plain; charset=UTF-8",
        "x-amz-sns-message-type": str(message["Type"]),
        "x-amz-sns-message-id": str(message["MessageId"]),
    }
    return Sample("/webhook/mail/ses", headers, json.dumps(message).encode())
