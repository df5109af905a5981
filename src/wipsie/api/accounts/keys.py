"""``/api/auth/keys``: API keys."""

from __future__ import annotations

import msgspec
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from wipsie.api.access import needs
from wipsie.api.accounts.kit import AccountKit, Operations
from wipsie.api.accounts.narrowing import OF_USER, of_whom
from wipsie.api.accounts.schemas import KeyView, MadeKeyView, NewKey
from wipsie.api.accounts.views import key_view, made_key_view
from wipsie.api.gate import principal_of
from wipsie.api.json_body import json_response, read_json
from wipsie.api.lists import Ids, ListSpec, Page, Sort, each
from wipsie.api.openapi import Answer, describe
from wipsie.auth.account_rights import MANAGE_KEYS
from wipsie.auth.api_keys import COLUMNS, ApiKey, api_keys_table

PATH = "/api/auth/keys"

KEY_LIST = ListSpec(
    name="keys",
    columns=list(api_keys_table.columns),
    id=COLUMNS.id,
    filters=(Ids("user", COLUMNS.user_id, about=OF_USER, me=True),),
    sorts=(Sort(name="created", column=COLUMNS.id),),
    default_sort="-created",
)
_NEW_KEY = msgspec.json.Decoder(NewKey)


def add_keys(router: APIRouter, kit: AccountKit) -> None:
    """Register the routes."""
    keys = kit.services.keys

    async def list_keys(request: Request) -> Response:
        """Those that were not revoked. One's own, unless one may see those of others and names whose."""
        return await kit.lists.answer(
            request,
            KEY_LIST,
            each(lambda row: key_view(ApiKey(**{name: row[name] for name in ApiKey.__struct_fields__}))),
            where=(COLUMNS.revoked_at_ms.is_(None), *of_whom(request, COLUMNS.user_id, MANAGE_KEYS)),
        )

    async def create_key(request: Request) -> Response:
        """The secret is shown in this answer and never again; so it is not kept for an Idempotency-Key either."""
        body = await read_json(request, _NEW_KEY)
        principal = principal_of(request)
        async with kit.database.unit_of_work() as unit:
            made = await keys.create(
                unit,
                principal,
                owner_id=principal.user_id or "",
                name=body.name,
                scopes=body.scopes,
                allow=body.allow,
                lifetime_days=body.lifetime_days,
            )
        return json_response(made_key_view(made), 201)

    async def revoke_key(request: Request) -> Response:
        """It is worth nothing any more."""
        async with kit.database.unit_of_work() as unit:
            await keys.revoke(unit, principal_of(request), request.path_params["key_id"])
        return Response(status_code=204)

    operations = Operations(router, "accounts")
    operations.add(
        "GET",
        PATH,
        list_keys,
        "List API keys",
        describe(
            access=needs(MANAGE_KEYS),
            answers={200: Answer(type=Page[KeyView], description="A page of the list.")},
            parameters=KEY_LIST.parameters,
            error_statuses=(400, 422, 503),
        ),
    )
    operations.add(
        "POST",
        PATH,
        create_key,
        "Make an API key",
        describe(
            access=needs(MANAGE_KEYS),
            request=NewKey,
            request_examples={
                "reader": {"name": "dashboard", "scopes": ["queues:read"], "lifetime_days": 90},
                "sqs": {"name": "orders", "allow": ["send:orders*", "receive,delete:invoices"]},
            },
            answers={201: Answer(type=MadeKeyView, description="Made; the secret is shown this once.")},
            error_statuses=(400, 409, 413, 422, 503),
        ),
    )
    operations.add(
        "DELETE",
        f"{PATH}/{{key_id}}",
        revoke_key,
        "Revoke an API key",
        describe(access=needs(MANAGE_KEYS), answers={204: Answer(description="Revoked.")}, error_statuses=(404, 503)),
    )
