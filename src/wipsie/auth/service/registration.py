"""How people come to have an account: set up as the first admin, invited, registered, or made by an admin."""

from __future__ import annotations

from typing import Literal

import msgspec

from wipsie.auth import accounts, one_time_links
from wipsie.auth.account_fields import clean_email, clean_name, clean_role, refused
from wipsie.auth.account_rights import INVITE_USERS, MANAGE_USERS
from wipsie.auth.accounts import User
from wipsie.auth.events import event
from wipsie.auth.one_time_links import LIFETIME_S, LinkKind, OneTimeLink
from wipsie.auth.principal import Principal
from wipsie.auth.rights import ADMIN, MEMBER
from wipsie.auth.service.login import LoggedIn, Login
from wipsie.auth.service.office import Office, fresh_user
from wipsie.database import UnitOfWork
from wipsie.kernel.clock import utc_datetime
from wipsie.kernel.errors import Conflict, NotFound, RegistrationClosed
from wipsie.kernel.ids import new_object_id
from wipsie.queue.notification import mail

RegistrationMode = Literal["closed", "invited", "open"]
_CLOSED = "Accounts are made by admins here; ask one."
SOURCE = "accounts"


class MadeLink(msgspec.Struct, frozen=True, kw_only=True):
    """A link that was just made: the only time its URL is known."""

    link: OneTimeLink
    url: str


