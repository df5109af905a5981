"""Accounts over the wire."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from wipsie.auth.account_fields import NAME_CHARACTERS_MAX, TIMEZONE_CHARACTERS_MAX, WORK_DAYS_MAX
from wipsie.auth.password_policy import CHARACTERS_MAX, CHARACTERS_MIN
from wipsie.kernel.mail_address import ADDRESS_LENGTH_MAX

Email = Annotated[str, Meta(min_length=3, max_length=ADDRESS_LENGTH_MAX)]
Name = Annotated[str, Meta(min_length=1, max_length=NAME_CHARACTERS_MAX)]
Password = Annotated[str, Meta(min_length=1, max_length=CHARACTERS_MAX)]
NewPassword = Annotated[str, Meta(min_length=CHARACTERS_MIN, max_length=CHARACTERS_MAX)]
"""With letters and digits, and not one that is guessed at once."""
Token = Annotated[str, Meta(min_length=1, max_length=200)]
"""Of a one-time link."""
Timezone = Annotated[str, Meta(min_length=1, max_length=TIMEZONE_CHARACTERS_MAX)]
Weekday = Annotated[int, Meta(ge=0, le=WORK_DAYS_MAX - 1)]
WorkDays = Annotated[list[Weekday], Meta(max_length=WORK_DAYS_MAX)]
"""0 is Monday."""
Role = Literal["member", "lead", "admin", "auditor"]
Reach = Literal["own", "all"]


class Registration(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """An account for oneself."""

    email: Email
    name: Name
    password: NewPassword
    token: Token | None = None
    """Of a set-up link or an invitation; not needed where registration is open."""


class Credentials(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Who one is, and the proof of it."""

    email: Email
    password: Password


class UserView(msgspec.Struct, kw_only=True):
    """An account."""

    id: str
    name: str
    role: Role
    is_active: bool
    timezone: str
    work_days: list[int]
    """0 is Monday."""
    reader_only: bool
    """Reads summaries, and is not asked for updates."""
    email: str | None
    """Null for those who may not see it."""
    has_password: bool | None
    """Whether they can log in; null for those who may not see it."""
    created_at: str
    updated_at: str
    version: int


class LoggedInView(msgspec.Struct, kw_only=True):
    """A fresh session. Pages of this server need only the cookie that comes with it."""

    token: str
    """For scripts: Authorization: Bearer …"""
    expires_at: str
    user: UserView
    token_type: Literal["bearer"] = "bearer"  # noqa: S105 - the kind of a token


class Me(UserView, kw_only=True):
    """Whoever asks."""

    kind: Literal["user", "key"]
    """How they have shown who they are: by a login, or by an API key."""
    permissions: dict[str, Reach]
    """What they may do, and whether to what is their own or to everything. What is missing is not allowed."""


class ProfileChanges(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A merge patch of one's own account."""

    name: Name | UnsetType = UNSET
    timezone: Timezone | UnsetType = UNSET
    work_days: WorkDays | UnsetType = UNSET
    reader_only: bool | UnsetType = UNSET


class UserChanges(ProfileChanges, kw_only=True, forbid_unknown_fields=True):
    """A merge patch of somebody's account."""

    email: Email | UnsetType = UNSET
    role: Role | UnsetType = UNSET
    is_active: bool | UnsetType = UNSET


class NewUser(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """An account for somebody else, who sets its password by a link."""

    email: Email
    name: Name
    role: Role = "member"


class LinkView(msgspec.Struct, kw_only=True):
    """A one-time link. It is shown this once."""

    url: str
    expires_at: str


class MadeUser(msgspec.Struct, kw_only=True):
    """An account that was made, and the link with which its person sets the password."""

    user: UserView
    link: LinkView


class PasswordChange(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A new password for one who knows the present one."""

    current_password: Password
    new_password: NewPassword


class ForgottenPassword(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Where to send a link for a new password."""

    email: Email


class PasswordReset(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A new password for one who has a link."""

    token: Token
    password: NewPassword


class Said(msgspec.Struct, kw_only=True):
    """A sentence for a person."""

    message: str


class SessionView(msgspec.Struct, kw_only=True):
    """A login that has not ended."""

    id: str
    user: str
    created_at: str
    expires_at: str
    last_seen_at: str
    """To the minute."""
    address: str | None
    user_agent: str | None
    current: bool
    """The one this is asked in."""


class Ended(msgspec.Struct, kw_only=True):
    """How many sessions were ended."""

    ended: int


class NewKey(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """An API key for oneself."""

    name: Name
    scopes: Annotated[list[Annotated[str, Meta(min_length=1, max_length=100)]], Meta(max_length=100)] = []
    """Permissions one has oneself, see GET /api/auth/rights."""
    allow: Annotated[list[Annotated[str, Meta(min_length=1, max_length=300)]], Meta(max_length=50)] = []
    """In place of scopes, for a key that signs requests of Amazon SQS: rules such as send:orders*."""
    lifetime_days: Annotated[int, Meta(ge=1, le=3650)] | None = None
    """Null: until it is revoked."""


class KeyView(msgspec.Struct, kw_only=True):
    """An API key."""

    id: str
    user: str
    name: str
    scopes: list[str]
    created_at: str
    expires_at: str | None
    last_used_at: str | None
    """To the minute."""
    access_key_id: str | None
    """Of a key that signs requests of Amazon SQS; null for one that is sent as it is."""
    allow: list[str] | None
    """What that key may do with which queues."""


class MadeKeyView(KeyView, kw_only=True):
    """An API key that was just made."""

    secret: str
    """Shown this once."""


class RightView(msgspec.Struct, kw_only=True):
    """One row of the rights table."""

    permission: str
    about: str
    roles: dict[Role, Literal["none", "own", "all"]]


class RightsView(msgspec.Struct, kw_only=True):
    """Who may do what."""

    rights: list[RightView]


class NewInvitation(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """An invitation."""

    email: Email | None = None
    """Whom it is for; it is mailed there, and good for this address alone. Null: for whoever holds the link."""
    role: Role = "member"


class InvitationView(msgspec.Struct, kw_only=True):
    """An invitation that was not used yet."""

    id: str
    email: str | None
    role: Role
    created_by: str | None
    created_at: str
    expires_at: str


class MadeInvitation(msgspec.Struct, kw_only=True):
    """An invitation that was just made, and its link."""

    invitation: InvitationView
    link: LinkView


class EventView(msgspec.Struct, kw_only=True):
    """One event of the audit log."""

    seq: int
    at: Annotated[datetime, Meta(tz=True)]
    actor: str
    action: str
    object: str
    request_id: str | None
    facts: dict[str, Any]
    seal: str


class FindingView(msgspec.Struct, kw_only=True):
    """One thing that is not as it was written."""

    problem: str
    seq: int | None
    sentence: str


class VerificationView(msgspec.Struct, kw_only=True):
    """What a look through the whole log found."""

    intact: bool
    events: int
    anchors: int
    findings: list[FindingView]
    cut: bool
    """There are more findings than these."""
