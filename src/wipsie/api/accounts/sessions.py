"""``/api/auth/sessions``: logins that have not ended."""

from __future__ import annotations

from fastapi import APIRouter
from sqlalchemy import RowMapping
from starlette.requests import Request
from starlette.responses import Response

from wipsie.api.access import needs
from wipsie.api.accounts.kit import AccountKit, Operations
from wipsie.api.accounts.narrowing import OF_USER, of_whom
from wipsie.api.accounts.schemas import Ended, SessionView
from wipsie.api.accounts.views import session_view
from wipsie.api.gate import principal_of
from wipsie.api.json_body import json_response
from wipsie.api.lists import Ids, ListSpec, Page, Sort, each
from wipsie.api.openapi import Answer, describe
from wipsie.auth.account_rights import MANAGE_SESSIONS
from wipsie.auth.sessions import COLUMNS, Session, live, sessions_table

PATH = "/api/auth/sessions"

SESSION_LIST = ListSpec(
    name="sessions",
    columns=list(sessions_table.columns),
    id=COLUMNS.id,
    filters=(Ids("user", COLUMNS.user_id, about=OF_USER, me=True),),
    sorts=(Sort(name="created", column=COLUMNS.id),),
    default_sort="-created",
)


def add_sessions(router: APIRouter, kit: AccountKit) -> None:
    """Register the routes."""
    login = kit.services.login

    async def list_sessions(request: Request) -> Response:
        """One's own, unless one may see those of others and names whose."""
        principal = principal_of(request)
        return await kit.lists.answer(
            request,
            SESSION_LIST,
            each(lambda row: session_view(_session_of(row), principal)),
            where=(*live(kit.database.clock.now_ms()), *of_whom(request, COLUMNS.user_id, MANAGE_SESSIONS)),
        )

    async def end_session(request: Request) -> Response:
        """Its token is worth nothing any more."""
        async with kit.database.unit_of_work() as unit:
            await login.end(unit, principal_of(request), request.path_params["session_id"])
        return Response(status_code=204)

    async def end_other_sessions(request: Request) -> Response:
        """All one's own but the one this is asked in."""
        async with kit.database.unit_of_work() as unit:
            ended = await login.end_others(unit, principal_of(request))
        return json_response(Ended(ended=ended))

    operations = Operations(router, "accounts")
    operations.add(
        "GET",
        PATH,
        list_sessions,
        "Where am I logged in?",
        describe(
            access=needs(MANAGE_SESSIONS),
            answers={200: Answer(type=Page[SessionView], description="A page of the list.")},
            parameters=SESSION_LIST.parameters,
            error_statuses=(400, 422, 503),
        ),
    )
    operations.add(
        "DELETE",
        PATH,
        end_other_sessions,
        "Log out everywhere else",
        describe(
            access=needs(MANAGE_SESSIONS),
            answers={200: Answer(type=Ended, description="Ended.")},
            error_statuses=(503,),
        ),
    )
    operations.add(
        "DELETE",
        f"{PATH}/{{session_id}}",
        end_session,
        "End a session",
        describe(access=needs(MANAGE_SESSIONS), answers={204: Answer(description="Ended.")}, error_statuses=(404, 503)),
    )


def _session_of(row: RowMapping) -> Session:
    return Session(**{name: row[name] for name in Session.__struct_fields__})