class Registration:
    """Use cases; each is one unit of work with its audit event."""

    def __init__(self, office: Office, login: Login, mode: RegistrationMode) -> None:
        self._office = office
        self._login = login
        self._mode = mode

    async def register(
        self, *, email: str, name: str, password: str, token: str | None, address: str, user_agent: str | None
    ) -> LoggedIn:
        """Make one's own account and log in: with the token of a set-up link or an invitation, or without where registration
        is open. RegistrationClosed, Unauthorized (the token), Conflict (the address), InvalidInput, LoginThrottled,
        Unavailable."""
        office = self._office
        await office.throttle.check_address(address)
        if token is None and self._mode != "open":
            raise RegistrationClosed(
                "Accounts are made by invitation here; ask an admin for one." if self._mode == "invited" else _CLOSED
            )
        mail_address, shown_name = clean_email(email), clean_name(name)
        now_ms = office.clock.now_ms()
        if token is not None:
            # Looked at before the hash is made: who has no link costs nothing.
            async with office.database.read() as connection:
                self._check_link(await one_time_links.find(connection, token, now_ms), mail_address)
        password_hash = await office.hashed(password, [shown_name, mail_address])
        async with office.database.unit_of_work() as unit:
            role = MEMBER if token is None else await self._use_link(unit, token, mail_address)
            user = fresh_user(
                user_id=new_object_id(accounts.ID_PREFIX, now_ms),
                email=mail_address,
                name=shown_name,
                role=role,
                now_ms=now_ms,
                created_by=None,
                password=password_hash,
            )
            await accounts.add(unit.connection, user)
            unit.record(event(f"user:{user.id}", "user", "register", user.id, role=role, by_link=token is not None))
            return await self._login.open_session(unit, user, address=address, user_agent=user_agent)

    async def create(
        self, unit: UnitOfWork, principal: Principal, *, email: str, name: str, role: str
    ) -> tuple[User, MadeLink]:
        """Make an account for somebody, who sets its password by the link. Forbidden, Conflict, InvalidInput."""
        principal.check(MANAGE_USERS)
        now_ms = self._office.clock.now_ms()
        user = fresh_user(
            user_id=new_object_id(accounts.ID_PREFIX, now_ms),
            email=clean_email(email),
            name=clean_name(name),
            role=clean_role(role),
            now_ms=now_ms,
            created_by=principal.user_id,
            password=None,
        )
        await accounts.add(unit.connection, user)
        unit.record(event(principal.actor, "user", "create", user.id, role=role))
        # A week, like an invitation: it is one.
        made = await self.make_link(
            unit, principal, "reset", user_id=user.id, lifetime_s=LIFETIME_S["invitation"], mail_to=user.email
        )
        return user, made

    async def invite(self, unit: UnitOfWork, principal: Principal, *, email: str | None, role: str) -> MadeLink:
        """A link with which somebody makes their own account. Leads invite members. Forbidden, RegistrationClosed."""
        principal.check(INVITE_USERS, own=clean_role(role) == MEMBER)
        if self._mode == "closed":
            raise RegistrationClosed(
                "Invitations are switched off here (REGISTRATION=closed); let an admin make the account instead."
            )
        address = None if email is None else clean_email(email)
        if address is not None and await accounts.find_by_email(unit.connection, address) is not None:
            raise Conflict("There is an account with this e-mail address already.", details={"field": "email"})
        return await self.make_link(unit, principal, "invitation", email=address, role=role, mail_to=address)

    async def revoke_invitation(self, unit: UnitOfWork, principal: Principal, link_id: str) -> None:
        """Take an invitation back that was not used yet. Forbidden, NotFound."""
        found = await one_time_links.get(unit.connection, link_id)
        if (
            found is None
            or found.kind != "invitation"
            or not principal.may(
                INVITE_USERS, own=found.created_by is not None and found.created_by == principal.user_id
            )
            or not await one_time_links.revoke(unit.connection, link_id=found.id)
        ):
            raise NotFound(
                "There is no such invitation, or it was used already.",
                details={"kind": "invitation", "id": link_id[:60]},
            )
        unit.record(event(principal.actor, "link", "revoke", found.id))

    async def set_up_link(self, principal: Principal) -> MadeLink | None:
        """A fresh link for the first admin; older ones end. None when there is an admin."""
        database = self._office.database
        async with database.read() as connection:
            if await accounts.has_admin(connection):
                return None
        async with database.unit_of_work() as unit:
            await one_time_links.revoke(unit.connection, kind="setup")
            return await self.make_link(unit, principal, "setup", role=ADMIN)

    async def make_link(
        self,
        unit: UnitOfWork,
        principal: Principal,
        kind: LinkKind,
        *,
        user_id: str | None = None,
        email: str | None = None,
        role: str | None = None,
        lifetime_s: int | None = None,
        mail_to: str | None = None,
    ) -> MadeLink:
        """A fresh one-time link; mailed to `mail_to` in the same commit."""
        office = self._office
        now_ms, token = office.clock.now_ms(), one_time_links.new_token()
        link = OneTimeLink(
            id=new_object_id(one_time_links.ID_PREFIX, now_ms),
            kind=kind,
            token_hash=one_time_links.token_hash(token),
            user_id=user_id,
            email=email,
            role=role,
            created_at_ms=now_ms,
            created_by=principal.user_id,
            expires_at_ms=now_ms + (lifetime_s or LIFETIME_S[kind]) * 1000,
        )
        await one_time_links.add(unit.connection, link)
        unit.record(event(principal.actor, "link", "create", link.id, kind=kind, role=role))
        url = office.link(kind, token)
        if mail_to is not None:
            unit.publish(
                mail(
                    recipient=mail_to,
                    subject=_SUBJECTS[kind],
                    body=f"{_SENTENCES[kind]}\n\n{url}\n\n{_lasts(link)}\n",
                    source=SOURCE,
                    now_s=office.clock.now(),
                )
            )
        return MadeLink(link=link, url=url)

    async def _use_link(self, unit: UnitOfWork, token: str, mail_address: str) -> str:
        now_ms = self._office.clock.now_ms()
        # Of several set-up links at one moment, the second use waits here, and sees the admin the first one made.
        await one_time_links.hold(unit.connection, kind="setup")
        link = await one_time_links.use(unit.connection, token, ("setup", "invitation"), now_ms)
        self._check_link(link, mail_address)
        if link.kind == "setup" and await accounts.has_admin(unit.connection):
            raise Conflict("There is an admin already; the set-up link is worth nothing any more.")
        return link.role or MEMBER

    def _check_link(self, link: OneTimeLink, mail_address: str) -> None:
        if link.kind not in ("setup", "invitation"):
            raise one_time_links.spent()
        if link.kind == "invitation" and self._mode == "closed":
            raise RegistrationClosed(_CLOSED)
        if link.email is not None and accounts.email_key(link.email) != accounts.email_key(mail_address):
            raise refused("email", "is not the one this invitation was made for")


_SUBJECTS: dict[LinkKind, str] = {
    "setup": "Set up Wipsie",
    "invitation": "You are invited to Wipsie",
    "reset": "Set your password for Wipsie",
}
_SENTENCES: dict[LinkKind, str] = {
    "setup": "With this link you make the first account, which is an admin's.",
    "invitation": "With this link you make your account.",
    "reset": "With this link you set the password of your account. If you did not ask for it, do nothing.",
}


def _lasts(link: OneTimeLink) -> str:
    return f"The link works once, until {utc_datetime(link.expires_at_ms):%Y-%m-%d %H:%M} UTC."
