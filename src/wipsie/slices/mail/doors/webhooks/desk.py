"""One way in for the requests of all providers.

open? ── password ──► body ──► signature, age ──► mail ──► token is new? ──► on the queue ──► 200
 404       401      413, 503        401        400, 406        200, 401           503
                                              403 (Postmark)  ("duplicate")

The answer decides what a provider does with the mail: 200 ends its tries, 503 makes it try again, whoever it is. The rest
differs: SendGrid drops the mail at any 4xx and SNS at most of them; Mailgun tries again unless it is 406, Postmark unless it is
403. So what may be better next time is 503, never 429, and what cannot is what ends the tries.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Literal, Protocol

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from wipsie.api.errors import RefusalLog, translate
from wipsie.api.json_body import json_response
from wipsie.kernel.clock import Clock
from wipsie.kernel.errors import Forbidden, NotFound, TooManyRequests, Unauthorized, Unavailable
from wipsie.kernel.ids import MessageId
from wipsie.kernel.limits import MIB
from wipsie.slices.mail.domain.arrival import BucketObject, Envelope
from wipsie.slices.mail.doors.webhooks.inbound import Inbound, Post
from wipsie.slices.mail.doors.webhooks.receiving import Place, Room, receive_body
from wipsie.slices.mail.doors.webhooks.refusals import NotAllowed, NotAMail, NotGenuine, Unreadable
from wipsie.slices.mail.doors.webhooks.replays import Replays
from wipsie.slices.mail.doors.webhooks.ses import read_notice
from wipsie.slices.mail.doors.webhooks.settings import NAMES, WebhookSettings
from wipsie.slices.mail.doors.webhooks.sns import SUBSCRIPTION, UNSUBSCRIPTION, SnsVerifier, read_message
from wipsie.slices.mail.doors.webhooks.sns_web import SnsWeb
from wipsie.slices.mail.doors.webhooks.spool import Spool
from wipsie.telemetry.logging import get_logger

SNS_BYTES_MAX = 2 * MIB
"""A message of SNS has at most 256 KiB; written in JSON within JSON, a byte may take six."""
LARGE_AT_ONCE_MAX = 2
"""Bodies that lie in files, worked on at once: a document of Postmark is in memory then."""

_log = get_logger(__name__)


class AcceptRaw(Protocol):
    """`MailIntake.accept_raw`."""

    def __call__(self, content: bytes | Path, envelope: Envelope, /) -> Awaitable[MessageId]: ...


class AcceptStored(Protocol):
    """`MailIntake.accept_stored`."""

    def __call__(self, source: BucketObject, envelope: Envelope, /) -> Awaitable[MessageId]: ...


class WebhookAnswer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of a request."""

    status: Literal["success", "duplicate", "confirmed", "ignored"]
    """`duplicate`: the mail was on the queue before. `confirmed`: the subscription to a topic. `ignored`: a notice without a
    mail."""
    message_id: MessageId | None = None
    """Of the queue's message."""


class Door(Protocol):
    """How one provider's requests are read."""

    @property
    def name(self) -> str: ...

    @property
    def needs(self) -> str:
        """The settings that open it."""
        ...

    @property
    def is_open(self) -> bool: ...

    @property
    def window_s(self) -> float:
        """How long the provider may come again with a mail."""
        ...

    def admit(self, authorization: str | None) -> None:
        """Before the body is read. NotGenuine."""
        ...

    def read(self, post: Post, spool: Spool) -> Inbound:
        """NotGenuine, Unreadable, NotAMail. Blocks."""
        ...


