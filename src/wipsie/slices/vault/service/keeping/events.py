"""What the audit log says of what is kept. Ids, numbers and words of ours; nothing that anybody wrote."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from wipsie.blobs.sealing import KeyRing, keyed_token
from wipsie.kernel.audit_event import AuditEvent, Fact
from wipsie.slices.vault.domain.reports import ReportDetails, changed_fields

_CHANGE = "vault change"
_TOKEN_DIGITS = 16


class Viewer(msgspec.Struct, frozen=True, kw_only=True):
    """Who sees or does something, as the audit log names them."""

    actor: str
    """``owner:…``, ``user:…``, ``link:…``, ``system:…``."""
    reason: str | None = None
    """Why somebody of the staff looks: one word or more with underscores."""

    @classmethod
    def owner(cls, owner: str) -> Viewer:
        """Somebody who looks at what is theirs."""
        return cls(actor=f"owner:{owner}")

    def event(self, action: str, object_: str, facts: Mapping[str, Fact] | None = None) -> AuditEvent:
        """Of something they did or saw."""
        reason: dict[str, Fact] = {} if self.reason is None else {"reason": self.reason}
        return AuditEvent(actor=self.actor, action=action, object=object_, facts={**(facts or {}), **reason})


def report_name(report_id: str) -> str:
    """The object of events about a report."""
    return f"report:{report_id}"


def owner_name(owner: str) -> str:
    """The object of events about all that is somebody's."""
    return f"owner:{owner}"


def export_name(object_id: str) -> str:
    """The object of events about an archive that an owner asked for."""
    return f"export:{object_id}"


def change_facts(ring: KeyRing, owner: str, before: ReportDetails, after: ReportDetails) -> dict[str, Fact]:
    """What was changed, as keyed hashes: two changes can be compared, and what was written cannot be read."""

    def token(text: str) -> str:
        return keyed_token(ring, text, owner=owner, purpose=_CHANGE)[:_TOKEN_DIGITS] if text else "none"

    return {name: f"{token(old)}-{token(new)}" for name, (old, new) in changed_fields(before, after).items()}
