"""API keys: made with scopes or rules that one has oneself, shown once, revoked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import msgspec

from wipsie.auth import accounts, api_keys
from wipsie.auth.account_fields import clean_name
from wipsie.auth.account_rights import MANAGE_KEYS
from wipsie.auth.api_keys import KEYS_MAX, ApiKey
from wipsie.auth.events import event
from wipsie.auth.keyring import Keyring
from wipsie.auth.principal import Principal
from wipsie.auth.queue_rights import check_rules
from wipsie.auth.rights import Extent, RightsTable
from wipsie.auth.service.office import Office
from wipsie.auth.signing_secrets import new_access_key_id, signing_secret
from wipsie.database import UnitOfWork
from wipsie.kernel.errors import Conflict, Forbidden, InvalidInput, NotFound
from wipsie.kernel.ids import new_object_id

DAYS_MAX = 3_650


class MadeKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key that was just made: the only time its secret is known."""

    key: ApiKey
    secret: str


class Keys:
    """Use cases of API keys."""

    def __init__(self, office: Office, rights: Callable[[], RightsTable], keyring: Callable[[], Keyring]) -> None:
        self._office = office
        self._rights = rights
        self._keyring = keyring

    async def create(
        self,
        unit: UnitOfWork,
        principal: Principal,
        *,
        owner_id: str,
        name: str,
        scopes: Sequence[str] = (),
        allow: Sequence[str] = (),
        lifetime_days: int | None = None,
    ) -> MadeKey:
        """Make a key with scopes, or one with rules (`allow`) that signs requests of Amazon SQS; not by a key, which would
        outlive its own end. InvalidInput, Forbidden, NotFound, Conflict."""
        if principal.kind == "key":
            raise Forbidden("A key cannot make keys; log in for it.")
        principal.check(MANAGE_KEYS, own=owner_id == principal.user_id)
        owner = await accounts.hold(unit.connection, owner_id)
        allowed = self._rights().of(owner.role)
        if scopes and allow:
            raise InvalidInput(
                "A key has scopes, or rules for queues, not both; make two keys.", details={"field": "allow"}
            )
        rules = check_rules(allow, allowed) if allow else None
        wanted = _checked_scopes(scopes, allowed) if rules is None else []
        if lifetime_days is not None and not 1 <= lifetime_days <= DAYS_MAX:
            raise InvalidInput(f"A key lives 1 to {DAYS_MAX} days.", details={"field": "lifetime_days"})
        if len(await api_keys.unrevoked(unit.connection, owner.id)) >= KEYS_MAX:
            raise Conflict(f"One person has at most {KEYS_MAX} keys; revoke one first.")
        now_ms = self._office.clock.now_ms()
        access_key_id, secret_key_id, secret = None, None, api_keys.new_secret()
        if rules is not None:
            keyring = self._keyring()
            access_key_id, secret_key_id = new_access_key_id(), keyring.current
            secret = signing_secret(keyring, secret_key_id, access_key_id)
        key = ApiKey(
            id=new_object_id(api_keys.ID_PREFIX, now_ms),
            user_id=owner.id,
            name=clean_name(name),
            scopes=wanted,
            secret_hash=api_keys.secret_hash(secret),
            created_at_ms=now_ms,
            expires_at_ms=None if lifetime_days is None else now_ms + lifetime_days * 86_400_000,
            access_key_id=access_key_id,
            secret_key_id=secret_key_id,
            allow=rules,
        )
        await api_keys.add(unit.connection, key)
        granted = {"scopes": len(wanted)} if rules is None else {"rules": len(rules)}
        unit.record(event(principal.actor, "key", "create", key.id, owner=owner.id, **granted))
        return MadeKey(key=key, secret=secret)

    async def revoke(self, unit: UnitOfWork, principal: Principal, key_id: str) -> ApiKey:
        """Take a key back. NotFound for one that is not there, was revoked, or is not one's own to revoke."""
        key = await api_keys.find(unit.connection, key_id)
        if key is None or not principal.may(MANAGE_KEYS, own=key.user_id == principal.user_id):
            raise _no_key(key_id)
        if not await api_keys.revoke(unit.connection, key.id, self._office.clock.now_ms()):
            raise _no_key(key_id)
        unit.record(event(principal.actor, "key", "revoke", key.id, owner=key.user_id))
        unit.after_commit(lambda: self._office.authenticator.forget(key.user_id))
        return key


def _checked_scopes(scopes: Sequence[str], allowed: Mapping[str, Extent]) -> list[str]:
    wanted = list(dict.fromkeys(scopes))
    refused = [scope for scope in wanted if allowed.get(scope, Extent.NONE) is Extent.NONE]
    if not wanted or refused:
        raise InvalidInput(
            f"scopes must be permissions the owner has; {refused[0][:60]!r} is none."
            if refused
            else "A key needs at least one scope; see GET /api/auth/rights.",
            details={
                "field": "scopes",
                "accepted": [scope for scope, extent in allowed.items() if extent is not Extent.NONE],
            },
        )
    return wanted


def _no_key(key_id: str) -> NotFound:
    return NotFound("There is no such key, or it was revoked.", details={"kind": "key", "id": key_id[:60]})
