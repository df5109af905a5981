"""What the audit log says of accounts. No names, no addresses."""

from __future__ import annotations

from wipsie.auth.throttle import account_hash
from wipsie.kernel.audit_event import AuditEvent, Fact


def event(actor: str, subject: str, verb: str, object_id: str, **facts: Fact) -> AuditEvent:
    """``auth:subject:verb`` of ``subject:object_id``."""
    return AuditEvent(actor=actor, action=f"auth:{subject}:{verb}", object=f"{subject}:{object_id}", facts=facts)


def login_failed(email: str, user_id: str | None) -> AuditEvent:
    """A login that failed. The account is named by its id, or by a hash of what was typed."""
    who = user_id or account_hash(email)[:16]
    return AuditEvent(
        actor="anonymous", action="auth:login:fail", object=f"login:{who}", facts={"known": user_id is not None}
    )
