"""How people come to have an account: set up as the first admin, invited, registered, or made by an admin."""

from __future__ import annotations

from typing import Literal

import msgspec

from wipsie.auth import accounts, one_time_links
from wipsie.auth.account_rights import INVITE_USERS, MANAGE_USERS
from wipsie.auth.accounts import User
from wipsie.auth.events import event
from wipsie.auth.one_time_links import LIFETIME_S, LinkKind, OneTimeLink
from wipsie.auth.principal import Principal
from wipsie.auth.rights import ADMIN, MEMBER, ROLES
from wipsie.auth.service.office import Office, checked_email, checked_name, fresh_user
from wipsie.database import UnitOfWork
from wipsie.kernel.errors import Conflict, InvalidInput, NotFound, RegistrationClosed, Unauthorized
from wipsie.kernel.ids import new_object_id
from wipsie.queue.notification import mail

RegistrationMode = Literal["closed", "invited", "open"]
SOURCE = "accounts"


class MadeLink(msgspec.Struct, frozen=True, kw_only=True):
    """A link that was just made: the only time its URL is known."""

    link: OneTimeLink
    url: str


class Registration:
    """Use cases; each is one unit of work with its audit event."""

    def __init__(self, office: Office, mode: RegistrationMode) -> None:
        self._office = office
        self._mode = mode

    async def register(self, *, email: str, name: str, password: str, token: str | None) -> User:
        """Make one's own account: with the token of a set-up link or an invitation, or without where registration is open.
        RegistrationClosed, Unauthorized (the token), Conflict (the address), InvalidInput, Unavailable."""
        office = self._office
        if token is None and self._mode != "open":
            raise RegistrationClosed(
                "Accounts are made by invitation here; ask an admin for one."
                if self._mode == "invited"
                else "Accounts are made by admins here; ask one."
            )
        address, shown_name = checked_email(email), checked_name(name)
        now_ms = office.clock.now_ms()
        if token is not None:
            # Looked at before the hash is made: who has no link costs nothing.
            async with office.database.read() as connection:
                await self._check_link(await one_time_links.find(connection, token, now_ms), address)
        password_hash = await office.hashed(password, [shown_name, address])
        async with office.database.unit_of_work() as unit:
            role = MEMBER if token is None else await self._use_link(unit, token, address)
            user = fresh_user(
                user_id=new_object_id(accounts.ID_PREFIX, now_ms),
                email=address,
                name=shown_name,
                role=role,
                now_ms=now_ms,
                created_by=None,
                password=password_hash,
            )
            await accounts.add(unit.connection, user)
            unit.record(event(f"user:{user.id}", "user", "register", user.id, role=role, by_link=token is not None))
        return user

    async def create(
        self, unit: UnitOfWork, principal: Principal, *, email: str, name: str, role: str
    ) -> tuple[User, MadeLink]:
        """Make an account for somebody, who sets its password by the link. Forbidden, Conflict, InvalidInput."""
        principal.check(MANAGE_USERS)
        now_ms = self._office.clock.now_ms()
        user = fresh_user(
            user_id=new_object_id(accounts.ID_PREFIX, now_ms),
            email=checked_email(email),
            name=checked_name(name),
            role=checked_role(role),
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
        principal.check(INVITE_USERS, own=role == MEMBER)
        if self._mode == "closed" and principal.kind != "cli":
            raise RegistrationClosed(
                "Invitations are switched off here (REGISTRATION=closed); make the account instead."
            )
        address = None if email is None else checked_email(email)
        return await self.make_link(
            unit, principal, "invitation", email=address, role=checked_role(role), mail_to=address
        )

    async def revoke_invitation(self, unit: UnitOfWork, principal: Principal, link_id: str) -> None:
        """Take an invitation back that was not used yet. Forbidden, NotFound."""
        principal.check(INVITE_USERS, own=True)
        if not await one_time_links.revoke(unit.connection, kind="invitation", link_id=link_id):
            raise NotFound("There is no such invitation, or it was used already.", details={"id": link_id[:60]})
        unit.record(event(principal.actor, "link", "revoke", link_id))

    async def set_up_link(self, unit: UnitOfWork, principal: Principal) -> MadeLink | None:
        """A fresh link for the first admin; older ones end. None when there is an admin."""
        if await accounts.has_admin(unit.connection):
            return None
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
                    body=f"{_SENTENCES[kind]}\n\n{url}\n\nThe link works once, and not for long.\n",
                    source=SOURCE,
                    now_s=office.clock.now(),
                )
            )
        return MadeLink(link=link, url=url)

    async def _use_link(self, unit: UnitOfWork, token: str, address: str) -> str:
        now_ms = self._office.clock.now_ms()
        link = await one_time_links.use(unit.connection, token, ("setup", "invitation"), now_ms)
        await self._check_link(link, address)
        if link.kind == "setup" and await accounts.has_admin(unit.connection):
            raise Conflict("There is an admin already; the set-up link is worth nothing any more.")
        return link.role or MEMBER

    async def _check_link(self, link: OneTimeLink, address: str) -> None:
        if link.kind not in ("setup", "invitation"):
            raise one_time_links.spent()
        if link.email is not None and accounts.email_key(link.email) != accounts.email_key(address):
            raise Unauthorized("This invitation is for another e-mail address.")
        if link.kind == "invitation" and self._mode == "closed" and link.created_by is not None:
            raise RegistrationClosed("Accounts are made by admins here; ask one.")


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


def checked_role(role: str) -> str:
    """A role there is. InvalidInput."""
    if role not in ROLES:
        raise InvalidInput(
            f"role must be one of {', '.join(ROLES)}.", details={"field": "role", "accepted": list(ROLES)}
        )
    return role
