"""Rules: write, change, move and remove them. Each change holds all rules, since names and order are those of all together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from msgspec import UNSET
from sqlalchemy import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.api.versions import check_version
from wipsie.auth.principal import Principal
from wipsie.database import UnitOfWork
from wipsie.kernel import json
from wipsie.kernel.audit_event import AuditEvent, Fact
from wipsie.kernel.clock import Clock, iso_utc_ms
from wipsie.kernel.errors import Conflict
from wipsie.kernel.ids import new_object_id
from wipsie.slices.mail.domain.rules.matching import RuleRefused, compile_rule
from wipsie.slices.mail.domain.rules.rule import RULES_MAX, RuleBody
from wipsie.slices.mail.schemas.rules import NewRule, RuleChanges, RulePosition, RuleView
from wipsie.slices.mail.service.rules.book import read_body, read_rule
from wipsie.slices.mail.service.rules.targets import RuleTargets, refused
from wipsie.slices.mail.store import rules as store
from wipsie.slices.mail.store.rules import StoredRule

PATH = "/api/mail/rules"
_BODY_FIELDS = ("conditions", "actions", "stop")


class RuleService:
    """One per process."""

    def __init__(self, targets: RuleTargets, clock: Clock, *, on_change: Callable[[], None]) -> None:
        """`on_change` is called after each commit that changed rules."""
        self._targets = targets
        self._clock = clock
        self._on_change = on_change

    async def checked(self, wanted: NewRule) -> NewRule:
        """What somebody wants, with the names of queues as they are kept. Asks the queues, so call it before a transaction.
        InvalidInput names the field."""
        return msgspec.structs.replace(wanted, actions=await self._targets.checked(wanted.actions))

    async def checked_changes(self, changes: RuleChanges) -> RuleChanges:
        """The same of changes."""
        if changes.actions is UNSET:
            return changes
        return msgspec.structs.replace(changes, actions=await self._targets.checked(changes.actions))

    async def create(self, unit: UnitOfWork, principal: Principal, wanted: NewRule) -> StoredRule:
        """Write a rule. Conflict when its name is taken or there are too many, InvalidInput."""
        connection, now_ms = unit.connection, self._clock.now_ms()
        await store.hold_all(connection)
        rules = await store.all_rules(connection)
        if len(rules) >= RULES_MAX:
            raise Conflict(f"There are {RULES_MAX} rules, and no more may be; remove one.", details={"max": RULES_MAX})
        rule = StoredRule(
            id=new_object_id(store.ID_PREFIX, now_ms),
            created_at_ms=now_ms,
            created_by=principal.user_id,
            updated_at_ms=now_ms,
            updated_by=principal.user_id,
            version=1,
            position=rules[-1].position + 1 if rules else 1,
            name=_free_name(wanted.name, rules),
            enabled=wanted.enabled,
            body=_body_text(
                wanted.name, RuleBody(conditions=wanted.conditions, actions=wanted.actions, stop=wanted.stop)
            ),
        )
        if wanted.position is not None and wanted.position <= len(rules):
            order = [*rules[: wanted.position - 1], rule, *rules[wanted.position - 1 :]]
            rule = msgspec.structs.replace(rule, position=wanted.position)
            await _renumber(connection, order, but=rule.id)
        await store.add(connection, rule)
        self._note(unit, principal, rule, "create", {"enabled": rule.enabled, "position": rule.position})
        return rule

    async def change(
        self, unit: UnitOfWork, principal: Principal, rule_id: str, changes: RuleChanges, expected_version: int
    ) -> StoredRule:
        """Change what a rule says; without any change nothing is written. NotFound, PreconditionFailed, Conflict, InvalidInput."""
        before, rules = await self._held(unit, rule_id, expected_version)
        given = {name: value for name in changes.__struct_fields__ if (value := getattr(changes, name)) is not UNSET}
        values: dict[str, Any] = {name: given[name] for name in ("enabled",) if name in given}
        if "name" in given:
            values["name"] = _free_name(given["name"], [one for one in rules if one.id != before.id])
        of_body = {name: given[name] for name in _BODY_FIELDS if name in given}
        if of_body:
            values["body"] = _body_text(before.name, _changed_body(before, of_body))
        values = {name: value for name, value in values.items() if getattr(before, name) != value}
        if not values:
            return before
        after = await self._write(unit, principal, before, values)
        fields = "+".join(sorted(given))[:100]
        self._note(unit, principal, after, "change", {"fields": fields, "enabled": after.enabled})
        return after

    async def move(
        self, unit: UnitOfWork, principal: Principal, rule_id: str, wanted: RulePosition, expected_version: int
    ) -> StoredRule:
        """Put a rule at another place; those that make room for it get new versions too. NotFound, PreconditionFailed."""
        before, rules = await self._held(unit, rule_id, expected_version)
        order = [one for one in rules if one.id != before.id]
        order.insert(min(wanted.position, len(rules)) - 1, before)
        position = order.index(before) + 1
        await _renumber(unit.connection, order, but=before.id)
        after = before
        if position != before.position:
            after = await self._write(unit, principal, before, {"position": position})
            self._note(unit, principal, after, "move", {"position": position, "position_before": before.position})
        return after

    async def remove(self, unit: UnitOfWork, principal: Principal, rule_id: str, expected_version: int) -> None:
        """Remove a rule; what it did to mails stays. NotFound, PreconditionFailed."""
        before, _ = await self._held(unit, rule_id, expected_version)
        await store.remove(unit.connection, before.id)
        self._note(unit, principal, before, "remove", {})

    async def _held(self, unit: UnitOfWork, rule_id: str, expected_version: int) -> tuple[StoredRule, list[StoredRule]]:
        await store.hold_all(unit.connection)
        found = await store.get(unit.connection, rule_id)
        check_version(expected_version, found.version, view(found))
        return found, await store.all_rules(unit.connection)

    async def _write(
        self, unit: UnitOfWork, principal: Principal, before: StoredRule, values: dict[str, Any]
    ) -> StoredRule:
        by = {"updated_at_ms": self._clock.now_ms(), "updated_by": principal.user_id}
        return await store.change(unit.connection, before, {**values, **by})

    def _note(
        self, unit: UnitOfWork, principal: Principal, rule: StoredRule, verb: str, facts: dict[str, Fact]
    ) -> None:
        unit.record(
            AuditEvent(
                actor=principal.actor,
                action=f"mail:rule:{verb}",
                object=f"mail_rule:{rule.id}",
                facts={"version": rule.version, **facts},
            )
        )
        unit.after_commit(self._on_change)


def view(rule: StoredRule) -> RuleView:
    """A rule as it is shown; one that cannot be read says so, and shows neither conditions nor actions."""
    conditions, actions, stop, problem = [], [], False, None
    try:
        read_rule(rule)
        body = read_body(rule)
        conditions, actions, stop = body.conditions, body.actions, body.stop
    except RuleRefused as error:
        problem = str(error)
    return RuleView(
        id=rule.id,
        name=rule.name,
        position=rule.position,
        enabled=rule.enabled,
        stop=stop,
        conditions=conditions,
        actions=actions,
        problem=problem,
        created_at=iso_utc_ms(rule.created_at_ms),
        created_by=rule.created_by,
        updated_at=iso_utc_ms(rule.updated_at_ms),
        updated_by=rule.updated_by,
        version=rule.version,
    )


def view_of_row(row: RowMapping) -> RuleView:
    """A row of the list."""
    return view(store.of_row(row))


async def _renumber(connection: AsyncConnection, order: Sequence[StoredRule], *, but: str) -> None:
    """Give rules the positions of this order, one of them aside."""
    for position, one in enumerate(order, 1):
        if one.id != but and one.position != position:
            await store.change(connection, one, {"position": position})


def _free_name(name: str, others: Sequence[StoredRule]) -> str:
    text = name.strip()
    if not text or not text.isprintable():
        raise refused("name", "must be one line of printable characters")
    for one in others:
        if one.name.casefold() == text.casefold():
            raise Conflict(
                "A rule with this name is there already; choose another name, or change that rule.",
                details={"id": one.id, "path": f"{PATH}/{one.id}"},
            )
    return text


def _changed_body(before: StoredRule, changes: dict[str, Any]) -> RuleBody:
    try:
        body = read_body(before)
    except RuleRefused:
        # Of another release: it can be replaced as a whole, and not in part.
        for name in ("conditions", "actions"):
            if name not in changes:
                raise refused(name, "is required, since this release cannot read what the rule says now") from None
        return RuleBody(**changes)
    return msgspec.structs.replace(body, **changes)


def _body_text(name: str, body: RuleBody) -> str:
    try:
        compile_rule("", name, body)
    except RuleRefused as error:
        raise refused(error.field, error.problem) from None
    return json.encode_text(body)
