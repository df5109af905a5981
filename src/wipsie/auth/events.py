"""What the audit log says of accounts. No names, no addresses."""

from __future__ import annotations

from wipsie.kernel.audit_event import AuditEvent, Fact

ANONYMOUS = "anonymous"
"""Somebody who has not shown who they are."""


def event(actor: str, subject: str, verb: str, object_id: str, **facts: Fact) -> AuditEvent:
    """``auth:subject:verb`` of ``subject:object_id``."""
    return AuditEvent(actor=actor, action=f"auth:{subject}:{verb}", object=f"{subject}:{object_id}", facts=facts)


def login_failed(account_name: str, user_id: str | None) -> AuditEvent:
    """A login that failed; `account_name` as `LoginThrottle.name_of`, `user_id` when there is such an account."""
    return AuditEvent(
        actor=ANONYMOUS,
        action="auth:login:fail",
        object=f"login:{account_name[:16]}",
        facts={} if user_id is None else {"user": user_id},
    )
