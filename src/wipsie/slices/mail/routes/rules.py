"""``/api/mail/rules``: what is done with mails that come."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from wipsie.api.access import needs
from wipsie.api.answers import IDEMPOTENCY_KEY, Changes, Made
from wipsie.api.fast_route import FastRoute
from wipsie.api.gate import principal_of
from wipsie.api.json_body import json_response, read_json
from wipsie.api.lists import Flag, ListReader, ListSpec, Page, Sort, each
from wipsie.api.openapi import Answer, Description, Parameter, describe
from wipsie.api.versions import IF_MATCH, IF_NONE_MATCH, expected_version, versioned_response
from wipsie.database import Database, UnitOfWork
from wipsie.kernel.clock import Clock
from wipsie.queue.engine import QueueEngine
from wipsie.slices.mail.rights import READ, WRITE_RULES
from wipsie.slices.mail.schemas.rules import (
    DryRunRequest,
    DryRunView,
    NewRule,
    RuleChanges,
    RulePosition,
    RuleView,
)
from wipsie.slices.mail.service.rules.dry_run import DryRun
from wipsie.slices.mail.service.rules.engine import RuleEngine
from wipsie.slices.mail.service.rules.targets import RuleTargets
from wipsie.slices.mail.service.rules.use_cases import PATH, RuleService, view, view_of_row
from wipsie.slices.mail.store import rules as store
from wipsie.slices.mail.store.rules import COLUMNS, mail_rules_table
from wipsie.workers.handler import HandlerRegistry

ONE = f"{PATH}/{{rule_id}}"
RULE_ID = Parameter(name="rule_id", where="path", required=True, description="The rule's id.")
RULE_LIST = ListSpec(
    name="mail_rules",
    columns=list(mail_rules_table.columns),
    id=COLUMNS.id,
    filters=(Flag("enabled", lambda _: COLUMNS.enabled.is_(True), about="Those that are on, or those that are off."),),
    sorts=(Sort(name="position", column=COLUMNS.position),),
    default_sort="position",
)
_CHANGE_ERRORS = (400, 404, 409, 412, 413, 422, 428, 503)
_CONDITIONS = [
    {"kind": "text", "field": "sender", "operator": "domain", "value": "bank.example"},
    {"kind": "text", "field": "subject", "operator": "contains", "value": "invoice"},
    {"kind": "verdict", "method": "dkim", "result": "pass"},
]
_NEW = {
    "name": "Invoices of the bank",
    "conditions": _CONDITIONS,
    "actions": [{"kind": "tag", "tag": "invoices"}, {"kind": "forward", "queue": "default", "task_type": "echo"}],
}
_ALARM = {
    "name": "Alarms",
    "conditions": [{"kind": "text", "field": "recipient", "operator": "is", "value": "alarm@example.org"}],
    "actions": [{"kind": "propose_incident", "severity": "sev2", "title": "Alarm: {subject}"}],
    "stop": True,
}


class _Rules:
    """The routes over their parts."""

    def __init__(self, service: RuleService, dry_run: DryRun, database: Database, lists: ListReader) -> None:
        self._service = service
        self._dry_run = dry_run
        self._database = database
        self._lists = lists
        self._changes = Changes(database)
        self._new = msgspec.json.Decoder(NewRule)
        self._patch = msgspec.json.Decoder(RuleChanges)
        self._position = msgspec.json.Decoder(RulePosition)
        self._try = msgspec.json.Decoder(DryRunRequest)

    async def list_mail_rules(self, request: Request) -> Response:
        """Rules, in the order in which they are asked."""
        return await self._lists.answer(request, RULE_LIST, each(view_of_row))

    async def create_mail_rule(self, request: Request) -> Response:
        """Write a rule for mails that come from now on. Of those that are there, a dry run tells which it would hold of."""
        wanted = await self._service.checked(await read_json(request, self._new))
        principal = principal_of(request)

        async def make(unit: UnitOfWork) -> Made:
            rule = await self._service.create(unit, principal, wanted)
            return Made(value=view(rule), version=rule.version, location=f"{PATH}/{rule.id}")

        return await self._changes.answer(request, wanted, make)

    async def show_mail_rule(self, request: Request) -> Response:
        """One rule."""
        async with self._database.glance() as connection:
            rule = await store.get(connection, _rule_id(request))
        return versioned_response(request, view(rule), rule.version)

    async def change_mail_rule(self, request: Request) -> Response:
        """Change what a rule says. What it did to mails stays, and mails it held of already are left alone."""
        version = expected_version(request)
        changes = await self._service.checked_changes(await read_json(request, self._patch))
        principal, rule_id = principal_of(request), _rule_id(request)

        async def make(unit: UnitOfWork) -> Made:
            rule = await self._service.change(unit, principal, rule_id, changes, version)
            return Made(value=view(rule), status=200, version=rule.version)

        return await self._changes.answer(request, changes, make)

    async def move_mail_rule(self, request: Request) -> Response:
        """Put a rule at another place in the order. The others move aside."""
        version = expected_version(request)
        wanted = await read_json(request, self._position)
        principal, rule_id = principal_of(request), _rule_id(request)

        async def make(unit: UnitOfWork) -> Made:
            rule = await self._service.move(unit, principal, rule_id, wanted, version)
            return Made(value=view(rule), status=200, version=rule.version)

        return await self._changes.answer(request, wanted, make)

    async def remove_mail_rule(self, request: Request) -> Response:
        """Remove a rule. What it did to mails stays."""
        version = expected_version(request)
        async with self._database.unit_of_work() as unit:
            await self._service.remove(unit, principal_of(request), _rule_id(request), version)
        return Response(status_code=204)

    async def try_mail_rule(self, request: Request) -> Response:
        """Try a rule on mails of the archive, from the newest on: how many it would have held of, and which. Nothing is done to
        them. It takes at most about 5 seconds; what was not looked at by then is left out, and the answer says so."""
        return json_response(await self._dry_run.look(await read_json(request, self._try)))

    def add_to(self, router: APIRouter) -> None:
        """Register the routes."""
        shown = {200: Answer(type=RuleView, description="As it is now.")}
        _add(
            router,
            "GET",
            PATH,
            self.list_mail_rules,
            "List mail rules",
            describe(
                access=needs(READ),
                answers={200: Answer(type=Page[RuleView], description="A page of the list.")},
                parameters=RULE_LIST.parameters,
                error_statuses=(400, 422, 503),
            ),
        )
        _add(
            router,
            "POST",
            PATH,
            self.create_mail_rule,
            "Write a mail rule",
            describe(
                access=needs(WRITE_RULES),
                request=NewRule,
                request_examples={"tag and forward": _NEW, "an incident": _ALARM},
                answers={201: Answer(type=RuleView, description="Made.")},
                parameters=(IDEMPOTENCY_KEY,),
                error_statuses=(400, 409, 413, 422, 503),
            ),
        )
        _add(
            router,
            "POST",
            f"{PATH}/dry-run",
            self.try_mail_rule,
            "Try a mail rule",
            describe(
                access=needs(READ),
                request=DryRunRequest,
                request_examples={"the newest": {"rule": {"conditions": _CONDITIONS}, "newest": 1000}},
                answers={200: Answer(type=DryRunView, description="What it would have held of.")},
                error_statuses=(400, 413, 422, 429, 503),
            ),
        )
        _add(
            router,
            "GET",
            ONE,
            self.show_mail_rule,
            "Read a mail rule",
            describe(
                access=needs(READ),
                answers={**shown, 304: Answer(description="Not changed since.")},
                parameters=(RULE_ID, IF_NONE_MATCH),
                error_statuses=(404, 503),
            ),
        )
        _add(
            router,
            "PATCH",
            ONE,
            self.change_mail_rule,
            "Change a mail rule",
            describe(
                access=needs(WRITE_RULES),
                request=RuleChanges,
                request_examples={"off for now": {"enabled": False}},
                answers=shown,
                parameters=(RULE_ID, IF_MATCH, IDEMPOTENCY_KEY),
                error_statuses=_CHANGE_ERRORS,
            ),
        )
        _add(
            router,
            "POST",
            f"{ONE}/position",
            self.move_mail_rule,
            "Move a mail rule",
            describe(
                access=needs(WRITE_RULES),
                request=RulePosition,
                request_examples={"first": {"position": 1}},
                answers=shown,
                parameters=(RULE_ID, IF_MATCH, IDEMPOTENCY_KEY),
                error_statuses=_CHANGE_ERRORS,
            ),
        )
        _add(
            router,
            "DELETE",
            ONE,
            self.remove_mail_rule,
            "Remove a mail rule",
            describe(
                access=needs(WRITE_RULES),
                answers={204: Answer(description="Gone.")},
                parameters=(RULE_ID, IF_MATCH),
                error_statuses=_CHANGE_ERRORS,
            ),
        )


def build_rules_router(
    rules: RuleEngine,
    *,
    engine: QueueEngine,
    registry: HandlerRegistry,
    database: Database,
    lists: ListReader,
    clock: Clock,
) -> APIRouter:
    """The router of rules. `rules` hears of each change; `registry` is the one the handlers of all slices go into, and may be
    filled later. It stands before any router that takes ``/api/mail/{id}``."""
    targets = RuleTargets(engine, registry)
    service = RuleService(targets, clock, on_change=rules.forget)
    router = APIRouter(route_class=FastRoute, tags=["mail"])
    _Rules(service, DryRun(database, targets, clock), database, lists).add_to(router)
    return router


def _add(
    router: APIRouter, method: str, path: str, endpoint: Callable[..., Any], summary: str, description: Description
) -> None:
    router.add_api_route(path, endpoint, methods=[method], summary=summary, openapi_extra=description)


def _rule_id(request: Request) -> str:
    return request.path_params["rule_id"]
