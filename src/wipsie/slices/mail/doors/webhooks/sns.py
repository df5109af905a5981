"""Messages of Amazon SNS: who signed them, and for which topic.

Source: Amazon SNS, "Verifying the signatures of Amazon SNS messages" and "Parsing Amazon SNS message formats".
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Collection
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from wipsie.kernel.clock import Clock
from wipsie.slices.mail.doors.webhooks.ages import check_age_ms
from wipsie.slices.mail.doors.webhooks.refusals import NotAllowed, NotGenuine, Unreadable
from wipsie.slices.mail.doors.webhooks.sns_web import SnsWeb

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.hashes import HashAlgorithm

TRIES_S = 3600
"""SNS dates a message when it is published, and tries for an hour at most to hand it on over HTTP."""
NOTIFICATION = "Notification"
SUBSCRIPTION = "SubscriptionConfirmation"
UNSUBSCRIPTION = "UnsubscribeConfirmation"
_SIGNED_OF_NOTIFICATIONS = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
_SIGNED_OF_OTHERS = ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")


class SnsMessage(msgspec.Struct, frozen=True, rename="pascal"):
    """One message, as it stands in the body of a request."""

    type: str
    message_id: str
    topic_arn: str
    message: str
    timestamp: str
    signature_version: str
    signature: str
    signing_cert_url: str = msgspec.field(name="SigningCertURL")
    subject: str | None = None
    token: str | None = None
    subscribe_url: str | None = msgspec.field(name="SubscribeURL", default=None)


_decoder = msgspec.json.Decoder(SnsMessage)


def read_message(body: bytes) -> SnsMessage:
    """What is in a body; nothing of it is proven. Unreadable."""
    try:
        return _decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Unreadable(
            "The body is no message of Amazon SNS; leave raw message delivery off, or nothing shows who sent it."
        ) from None


def signed_text(message: SnsMessage) -> bytes:
    """What the signature is over: names and values of some members, each on a line of its own."""
    values = {
        "Message": message.message,
        "MessageId": message.message_id,
        "Subject": message.subject,
        "SubscribeURL": message.subscribe_url,
        "Timestamp": message.timestamp,
        "Token": message.token,
        "TopicArn": message.topic_arn,
        "Type": message.type,
    }
    names = _SIGNED_OF_NOTIFICATIONS if message.type == NOTIFICATION else _SIGNED_OF_OTHERS
    return "".join(f"{name}\n{values[name]}\n" for name in names if values[name] is not None).encode()


class SnsVerifier:
    """One per process."""

    def __init__(self, topic_arns: Collection[str], web: SnsWeb, clock: Clock, *, tolerance_s: int) -> None:
        self._topic_arns = frozenset(topic_arns)
        self._web = web
        self._clock = clock
        self._tolerance_s = tolerance_s

    @property
    def window_s(self) -> float:
        """How long a message is good for."""
        return TRIES_S + self._tolerance_s

    async def verify(self, message: SnsMessage) -> None:
        """NotAllowed for a topic that is not ours: anybody may have one that posts here, signed by Amazon. NotGenuine when Amazon
        did not sign it, or too long ago; Unavailable while the certificate cannot be fetched."""
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15

        if message.topic_arn not in self._topic_arns:
            raise NotAllowed("The topic is not among those that may send mail here.")
        if message.type not in (NOTIFICATION, SUBSCRIPTION, UNSUBSCRIPTION):
            raise NotGenuine("The type of the message is none that SNS has.")
        check_age_ms(_epoch_ms(message.timestamp), self._clock.now_ms(), tries_s=TRIES_S, tolerance_s=self._tolerance_s)
        algorithm = _algorithm(message.signature_version)
        try:
            signature = base64.b64decode(message.signature, validate=True)
        except (binascii.Error, ValueError):
            raise NotGenuine("The signature of the message is no base64.") from None
        key = await self._web.signing_key(message.signing_cert_url)
        try:
            key.verify(signature, signed_text(message), PKCS1v15(), algorithm)
        except InvalidSignature:
            raise NotGenuine("The signature of the message is wrong.") from None


def _algorithm(version: str) -> HashAlgorithm:
    from cryptography.hazmat.primitives.hashes import SHA1, SHA256

    if version == "1":
        return SHA1()  # noqa: S303 - the version that topics have unless they are set to 2
    if version == "2":
        return SHA256()
    raise NotGenuine("The message has a SignatureVersion that is neither 1 nor 2.")


def _epoch_ms(timestamp: str) -> int:
    try:
        moment = datetime.fromisoformat(timestamp)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise NotGenuine("The timestamp of the message is no ISO 8601 time with a zone.")
    return int(moment.timestamp() * 1000)
