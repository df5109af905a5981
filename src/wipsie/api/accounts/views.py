"""What is shown of accounts, and to whom."""

from __future__ import annotations

from typing import Any, Literal, cast

from wipsie.api.accounts.schemas import (
    EventView,
    InvitationView,
    KeyView,
    LinkView,
    LoggedInView,
    MadeKeyView,
    Me,
    Reach,
    RightView,
    Role,
    SessionView,
    UserView,
)
from wipsie.audit import LoggedEvent
from wipsie.auth.account_rights import MANAGE_USERS
from wipsie.auth.accounts import User
from wipsie.auth.api_keys import ApiKey
from wipsie.auth.one_time_links import OneTimeLink
from wipsie.auth.principal import Principal
from wipsie.auth.rights import ROLES, Extent, Right
from wipsie.auth.service.keys import MadeKey
from wipsie.auth.service.login import LoggedIn
from wipsie.auth.service.registration import MadeLink
from wipsie.auth.sessions import Session
from wipsie.kernel.clock import iso_utc_ms, utc_datetime


def user_view(user: User, principal: Principal) -> UserView:
    """An account as `principal` may see it: addresses are for those who manage accounts, and for oneself."""
    return _user_view(user, whole=principal.user_id == user.id or principal.may(MANAGE_USERS))


def logged_in_view(logged_in: LoggedIn) -> LoggedInView:
    """A fresh session, for its person."""
    return LoggedInView(
        token=logged_in.token,
        expires_at=iso_utc_ms(logged_in.session.expires_at_ms),
        user=_user_view(logged_in.user, whole=True),
    )


def me_view(user: User, principal: Principal) -> Me:
    """One's own account, and what one may do."""
    permissions: dict[str, Reach] = {
        name: "all" if extent is Extent.ALL else "own"
        for name, extent in principal.extents.items()
        if extent is not Extent.NONE
    }
    kind: Literal["user", "key"] = "key" if principal.kind == "key" else "user"
    return Me(**_user_fields(user, whole=True), kind=kind, permissions=permissions)


def link_view(made: MadeLink) -> LinkView:
    """A link that was just made."""
    return LinkView(url=made.url, expires_at=iso_utc_ms(made.link.expires_at_ms))


def session_view(session: Session, principal: Principal) -> SessionView:
    """A login."""
    return SessionView(
        id=session.id,
        user=session.user_id,
        created_at=iso_utc_ms(session.issued_at_ms),
        expires_at=iso_utc_ms(session.expires_at_ms),
        last_seen_at=iso_utc_ms(session.last_seen_at_ms),
        address=session.address,
        user_agent=session.user_agent,
        current=session.id == principal.session_id,
    )


def key_view(key: ApiKey) -> KeyView:
    """A key without its secret."""
    return KeyView(**_key_fields(key))


def made_key_view(made: MadeKey) -> MadeKeyView:
    """A key with its secret."""
    return MadeKeyView(**_key_fields(made.key), secret=made.secret)


def right_view(right: Right) -> RightView:
    """A row of the rights table."""
    roles: dict[Any, Any] = {role: right.extent(role).name.lower() for role in ROLES}
    return RightView(permission=right.permission, about=right.about, roles=roles)


def invitation_view(link: OneTimeLink) -> InvitationView:
    """An invitation without its link."""
    return InvitationView(
        id=link.id,
        email=link.email,
        role=cast("Role", link.role),
        created_by=link.created_by,
        created_at=iso_utc_ms(link.created_at_ms),
        expires_at=iso_utc_ms(link.expires_at_ms),
    )


def event_view(event: LoggedEvent) -> EventView:
    """An event of the audit log."""
    return EventView(
        seq=event.seq,
        at=utc_datetime(event.at_ms),
        actor=event.actor,
        action=event.action,
        object=event.object,
        request_id=event.request_id,
        facts=dict(event.facts),
        seal=event.seal,
    )


def _user_view(user: User, *, whole: bool) -> UserView:
    return UserView(**_user_fields(user, whole=whole))


def _user_fields(user: User, *, whole: bool) -> dict[str, Any]:
    return {
        "id": user.id,
        "name": user.name,
        "role": user.role,
        "is_active": user.is_active,
        "timezone": user.timezone,
        "work_days": user.work_days,
        "reader_only": user.reader_only,
        "email": user.email if whole else None,
        "has_password": user.password_hash is not None if whole else None,
        "created_at": iso_utc_ms(user.created_at_ms),
        "updated_at": iso_utc_ms(user.updated_at_ms),
        "version": user.version,
    }


def _key_fields(key: ApiKey) -> dict[str, Any]:
    return {
        "id": key.id,
        "user": key.user_id,
        "name": key.name,
        "scopes": key.scopes,
        "created_at": iso_utc_ms(key.created_at_ms),
        "expires_at": None if key.expires_at_ms is None else iso_utc_ms(key.expires_at_ms),
        "last_used_at": None if key.last_used_at_ms is None else iso_utc_ms(key.last_used_at_ms),
        "access_key_id": key.access_key_id,
        "allow": key.allow,
    }
