"""``/api/mail``: the archive, seen and steered."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from fastapi import APIRouter
from sqlalchemy import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.requests import Request
from starlette.responses import Response

from wipsie.api.access import needs
from wipsie.api.gate import principal_of
from wipsie.api.json_body import json_response, read_json
from wipsie.api.lists import ListReader, Page
from wipsie.api.openapi import Answer, Parameter, describe
from wipsie.database import Database
from wipsie.slices.mail.rights import MANAGE, READ, WRITE_RULES
from wipsie.slices.mail.routes.listing import mail_lists, search_words
from wipsie.slices.mail.schemas.mails import Erased, MailSummary, MailView, NewHold, Queued
from wipsie.slices.mail.service.mail_views import PATH, MailViews
from wipsie.slices.mail.service.steering import MailSteering

ONE = f"{PATH}/{{mail_id}}"
MAIL_ID = Parameter(name="mail_id", where="path", required=True, description="The mail's id.")
_TAG = Parameter(name="tag", where="path", required=True, description="1 to 50 printable characters.")
_LIST_ERRORS = (400, 422, 503)
_ERRORS = (404, 503)


def add_archive(
    router: APIRouter, database: Database, lists: ListReader, views: MailViews, steering: MailSteering
) -> None:
    """Register the routes."""
    plain, with_words = mail_lists(database.dialect)
    new_hold = msgspec.json.Decoder(NewHold)

    async def list_mails(request: Request) -> Response:
        """Mails, the newest first; with q those that have all of its words."""
        if "q" not in request.query_params:
            return await lists.answer(request, plain, views.summaries)
        # Marks of places have no length to be shown.
        words = [word.lstrip("\ue001\ue002\ue003\ue004") for word in search_words(request.query_params["q"])]

        async def found(connection: AsyncConnection, rows: Sequence[RowMapping]) -> list[MailSummary]:
            return await views.found(connection, rows, words)

        return await lists.answer(request, with_words, found)

    async def show_mail(request: Request) -> Response:
        """One mail with its text, its recipients, its attachments and every copy that came."""
        return json_response(await views.view(database, _mail_id(request)))

    async def replay_mail(request: Request) -> Response:
        """Put a mail on the queue once more, as it came. It is archived as a copy of itself."""
        message_id = await steering.replay(principal_of(request), _mail_id(request))
        return json_response(Queued(message_id=message_id), 202)

    async def rearchive_mail(request: Request) -> Response:
        """Read the original of a mail anew and write its document over the one there is: after an upgrade that reads better, or
        when the document was damaged. Should it read as another mail now, that one is archived too."""
        message_id = await steering.replay(principal_of(request), _mail_id(request), again=True)
        return json_response(Queued(message_id=message_id), 202)

    async def tag_mail(request: Request) -> Response:
        """Tag a mail. Doing so twice changes nothing."""
        async with database.begin() as connection:
            await steering.tag(connection, principal_of(request), _mail_id(request), request.path_params["tag"])
        return Response(status_code=204)

    async def untag_mail(request: Request) -> Response:
        """Take a tag away."""
        async with database.begin() as connection:
            await steering.untag(connection, _mail_id(request), request.path_params["tag"])
        return Response(status_code=204)

    async def hold_mail(request: Request) -> Response:
        """Keep a mail from being erased: by hand, by its age, with a person."""
        body = await read_json(request, new_hold)
        async with database.unit_of_work() as unit:
            await steering.hold(unit, principal_of(request), _mail_id(request), body.reason)
        return Response(status_code=204)

    async def release_mail(request: Request) -> Response:
        """Let a mail be erased again."""
        async with database.unit_of_work() as unit:
            await steering.release(unit, principal_of(request), _mail_id(request))
        return Response(status_code=204)

    async def erase_mail(request: Request) -> Response:
        """Erase a mail for good: its rows, its document, its original, and attachments no other mail has."""
        erased = await steering.erase(principal_of(request), _mail_id(request))
        return json_response(erased, 200 if erased.objects == "gone" else 202)

    done = {204: Answer(description="Done.")}
    queued = {202: Answer(type=Queued, description="On the queue.")}
    for method, path, endpoint, summary, description in (
        (
            "GET",
            PATH,
            list_mails,
            "List and search mails",
            describe(
                access=needs(READ),
                answers={200: Answer(type=Page[MailSummary], description="A page of the list.")},
                parameters=plain.parameters,
                error_statuses=_LIST_ERRORS,
            ),
        ),
        (
            "GET",
            ONE,
            show_mail,
            "Read a mail",
            describe(
                access=needs(READ),
                answers={200: Answer(type=MailView, description="The mail.")},
                parameters=(MAIL_ID,),
                error_statuses=_ERRORS,
            ),
        ),
        (
            "POST",
            f"{ONE}/replay",
            replay_mail,
            "Replay a mail",
            describe(access=needs(MANAGE), answers=queued, parameters=(MAIL_ID,), error_statuses=(404, 429, 503)),
        ),
        (
            "POST",
            f"{ONE}/rearchive",
            rearchive_mail,
            "Archive a mail anew",
            describe(access=needs(MANAGE), answers=queued, parameters=(MAIL_ID,), error_statuses=(404, 409, 429, 503)),
        ),
        (
            "PUT",
            f"{ONE}/tags/{{tag}}",
            tag_mail,
            "Tag a mail",
            describe(
                access=needs(WRITE_RULES), answers=done, parameters=(MAIL_ID, _TAG), error_statuses=(404, 422, 503)
            ),
        ),
        (
            "DELETE",
            f"{ONE}/tags/{{tag}}",
            untag_mail,
            "Take a tag from a mail",
            describe(access=needs(WRITE_RULES), answers=done, parameters=(MAIL_ID, _TAG), error_statuses=_ERRORS),
        ),
        (
            "PUT",
            f"{ONE}/hold",
            hold_mail,
            "Hold a mail",
            describe(
                access=needs(MANAGE),
                request=NewHold,
                request_examples={"a dispute": {"reason": "Needed for the dispute about invoice 4711."}},
                answers=done,
                parameters=(MAIL_ID,),
                error_statuses=(400, 404, 422, 503),
            ),
        ),
        (
            "DELETE",
            f"{ONE}/hold",
            release_mail,
            "Release a mail",
            describe(access=needs(MANAGE), answers=done, parameters=(MAIL_ID,), error_statuses=_ERRORS),
        ),
        (
            "DELETE",
            ONE,
            erase_mail,
            "Erase a mail",
            describe(
                access=needs(MANAGE),
                answers={
                    200: Answer(type=Erased, description="Gone."),
                    202: Answer(type=Erased, description="Out of the index; its objects go when the store answers."),
                },
                parameters=(MAIL_ID,),
                error_statuses=(404, 409, 503),
            ),
        ),
    ):
        router.add_api_route(
            path, endpoint, methods=[method], tags=["mail"], summary=summary, openapi_extra=description
        )


def _mail_id(request: Request) -> str:
    return request.path_params["mail_id"]