class Desk:
    """What all doors share."""

    def __init__(
        self,
        settings: WebhookSettings,
        accept_raw: AcceptRaw,
        accept_stored: AcceptStored,
        replays: Replays,
        clock: Clock,
        spool_folder: Path | None,
    ) -> None:
        self._settings = settings
        self._accept_raw = accept_raw
        self._accept_stored = accept_stored
        self._replays = replays
        self._clock = clock
        self._spool_folder = spool_folder
        self._room = Room()
        self._large = asyncio.Semaphore(LARGE_AT_ONCE_MAX)
        self._refusals = RefusalLog(clock)

    async def answer(self, request: Request, door: Door) -> Response:
        """Let one request in by a door."""
        if not door.is_open:
            raise self._noted(_closed(door.name, door.needs), request)
        try:
            door.admit(request.headers.get("authorization"))
            with Place(self._room) as place, Spool(self._spool_folder) as spool:
                inbound = await self._read(request, door, spool, place)
                return await self._accept(inbound, door.window_s)
        except (NotGenuine, NotAllowed, Unreadable, NotAMail) as error:
            raise self._noted(_refusal(error, door.name), request) from None
        except OSError as error:
            raise _no_room(error) from error

    async def answer_sns(self, request: Request, verifier: SnsVerifier, web: SnsWeb) -> Response:
        """Let a message of SNS in."""
        if not self._settings.ses_topic_arns:
            raise self._noted(_closed("ses", NAMES.ses), request)
        try:
            with Place(self._room) as place, Spool(self._spool_folder) as spool:
                body = await receive_body(request, spool, place, min(SNS_BYTES_MAX, self._settings.size_bytes_max))
                content = body if isinstance(body, bytes) else await asyncio.to_thread(body.read_bytes)
            message = read_message(content)
            await verifier.verify(message)
            if message.type == SUBSCRIPTION:
                await web.confirm(message.subscribe_url or "")
                _log.info("Subscription to a topic of SNS confirmed", topic=message.topic_arn)
                return json_response(WebhookAnswer(status="confirmed"))
            inbound = None
            if message.type == UNSUBSCRIPTION:
                _log.warning("Subscription to a topic of SNS ended: its mail comes no more", topic=message.topic_arn)
            else:
                inbound = await asyncio.to_thread(read_notice, message, self._clock.now_ms())
            if inbound is None:
                _log.info("Message of SNS holds no mail", topic=message.topic_arn, sns_message_id=message.message_id)
                return json_response(WebhookAnswer(status="ignored"))
            return await self._accept(inbound, verifier.window_s)
        except (NotGenuine, NotAllowed, Unreadable, NotAMail) as error:
            raise self._noted(_refusal(error, "ses"), request) from None
        except OSError as error:
            raise _no_room(error) from error

    async def _read(self, request: Request, door: Door, spool: Spool, place: Place) -> Inbound:
        body = await receive_body(request, spool, place, self._settings.size_bytes_max)
        post = Post(headers=request.headers, body=body, received_at_ms=self._clock.now_ms())
        if isinstance(body, bytes):
            return await asyncio.to_thread(door.read, post, spool)
        async with self._large:
            return await asyncio.to_thread(door.read, post, spool)

    async def _accept(self, inbound: Inbound, window_s: float) -> Response:
        content, envelope = inbound.content, inbound.envelope
        if isinstance(content, BucketObject):
            accept: Callable[[], Awaitable[MessageId]] = partial(self._accept_stored, content, envelope)
        else:
            accept = partial(self._accept_raw, content, envelope)
        try:
            accepted = await self._replays.once(inbound.token, inbound.fingerprint, window_s, accept)
        except TooManyRequests as error:
            # A full queue. 429 would make SendGrid drop the mail.
            raise Unavailable(error.message, details=error.details, retry_after_s=error.retry_after_s) from None
        _log.info(
            "Mail came by webhook",
            door=envelope.door,
            message_id=accepted.message_id,
            duplicate=accepted.duplicate,
            rebuilt=envelope.rebuilt,
        )
        status: Literal["success", "duplicate"] = "duplicate" if accepted.duplicate else "success"
        return json_response(WebhookAnswer(status=status, message_id=accepted.message_id))

    def _noted(self, refusal: Exception, request: Request) -> Exception:
        """Logged, though it is the other's fault: a door left closed and a key changed on one side only lose mail."""
        self._refusals.note(translate(refusal, request.scope), request.scope)
        return refusal


def _refusal(error: Exception, door: str) -> Exception:
    """The answer that makes the provider do the right thing."""
    match error:
        case NotGenuine():
            # Postmark and Mailgun try again, so that a wrong setting can be mended in time.
            return Unauthorized(str(error))
        case NotAllowed():
            return Forbidden(str(error))
        case NotAMail() if door == "mailgun":
            return HTTPException(406, str(error))
        case NotAMail() if door == "postmark":
            return Forbidden(str(error))
        case _:
            return HTTPException(400, str(error))


def _closed(door: str, setting: str) -> NotFound:
    return NotFound(f"No mail is taken from here; set {setting} to open this door.", details={"door": door})


def _no_room(error: OSError) -> Unavailable:
    return Unavailable(
        f"The request cannot be kept while it is worked on: {error.strerror or type(error).__name__}.", retry_after_s=30
    )
