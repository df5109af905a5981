"""``/api/users``: the team."""

from __future__ import annotations

import msgspec
from fastapi import APIRouter
from sqlalchemy import RowMapping
from starlette.requests import Request
from starlette.responses import Response

from wipsie.api.access import needs
from wipsie.api.accounts.kit import AccountKit, Operations, given
from wipsie.api.accounts.schemas import LinkView, MadeUser, NewUser, UserChanges, UserView
from wipsie.api.accounts.views import link_view, user_view
from wipsie.api.gate import principal_of
from wipsie.api.json_body import json_response, read_json
from wipsie.api.lists import Choice, Flag, Ids, ListSpec, Page, Sort, each
from wipsie.api.openapi import Answer, describe
from wipsie.api.versions import (
    IF_MATCH,
    IF_NONE_MATCH,
    check_version,
    etag,
    expected_version,
    versioned_response,
)
from wipsie.auth import accounts
from wipsie.auth.account_rights import MANAGE_USERS, READ_USERS
from wipsie.auth.accounts import user_of, users_table
from wipsie.auth.rights import ROLES

PATH = "/api/users"
ONE = f"{PATH}/{{user_id}}"
_COLUMNS = users_table.c

USER_LIST = ListSpec(
    name="users",
    columns=list(users_table.columns),
    id=_COLUMNS.id,
    filters=(
        Choice("role", _COLUMNS.role, ROLES),
        Flag("active", lambda _: _COLUMNS.is_active, about="Those who can log in, or those who cannot."),
        Ids("id", _COLUMNS.id, about="Only these.", me=True),
    ),
    sorts=(Sort(name="name", column=_COLUMNS.name), Sort(name="created", column=_COLUMNS.id)),
    default_sort="name",
)
_NEW_USER = msgspec.json.Decoder(NewUser)
_CHANGES = msgspec.json.Decoder(UserChanges)


def add_users(router: APIRouter, kit: AccountKit) -> None:
    """Register the routes."""
    services = kit.services

    async def list_users(request: Request) -> Response:
        """Everybody sees names and roles; addresses are for those who manage accounts."""
        principal = principal_of(request)

        def view(row: RowMapping) -> UserView:
            return user_view(user_of(row), principal)

        return await kit.lists.answer(request, USER_LIST, each(view), where=(_COLUMNS.erased_at_ms.is_(None),))

    async def show_user(request: Request) -> Response:
        """One account, those of people who left included."""
        async with kit.database.read() as connection:
            user = await accounts.get(connection, _user_id(request))
        return versioned_response(request, user_view(user, principal_of(request)), user.version)

    async def create_user(request: Request) -> Response:
        """An account without a password, and a link with which its person sets one; it is mailed too. The link is in this answer
        and never again; so the answer is not kept for an Idempotency-Key: a repeat finds that the account is there."""
        body = await read_json(request, _NEW_USER)
        principal = principal_of(request)
        async with kit.database.unit_of_work() as unit:
            user, made = await services.registration.create(
                unit, principal, email=body.email, name=body.name, role=body.role
            )
        answer = MadeUser(user=user_view(user, principal), link=link_view(made))
        headers = {"Location": f"{PATH}/{user.id}", "ETag": etag(user.version)}
        return json_response(answer, 201, headers)

    async def change_user(request: Request) -> Response:
        """A merge patch. A new role counts with the next request of that person; who is deactivated is logged out. The last
        active admin stays one."""
        version = expected_version(request)
        body = await read_json(request, _CHANGES)
        principal = principal_of(request)
        async with kit.database.unit_of_work() as unit:
            user = await services.people.change(
                unit,
                principal,
                _user_id(request),
                given(body),
                lambda before: check_version(version, before.version, user_view(before, principal)),
            )
        return versioned_response(request, user_view(user, principal), user.version)

    async def unlock_user(request: Request) -> Response:
        """Somebody who failed to log in too often need not wait any longer."""
        await services.people.unlock(principal_of(request), _user_id(request))
        return Response(status_code=204)

    async def make_reset_link(request: Request) -> Response:
        """With it a person sets a new password; it is mailed too. Links made before end."""
        async with kit.database.unit_of_work() as unit:
            made = await services.passwords.reset_link(unit, principal_of(request), _user_id(request))
        return json_response(link_view(made), 201)

    operations = Operations(router, "users")
    operations.add(
        "GET",
        PATH,
        list_users,
        "List the team",
        describe(
            access=needs(READ_USERS),
            answers={200: Answer(type=Page[UserView], description="A page of the list.")},
            parameters=USER_LIST.parameters,
            error_statuses=(400, 422, 503),
        ),
    )
    operations.add(
        "POST",
        PATH,
        create_user,
        "Make an account for somebody",
        describe(
            access=needs(MANAGE_USERS),
            request=NewUser,
            request_examples={"lead": {"email": "lea@example.org", "name": "Lea", "role": "lead"}},
            answers={201: Answer(type=MadeUser, description="Made.")},
            error_statuses=(400, 409, 413, 422, 503),
        ),
    )
    operations.add(
        "GET",
        ONE,
        show_user,
        "Read an account",
        describe(
            access=needs(READ_USERS),
            answers={
                200: Answer(type=UserView, description="The account."),
                304: Answer(description="As If-None-Match says."),
            },
            parameters=(IF_NONE_MATCH,),
            error_statuses=(404, 503),
        ),
    )
    operations.add(
        "PATCH",
        ONE,
        change_user,
        "Change an account",
        describe(
            access=needs(MANAGE_USERS),
            request=UserChanges,
            request_examples={"promote": {"role": "lead"}, "deactivate": {"is_active": False}},
            answers={200: Answer(type=UserView, description="Changed.")},
            parameters=(IF_MATCH,),
            error_statuses=(400, 404, 409, 412, 413, 422, 428, 503),
        ),
    )
    operations.add(
        "POST",
        f"{ONE}/unlock",
        unlock_user,
        "Let somebody log in again at once",
        describe(access=needs(MANAGE_USERS), answers={204: Answer(description="Done.")}, error_statuses=(404, 503)),
    )
    operations.add(
        "POST",
        f"{ONE}/reset-link",
        make_reset_link,
        "Make a link for a new password",
        describe(
            access=needs(MANAGE_USERS),
            answers={201: Answer(type=LinkView, description="Made, and mailed.")},
            error_statuses=(404, 409, 503),
        ),
    )


def _user_id(request: Request) -> str:
    return request.path_params["user_id"]
