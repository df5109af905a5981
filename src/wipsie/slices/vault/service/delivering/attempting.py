"""One attempt at one delivery: may it be sent still, whom does it go to, the file it brings, the call."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Final

import msgspec

from wipsie.blobs.errors import BlobCorrupt
from wipsie.blobs.sealing import KeyRing
from wipsie.database import Database
from wipsie.kernel.clock import Clock
from wipsie.kernel.errors import NotFound, Unavailable
from wipsie.slices.vault.domain.sending.body import RECEIPT_KIND, FileMessage
from wipsie.slices.vault.domain.sending.deciding import Decision
from wipsie.slices.vault.domain.sending.outcomes import NotSent, Refused, SendOutcome
from wipsie.slices.vault.domain.sending.window import may_be_sent
from wipsie.slices.vault.domain.whatsapp.outgoing import MessageRefused, ReadReceipt, Recipient, send_payload
from wipsie.slices.vault.gateways.graph import FileToUpload, GraphClient, GraphRefused, GraphUnreachable
from wipsie.slices.vault.store.deliveries import Claim, begin_sending, record
from wipsie.slices.vault.store.identities import Identity, IdentityDetails

RECEIPT_S_MAX: Final = 600.0
"""Later than that two blue ticks tell nobody anything."""
_WINDOW_CLOSED: Final = 131047
_USER_ID_NOT_ALLOWED: Final = 131062


class OpenedFile(msgspec.Struct, frozen=True):
    """A file of ours, and what it is."""

    file: FileToUpload
    media_type: str


OpenFile = Callable[[str, str], AbstractAsyncContextManager[OpenedFile]]
"""Opens an object of an owner, by their ids, for reading. NotFound when it is not there any more, BlobCorrupt when it cannot be read;
Unavailable for later."""


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """What was tried, and how it ended: by a call, or decided without one."""

    claim: Claim
    result: SendOutcome | Decision
    has_number: bool = False
    """It went to the user id, and there is a number too."""


class Attempting:
    """One per process."""

    def __init__(self, database: Database, graph: GraphClient, clock: Clock, open_file: OpenFile) -> None:
        self._database = database
        self._graph = graph
        self._clock = clock
        self._open_file = open_file

    async def attempt(self, ring: KeyRing, claim: Claim, person: Identity | None) -> Attempt | None:
        """None when the claim is another's by now. Unavailable when the store of files is away; the claim is given back then."""
        if person is None:
            return Attempt(claim=claim, result=Decision(state="failed", error="owner_gone"))
        too_late = self._too_late(claim, person)
        if too_late is not None:
            return Attempt(claim=claim, result=too_late)
        message = claim.body.message
        if isinstance(message, FileMessage) and claim.body.media_id is None:
            uploaded = await self._upload(claim, message)
            if not isinstance(uploaded, str):
                return Attempt(claim=claim, result=uploaded)
            async with self._database.begin() as connection:
                begun = await begin_sending(connection, ring, claim, media_id=uploaded, now_ms=self._clock.now_ms())
            if begun is None:
                return None
            claim = begun
        by_number = _is_by_number(claim, person.details)
        return Attempt(
            claim=claim,
            result=await self._send(claim, person.details, by_number=by_number),
            has_number=not by_number and person.details.wa_id is not None,
        )

    def _too_late(self, claim: Claim, person: Identity) -> Decision | None:
        now_ms = self._clock.now_ms()
        if claim.kind == RECEIPT_KIND and now_ms - claim.created_at_ms > RECEIPT_S_MAX * 1000:
            return Decision(state="cancelled", error="too_late")
        if may_be_sent(claim.kind, last_message_at_ms=person.last_message_at_ms, now_ms=now_ms):
            return None
        return Decision(state="failed", error_code=_WINDOW_CLOSED, error="window_closed")

    async def _upload(self, claim: Claim, message: FileMessage) -> str | SendOutcome | Decision:
        """The media id, or how that failed: nothing was sent then."""
        try:
            async with self._open_file(claim.owner, message.object) as opened:
                return await self._graph.upload_media(claim.phone_number_id, opened.file, media_type=opened.media_type)
        except NotFound:
            return _never("file_gone")
        except BlobCorrupt:
            return _never("file_broken")
        except GraphRefused as refused:
            return Refused(error=refused.error, http_status=refused.http_status, asked_s=refused.asked_s)
        except GraphUnreachable as error:
            return NotSent(str(error))
        except Unavailable:
            # Nobody waits for the end of the claim.
            released = Decision(state="waiting", is_counted=False)
            async with self._database.begin() as connection:
                await record(connection, claim, released, now_ms=self._clock.now_ms())
            raise

    async def _send(self, claim: Claim, person: IdentityDetails, *, by_number: bool) -> SendOutcome | Decision:
        message = claim.body.message
        if isinstance(message, ReadReceipt):
            return await self._graph.mark_read(claim.phone_number_id, message)
        try:
            if isinstance(message, FileMessage):
                message = message.uploaded(claim.body.media_id or "")
            recipient = Recipient(number=person.wa_id) if by_number else Recipient(user_id=person.user_id)
            payload = send_payload(message, recipient, reference=claim.id, quotes=claim.body.quotes)
        except MessageRefused:
            return _never("invalid_message")
        return await self._graph.send(claim.phone_number_id, payload)


def _is_by_number(claim: Claim, person: IdentityDetails) -> bool:
    """Whether it goes to the telephone number. The user id comes first: it is that person's for as long as it exists, where a number
    may be somebody else's by now."""
    return person.user_id is None or (person.wa_id is not None and claim.last_error_code == _USER_ID_NOT_ALLOWED)


def _never(reason: str) -> Decision:
    return Decision(state="failed", error=reason, is_alarm=True)
