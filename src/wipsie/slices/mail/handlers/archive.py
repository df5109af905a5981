"""Archives the messages of the queue of mail, one at a time, many side by side.

mail ────────────────► archive ─► done
notice of Amazon ────► each mail it tells of ─► archive ─► done when all are
                   └─► no mail: counted and logged ─► done
anything else ───────► dead letter, or quarantine/
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, TypeVar

from wipsie.blobs import BlobStore, BlobTooLarge
from wipsie.kernel.backoff import Backoff
from wipsie.kernel.clock import Clock, iso_utc
from wipsie.kernel.errors import StorageUnavailable
from wipsie.queue.engine import QueueEngine
from wipsie.queue.message import StandardMessage
from wipsie.slices.mail.domain.arrival import (
    QUARANTINE_FOLDER,
    BucketObject,
    NotAnArrival,
    RawArrival,
    RawMail,
    raw_body,
    raw_key,
)
from wipsie.slices.mail.domain.letter import LetterRefused
from wipsie.slices.mail.domain.notices import Noticed, NoticedMail, read_notice
from wipsie.slices.mail.metrics import MailMetrics
from wipsie.slices.mail.service.archive import Archived, MailArchive
from wipsie.slices.mail.service.index_writer import StillErasing
from wipsie.slices.mail.service.intake import RAW_TYPE, letter_door
from wipsie.telemetry.logging import get_logger
from wipsie.workers.handler import Reject, Retry, TaskContext
from wipsie.workers.outage import Outage

HELD_S_MAX = 1800.0
"""How long a mail is held while a store is away. Giving it back would use up its receives, and with them its way home."""
TIMEOUT_S = HELD_S_MAX + 600.0
NOT_A_MAIL = "NOT_A_MAIL"
_PAUSE_S_MIN, _PAUSE_S_MAX = 0.5, 30.0
_COPY_NOTE = "copy"
_HOPELESS = (NotAnArrival, LetterRefused, BlobTooLarge)
"""Never a mail, however often it is tried."""

ResultT = TypeVar("ResultT")

_log = get_logger(__name__)


class ArchiveHandler:
    """One per process."""

    def __init__(
        self, archive: MailArchive, *, engine: QueueEngine, blobs: BlobStore, clock: Clock, metrics: MailMetrics
    ) -> None:
        self._mails = archive
        self._engine = engine
        self._blobs = blobs
        self._clock = clock
        self._metrics = metrics
        self._away = Outage(_log, "mail_not_archived", clock)

    async def archive_mail(self, message: StandardMessage[Any], context: TaskContext) -> dict[str, Any]:
        """Archive the mail of a message, or the mails its notice tells of; returns id and key of each, or why there are none. What
        is no mail goes to the dead-letter queue, or into `quarantine/` where the queue has none."""
        del message
        delivery = context.delivery
        began_s = self._clock.monotonic()
        try:
            noticed = read_notice(delivery.body, delivery.sent_at_ms)
            if noticed is not None:
                return await self._archive_noticed(noticed, context, began_s)
            return await self._archive(lambda: self._archive_body(delivery.body, delivery.message_id, context), began_s)
        except _HOPELESS as error:
            self._metrics.failed.inc()
            reason = _reason(error)
            return await self._patiently(lambda: self._put_aside(context, reason), began_s)
        except Exception:
            self._metrics.failed.inc()
            raise

    async def _archive_noticed(self, noticed: Noticed, context: TaskContext, began_s: float) -> dict[str, Any]:
        """All that are told of, though one cannot be had. At the end that one's error is raised: the message is done when all are,
        and those that are done already are known by their arrivals when it comes again."""
        archived: list[dict[str, Any]] = []
        failed: list[Exception] = [NotAnArrival(problem) for problem in noticed.problems]
        for mail in noticed.mails:
            try:
                archived.append(await self._archive(partial(self._archive_told, mail, context), began_s))
            except Retry:
                raise
            except Exception as error:
                failed.append(error)
        if failed:
            # One that may be had later first: the others are no reason to give it up.
            raise next((error for error in failed if not isinstance(error, _HOPELESS)), failed[0])
        if noticed.others:
            self._metrics.without_mail.inc(len(noticed.others))
            _log.info(
                "mail_notice_without_mail", message_id=context.delivery.message_id, told=sorted(set(noticed.others))
            )
        if not archived:
            return {"ignored": sorted(set(noticed.others))}
        return archived[0] if len(archived) == 1 else {"mails": archived}

    async def _archive(self, work: Callable[[], Awaitable[Archived]], since_s: float) -> dict[str, Any]:
        began_s = self._clock.monotonic()
        archived = await self._patiently(work, since_s)
        self._metrics.processed.inc()
        self._metrics.duration_s.observe(self._clock.monotonic() - began_s)
        result: dict[str, Any] = {"id": archived.id, "key": archived.key}
        return {**result, _COPY_NOTE: True} if archived.is_copy else result

    async def _archive_told(self, mail: NoticedMail, context: TaskContext) -> Archived:
        """As if a door had put it on the queue."""
        source: BucketObject | RawMail
        if isinstance(mail.content, BucketObject):
            source = mail.content
        else:
            stored = await self._blobs.put_by_digest(raw_key, mail.content, RAW_TYPE)
            source = RawMail(key=stored.key, sha256=stored.sha256, size=stored.size)
        message_id = context.delivery.message_id
        # Each is an arrival, also where two of them are copies of one mail.
        arrival_id = message_id if mail.position == 1 else f"{message_id}-{mail.position}"
        return await self._archive_body(
            raw_body(RawArrival(source=source, envelope=mail.envelope)), arrival_id, context
        )

    async def _archive_body(self, body: str, arrival_id: str, context: TaskContext) -> Archived:
        return await self._mails.archive(
            body,
            message_id=arrival_id,
            sent_at_ms=context.delivery.sent_at_ms,
            run_cpu=context.run_cpu,
            letter_door=letter_door(context.delivery.attributes),
        )

    async def _patiently(self, work: Callable[[], Awaitable[ResultT]], began_s: float) -> ResultT:
        """Again and again while a store is away, or objects of the mail are being erased. Retry after `HELD_S_MAX`."""
        backoff = Backoff(_PAUSE_S_MIN, _PAUSE_S_MAX)
        while True:
            try:
                result = await work()
            except (StorageUnavailable, StillErasing) as error:
                if isinstance(error, StorageUnavailable):
                    self._away.failed(error)
                if self._clock.monotonic() - began_s > HELD_S_MAX:
                    raise Retry(str(error), after_s=_PAUSE_S_MAX, counted=False) from error
                await self._clock.sleep(backoff.next_s())
            else:
                self._away.over()
                return result

    async def _put_aside(self, context: TaskContext, reason: str) -> dict[str, Any]:
        delivery = context.delivery
        if (await self._engine.queue_settings(delivery.queue)).dead_letter_queue is not None:
            raise Reject(reason, code=NOT_A_MAIL)
        day = iso_utc(self._clock.now())[:10].replace("-", "/")
        key = f"{QUARANTINE_FOLDER}/{day}/{delivery.message_id}.txt"
        await self._blobs.create(key, delivery.body.encode("utf-8", "surrogatepass"), "text/plain; charset=utf-8")
        self._metrics.quarantined.inc()
        # The body may name people; its place does not.
        _log.error("mail_put_aside", key=key, message_id=delivery.message_id, reason=reason)
        return {"quarantined": key, "reason": reason}


def _reason(error: Exception) -> str:
    if isinstance(error, LetterRefused):
        return f"The message holds no e-mail: {error}."
    return str(error)
