"""One turn of a conversation: what everybody who takes part in it needs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

import msgspec

from wipsie.blobs.sealing import KeyRing
from wipsie.database import UnitOfWork
from wipsie.kernel.audit_event import Fact
from wipsie.slices.vault.domain.sending.body import DeliveryBody, FileMessage
from wipsie.slices.vault.domain.whatsapp.outgoing import OutgoingMessage, ReadReceipt
from wipsie.slices.vault.service.conversing.pins import PinWork, StretchedPin
from wipsie.slices.vault.service.keeping.events import Viewer, owner_name
from wipsie.slices.vault.service.keeping.saving import PreparedSave
from wipsie.slices.vault.store.deliveries import NewDelivery, enqueue
from wipsie.slices.vault.store.identities import Identity


class Turn:
    """Made for one commit; what it collects goes out with it."""

    def __init__(
        self,
        unit: UnitOfWork,
        ring: KeyRing,
        identity: Identity,
        *,
        cause: str,
        now_ms: int,
        prepared: dict[str, PreparedSave],
        stretched: Mapping[PinWork, StretchedPin],
    ) -> None:
        """`cause`: id of the event that began it; `prepared`: by the id of their drafts, the saves whose objects are in place;
        `stretched`: PINs that need not be stretched in the unit."""
        self.unit = unit
        self.ring = ring
        self.identity = identity
        self.now_ms = now_ms
        self.prepared = prepared
        self.stretched = stretched
        self.afterwards: list[Callable[[], Awaitable[object]]] = []
        """What is done once it is committed, and is done by the upkeep otherwise."""
        self.is_first_save = False
        self._said: list[NewDelivery] = []
        self._cause = cause
        self._events = 0

    @property
    def owner(self) -> str:
        return self.identity.id

    @property
    def viewer(self) -> Viewer:
        """The owner, who sees what is theirs."""
        return Viewer.owner(self.identity.id)

    def say(
        self,
        message: OutgoingMessage | FileMessage | ReadReceipt,
        *,
        quotes: str | None = None,
        is_sensitive: bool = False,
    ) -> None:
        """Send this when the turn is committed, after what was said before."""
        self._said.append(NewDelivery(body=DeliveryBody(message=message, quotes=quotes), is_sensitive=is_sensitive))

    def record(self, action: str, **facts: Fact) -> None:
        """Have the audit log know what the owner did."""
        self.unit.record(self.viewer.event(action, owner_name(self.owner), facts))

    def event_id(self, name: str) -> str:
        """The id of something that came of this turn."""
        self._events += 1
        return f"{name}:{self._cause}:{self._events}"

    def change_identity(self, **changes: object) -> None:
        """What was written to the row, for the rest of the turn."""
        self.identity = msgspec.structs.replace(self.identity, **changes)

    async def write_said(self) -> None:
        """Put what was said into the outbox; the last step of the turn."""
        await enqueue(
            self.unit,
            self.ring,
            owner=self.owner,
            phone_number_id=self.identity.phone_number_id,
            deliveries=self._said,
            now_ms=self.now_ms,
        )
