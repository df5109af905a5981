"""``…/followers`` of records of every kind, and ``/api/followed``: what one follows."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from wipsie.api.access import SIGNED_IN, needs
from wipsie.api.gate import principal_of
from wipsie.api.lists import Choice, Ids, ListSpec, Page, Sort
from wipsie.api.openapi import Answer, Description, describe
from wipsie.slices.asyncops.kinds import KINDS
from wipsie.slices.asyncops.people import person_behind
from wipsie.slices.asyncops.routes.descriptions import REFERENCE, Operations, listing
from wipsie.slices.asyncops.routes.kit import RouteKit, reference_in
from wipsie.slices.asyncops.routes.subjects import list_on
from wipsie.slices.asyncops.schemas.followers import FollowedView, FollowerView
from wipsie.slices.asyncops.service.following import FollowingService
from wipsie.slices.asyncops.store.followers import followers_table
from wipsie.slices.asyncops.subjects import Subject, Subjects

_COLUMNS = followers_table.c
FOLLOWED_PATH = "/api/followed"

FOLLOWERS_LIST = ListSpec(
    name="followers",
    columns=list(followers_table.columns),
    id=_COLUMNS.user_id,
    filters=(Ids("person", _COLUMNS.user_id, about="Only these people, if they follow it.", me=True),),
    sorts=(Sort(name="since", column=_COLUMNS.since_ms),),
    default_sort="since",
)
FOLLOWED_LIST = ListSpec(
    name="followed",
    columns=list(followers_table.columns),
    id=_COLUMNS.object_id,
    filters=(Choice("kind", _COLUMNS.object_kind, tuple(KINDS)),),
    sorts=(Sort(name="since", column=_COLUMNS.since_ms),),
    default_sort="-since",
)


def add_followers(router: APIRouter, kit: RouteKit, subjects: Subjects, service: FollowingService) -> None:
    """Register the routes."""
    operations = Operations(router, "followers")
    for subject in subjects:
        _add_on(operations, kit, subject, service)

    async def list_followed(request: Request) -> Response:
        """The records one follows and may still read, those one began to follow last in front."""
        principal = principal_of(request)
        where = [
            _COLUMNS.user_id == person_behind(principal),
            subjects.visible(principal, _COLUMNS.object_kind, _COLUMNS.object_id),
        ]
        return await kit.lists.answer(request, FOLLOWED_LIST, service.followed_views, where=where)

    operations.add(
        "GET",
        FOLLOWED_PATH,
        list_followed,
        "List what one follows",
        describe(
            access=SIGNED_IN,
            answers={200: Answer(type=Page[FollowedView], description="A page of the list.")},
            parameters=FOLLOWED_LIST.parameters,
            error_statuses=(400, 422, 503),
        ),
    )


def _add_on(operations: Operations, kit: RouteKit, subject: Subject, service: FollowingService) -> None:
    kind = subject.kind
    path = f"{kind.path}/{{reference}}/followers"
    title = kind.title.lower()

    async def list_followers(request: Request) -> Response:
        """Who hears of its changes, those who began first in front."""
        return await list_on(request, kit, subject, FOLLOWERS_LIST, service.follower_views, _COLUMNS.object_id)

    async def follow(request: Request) -> Response:
        """Hear of its changes. To follow it twice is to follow it."""
        async with kit.database.unit_of_work() as unit:
            await service.follow(unit, principal_of(request), subject, reference_in(request))
        return Response(status_code=204)

    async def unfollow(request: Request) -> Response:
        """Hear no more of its changes."""
        async with kit.database.unit_of_work() as unit:
            await service.unfollow(unit, principal_of(request), subject, reference_in(request))
        return Response(status_code=204)

    operations.add(
        "GET",
        path,
        list_followers,
        f"List followers of a {title}",
        listing(FOLLOWERS_LIST, FollowerView, subject.read, REFERENCE),
        operation_id=f"list_{kind.name}_followers",
    )
    operations.add(
        "PUT",
        f"{path}/me",
        follow,
        f"Follow a {title}",
        _standing(subject.read),
        operation_id=f"follow_{kind.name}",
    )
    operations.add(
        "DELETE",
        f"{path}/me",
        unfollow,
        f"Follow a {title} no longer",
        _standing(subject.read),
        operation_id=f"unfollow_{kind.name}",
    )


def _standing(permission: str) -> Description:
    return describe(
        access=needs(permission),
        answers={204: Answer(description="So it is.")},
        parameters=(REFERENCE,),
        error_statuses=(404, 503),
    )
