"""``/api/invitations``: links with which people make their own accounts."""

from __future__ import annotations

import msgspec
from fastapi import APIRouter
from sqlalchemy import RowMapping
from starlette.requests import Request
from starlette.responses import Response

from wipsie.api.access import needs
from wipsie.api.accounts.kit import AccountKit, Operations
from wipsie.api.accounts.schemas import InvitationView, MadeInvitation, NewInvitation
from wipsie.api.accounts.views import invitation_view, link_view
from wipsie.api.gate import principal_of
from wipsie.api.json_body import json_response, read_json
from wipsie.api.lists import Choice, ListSpec, Page, Sort, each
from wipsie.api.openapi import Answer, describe
from wipsie.auth.account_rights import INVITE_USERS
from wipsie.auth.one_time_links import COLUMNS, OneTimeLink, live, one_time_links_table
from wipsie.auth.rights import ROLES

PATH = "/api/invitations"

INVITATION_LIST = ListSpec(
    name="invitations",
    columns=list(one_time_links_table.columns),
    id=COLUMNS.id,
    filters=(Choice("role", COLUMNS.role, ROLES),),
    sorts=(Sort(name="created", column=COLUMNS.id),),
    default_sort="-created",
)
_NEW_INVITATION = msgspec.json.Decoder(NewInvitation)


def add_invitations(router: APIRouter, kit: AccountKit) -> None:
    """Register the routes."""
    registration = kit.services.registration

    async def list_invitations(request: Request) -> Response:
        """Those that were neither used nor taken back. Leads see their own."""
        principal = principal_of(request)
        own = () if principal.may(INVITE_USERS) else (COLUMNS.created_by == principal.user_id,)

        def view(row: RowMapping) -> InvitationView:
            return invitation_view(OneTimeLink(**{name: row[name] for name in OneTimeLink.__struct_fields__}))

        conditions = (*live("invitation", kit.database.clock.now_ms()), *own)
        return await kit.lists.answer(request, INVITATION_LIST, each(view), where=conditions)

    async def create_invitation(request: Request) -> Response:
        """The link works once, for a week; it is in this answer and never again. With an address it is mailed too, and good for
        that address alone. Leads invite members."""
        body = await read_json(request, _NEW_INVITATION)
        async with kit.database.unit_of_work() as unit:
            made = await registration.invite(unit, principal_of(request), email=body.email, role=body.role)
        answer = MadeInvitation(invitation=invitation_view(made.link), link=link_view(made))
        return json_response(answer, 201)

    async def revoke_invitation(request: Request) -> Response:
        """Its link is worth nothing any more. Leads take back their own."""
        async with kit.database.unit_of_work() as unit:
            await registration.revoke_invitation(unit, principal_of(request), request.path_params["invitation_id"])
        return Response(status_code=204)

    operations = Operations(router, "users")
    operations.add(
        "GET",
        PATH,
        list_invitations,
        "List invitations",
        describe(
            access=needs(INVITE_USERS),
            answers={200: Answer(type=Page[InvitationView], description="A page of the list.")},
            parameters=INVITATION_LIST.parameters,
            error_statuses=(400, 422, 503),
        ),
    )
    operations.add(
        "POST",
        PATH,
        create_invitation,
        "Invite somebody",
        describe(
            access=needs(INVITE_USERS),
            request=NewInvitation,
            request_examples={"ann": {"email": "ann@example.org", "role": "member"}},
            answers={201: Answer(type=MadeInvitation, description="Made; the link is shown this once.")},
            error_statuses=(400, 409, 413, 422, 503),
        ),
    )
    operations.add(
        "DELETE",
        f"{PATH}/{{invitation_id}}",
        revoke_invitation,
        "Take an invitation back",
        describe(
            access=needs(INVITE_USERS), answers={204: Answer(description="Taken back.")}, error_statuses=(404, 503)
        ),
    )
