"""Somebody's number or user id is another one, as WhatsApp says: what is theirs stays theirs, and nobody else's.

The news may come after messages that were sent under the new id. Who wrote them was met as a stranger then. As long as that stranger
agreed to nothing and keeps nothing here, they are forgotten, and are who they were before.

Where WhatsApp names the account before and after, it is one account: who has a PIN is asked for it, and who has none goes on. Where it does
not, anybody may have the telephone now: the PIN, or staff who know them, open what was kept.
"""

from __future__ import annotations

from wipsie.blobs.sealing import KeyRing
from wipsie.database import UnitOfWork
from wipsie.kernel.audit_event import AuditEvent
from wipsie.slices.vault.domain.conversation.events import IdentityChanged
from wipsie.slices.vault.domain.whatsapp.updates import SystemChange
from wipsie.slices.vault.service.conversing.conversing import Begun
from wipsie.slices.vault.service.forgetting import Forgetting
from wipsie.slices.vault.service.keeping.events import owner_name
from wipsie.slices.vault.store import identities
from wipsie.slices.vault.store.identities import Identity
from wipsie.slices.vault.store.inbox import InboxRow
from wipsie.slices.vault.store.reports import ids_of_owner
from wipsie.telemetry.logging import get_logger

_log = get_logger(__name__)


class Renumbering:
    """One per process."""

    def __init__(self, forgetting: Forgetting) -> None:
        self._forgetting = forgetting

    async def begin(self, unit: UnitOfWork, ring: KeyRing, row: InboxRow, change: SystemChange) -> Begun | None:
        """What a turn begins with that is about such a message; None when it is about nobody here."""
        sender = row.message.sender
        known_as = None if change.change == "identity" else change.previous_user_id or sender.user_id
        if known_as is None:
            # Another phone under the same number: nobody can tell that it is the same person.
            identity = await identities.need_step_up(unit.connection, ring, sender)
        else:
            identity = await self._renumber(unit, ring, known_as, change)
        if identity is None:
            return None
        unit.record(owner_event("vault:identity:change", identity.id))
        changed = IdentityChanged(id=row.message.id, is_same_account=known_as is not None)
        return Begun(identity=identity, events=[changed], sent_at_ms=row.sent_at_ms)

    async def _renumber(self, unit: UnitOfWork, ring: KeyRing, previous: str, change: SystemChange) -> Identity | None:
        connection = unit.connection
        known = await identities.by_user_id(connection, ring, previous)
        stranger = await identities.by_user_id(connection, ring, change.new_user_id)
        if known is None or stranger is None or stranger.id == known.id:
            stranger = None
        elif stranger.consent_version is not None or await ids_of_owner(connection, stranger.id, count_max=1):
            _log.error("vault_identities_apart", owner=known.id, other=stranger.id)
            unit.record(owner_event("vault:identity:apart", known.id))
            return None
        else:
            await self._forgetting.forget(unit, ring, stranger.id)
        return await identities.renumber(
            connection,
            ring,
            previous,
            user_id=change.new_user_id,
            wa_id=change.new_wa_id,
            stranger=None if stranger is None else stranger.id,
        )


def owner_event(action: str, owner: str) -> AuditEvent:
    """What an owner did, or what happened to who they are, for the audit log."""
    return AuditEvent(actor=f"owner:{owner}", action=action, object=owner_name(owner))
