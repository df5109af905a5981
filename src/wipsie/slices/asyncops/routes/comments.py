"""``…/comments`` of records of every kind, and ``/api/comments/{id}``."""

from __future__ import annotations

import msgspec
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from wipsie.api.answers import Made
from wipsie.api.gate import principal_of
from wipsie.api.json_body import read_json
from wipsie.api.lists import Created, Ids, ListSpec, Sort
from wipsie.api.versions import expected_version, versioned_response
from wipsie.database import UnitOfWork
from wipsie.slices.asyncops.rights import COMMENT
from wipsie.slices.asyncops.routes.descriptions import (
    REFERENCE,
    Operations,
    changing,
    creating,
    listing,
    removing,
    showing,
)
from wipsie.slices.asyncops.routes.kit import RouteKit, reference_in
from wipsie.slices.asyncops.routes.subjects import list_on
from wipsie.slices.asyncops.schemas.comments import CommentChanges, CommentView, NewComment
from wipsie.slices.asyncops.service.comments import CommentService
from wipsie.slices.asyncops.store.comments import ID_PREFIX, comments_table
from wipsie.slices.asyncops.subjects import Subject, Subjects

_COLUMNS = comments_table.c
ONE = "/api/comments/{reference}"

COMMENTS_LIST = ListSpec(
    name="comments",
    columns=list(comments_table.columns),
    id=_COLUMNS.id,
    filters=(
        Ids("author", _COLUMNS.created_by, about="Only comments of these people.", me=True),
        Created("created", _COLUMNS.created_at_ms, _COLUMNS.id, ID_PREFIX, about="Written"),
    ),
    sorts=(Sort(name="created_at", column=_COLUMNS.id),),
    default_sort="created_at",
)

_EXAMPLE = {"body": "The lease ended while the report was still being written. @[Ann](usr_0193f0c2) knows that code."}


def add_comments(router: APIRouter, kit: RouteKit, subjects: Subjects, service: CommentService) -> None:
    """Register the routes."""
    operations = Operations(router, "comments")
    for subject in subjects:
        _add_on(operations, kit, subject, service)
    changes = msgspec.json.Decoder(CommentChanges)

    async def show_comment(request: Request) -> Response:
        """One comment."""
        async with kit.database.read() as connection:
            comment = await service.show(connection, principal_of(request), reference_in(request))
            shown = await service.view(connection, comment)
        return versioned_response(request, shown, comment.version)

    async def change_comment(request: Request) -> Response:
        """Put one's own words right. People who are mentioned only now are told now."""
        version = expected_version(request)
        body = await read_json(request, changes)
        principal, reference = principal_of(request), reference_in(request)
        return await kit.changes.answer(
            request, body, lambda unit: service.change(unit, principal, reference, body, version)
        )

    async def remove_comment(request: Request) -> Response:
        """Take one's own words back; admins may remove anybody's. The timeline still says that there were some."""
        return await kit.remove(request, service.remove)

    operations.add("GET", ONE, show_comment, "Read a comment", showing(CommentView, COMMENT))
    operations.add(
        "PATCH",
        ONE,
        change_comment,
        "Change a comment",
        changing(CommentChanges, CommentView, COMMENT, {"better words": _EXAMPLE}),
    )
    operations.add("DELETE", ONE, remove_comment, "Remove a comment", removing(COMMENT))


def _add_on(operations: Operations, kit: RouteKit, subject: Subject, service: CommentService) -> None:
    new = msgspec.json.Decoder(NewComment)
    kind = subject.kind
    path = f"{kind.path}/{{reference}}/comments"

    async def list_comments(request: Request) -> Response:
        """What people said of it, in the order in which they said it."""
        return await list_on(request, kit, subject, COMMENTS_LIST, service.views, _COLUMNS.object_id)

    async def create_comment(request: Request) -> Response:
        """Say something of it. ``@[Ann](usr_…)`` in the text mentions somebody, who is told and follows it from then on."""
        body = await read_json(request, new)

        async def write(unit: UnitOfWork) -> Made:
            return await service.write(unit, principal_of(request), subject, reference_in(request), body)

        return await kit.changes.answer(request, body, write)

    operations.add(
        "GET",
        path,
        list_comments,
        f"List comments on a {kind.title.lower()}",
        listing(COMMENTS_LIST, CommentView, subject.read, REFERENCE),
        operation_id=f"list_{kind.name}_comments",
    )
    operations.add(
        "POST",
        path,
        create_comment,
        f"Comment on a {kind.title.lower()}",
        creating(NewComment, CommentView, COMMENT, {"a thought": _EXAMPLE}, REFERENCE),
        operation_id=f"create_{kind.name}_comment",
    )
