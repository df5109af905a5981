"""``/api/vault``: the vault as staff see it."""

from __future__ import annotations

import msgspec
from fastapi import APIRouter
from sqlalchemy import select
from starlette.requests import Request
from starlette.responses import Response

from wipsie.api.access import needs
from wipsie.api.fast_route import FastRoute
from wipsie.api.gate import principal_of
from wipsie.api.json_body import json_response, read_json
from wipsie.api.lists import ListReader, Page, each
from wipsie.api.openapi import Answer, Parameter, describe
from wipsie.database import Database
from wipsie.kernel.clock import Clock, utc_datetime
from wipsie.kernel.errors import NotFound
from wipsie.slices.vault.rights import BREAK_GLASS, MANAGE, READ, UNLOCK
from wipsie.slices.vault.routes.staff_lists import (
    DELIVERY_LIST,
    FILE_LIST,
    OWNER_LIST,
    OwnerViews,
    delivery_view,
    file_view,
)
from wipsie.slices.vault.schemas.staff import (
    AccessEvent,
    BreakGlass,
    DeliveryView,
    FileView,
    Found,
    OpenedReport,
    Opening,
    OwnerView,
    PauseView,
    ReportView,
    SentAgain,
    Unlock,
)
from wipsie.slices.vault.service.staff import StaffDesk
from wipsie.slices.vault.store.tables import identities_table

PATH = "/api/vault"
_OWNER = f"{PATH}/owners/{{owner}}"
_REPORT_NUMBER_MAX = 2**31 - 1
_OWNER_ID = Parameter(name="owner", where="path", required=True, description="The owner's id.")
_NUMBER = Parameter(name="number", where="path", required=True, description="The report's number, its owner's own.")
_DELIVERY_ID = Parameter(name="delivery_id", where="path", required=True, description="The delivery's id.")
_FILE_ID = Parameter(name="file_id", where="path", required=True, description="The file's id.")
_NUMBER_ID = Parameter(
    name="phone_number_id", where="path", required=True, description="The id of a number of ours, as WhatsApp has it."
)
_LIST_ERRORS = (400, 422, 503)
_WHY = {"reason": "The patient lost their phone and asked us at the desk for the discharge summary."}

_SURE = {"reason": "She came to the desk with her identity card; the number is the one of her contract."}


class _Staff:
    """The routes over their parts."""

    def __init__(self, desk: StaffDesk, database: Database, lists: ListReader, clock: Clock) -> None:
        self._desk = desk
        self._database = database
        self._lists = lists
        self._owners = OwnerViews(clock)
        self._break_glass = msgspec.json.Decoder(BreakGlass)
        self._unlock = msgspec.json.Decoder(Unlock)

    async def list_vault_owners(self, request: Request) -> Response:
        """Whom the vault serves, the newest first; masked."""
        return await self._lists.answer(request, OWNER_LIST, self._owners.views)

    async def show_vault_owner(self, request: Request) -> Response:
        """One of them."""
        owner = request.path_params["owner"]
        async with self._database.glance() as connection:
            wanted = select(*OWNER_LIST.columns).where(identities_table.c.id == owner)
            rows = (await connection.execute(wanted)).mappings().all()
            views = await self._owners.views(connection, rows)
        if not views:
            raise NotFound("There is no such owner.")
        return json_response(views[0])

    async def list_vault_reports(self, request: Request) -> Response:
        """The reports of somebody, by their numbers: that they are, and nothing of what they say."""
        return json_response(Found(data=await self._desk.reports(request.path_params["owner"])))

    async def list_vault_accesses(self, request: Request) -> Response:
        """What was done with what is somebody's, by whomever, the newest first."""
        return json_response(Found(data=await self._desk.events(request.path_params["owner"])))

    async def list_vault_openings(self, request: Request) -> Response:
        """Reports of somebody that staff opened in need, and when they let them in, with the reasons, the newest first."""
        return json_response(Found(data=await self._desk.openings(request.path_params["owner"])))

    async def open_vault_report(self, request: Request) -> Response:
        """Open a report of somebody, for a reason. It is recorded first, and its owner sees it in their history."""
        wanted = await read_json(request, self._break_glass)
        owner, number = request.path_params["owner"], _number(request)
        opened = await self._desk.break_glass(principal_of(request), owner, number, wanted.reason)
        return json_response(opened)

    async def unlock_vault_owner(self, request: Request) -> Response:
        """Let somebody in whose number or telephone changed, or who forgot their PIN, once it is sure who they are. They are told, and see
        it in their history; a PIN they had is not valid any more."""
        wanted = await read_json(request, self._unlock)
        await self._desk.unlock(principal_of(request), request.path_params["owner"], wanted.reason)
        return Response(status_code=204)

    async def list_vault_deliveries(self, request: Request) -> Response:
        """Messages to people, the newest first, without what they say. Dead letters are those whose state is failed."""
        return await self._lists.answer(request, DELIVERY_LIST, each(delivery_view))

    async def resend_vault_delivery(self, request: Request) -> Response:
        """Send once more what failed, after everything that waits for its owner."""
        new_id = await self._desk.send_again(principal_of(request), request.path_params["delivery_id"])
        return json_response(SentAgain(id=new_id), 202)

    async def cancel_vault_delivery(self, request: Request) -> Response:
        """Do not send what waits."""
        await self._desk.cancel(principal_of(request), request.path_params["delivery_id"])
        return Response(status_code=204)

    async def list_vault_files(self, request: Request) -> Response:
        """Files that were sent, the newest first. Those in quarantine are in state fetching with a reason, or refused."""
        return await self._lists.answer(request, FILE_LIST, each(file_view))

    async def recheck_vault_file(self, request: Request) -> Response:
        """Have a file that waits looked at now: the scanner is back, for example."""
        file = await self._desk.look_again(principal_of(request), request.path_params["file_id"])
        return json_response(file_view(msgspec.structs.asdict(file)), 202)

    async def list_vault_pauses(self, request: Request) -> Response:
        """Numbers of ours that send nothing, and why."""
        del request
        pauses = [
            PauseView(
                phone_number_id=one.phone_number_id,
                error_code=one.error_code,
                reason=one.reason,
                since=utc_datetime(one.since_ms),
                until=utc_datetime(one.until_ms),
            )
            for one in await self._desk.pauses()
        ]
        return json_response(Found(data=pauses))

    async def resume_vault_number(self, request: Request) -> Response:
        """Have a number tried at once: the token was replaced, for example."""
        await self._desk.resume(principal_of(request), request.path_params["phone_number_id"])
        return Response(status_code=204)

    def add_to(self, router: APIRouter) -> None:
        """Register the routes."""
        reading, managing = needs(READ), needs(MANAGE)
        done = {204: Answer(description="Done.")}
        routes = (
            (
                "GET",
                f"{PATH}/owners",
                self.list_vault_owners,
                "List owners",
                describe(
                    access=reading,
                    answers={200: Answer(type=Page[OwnerView], description="A page of the list.")},
                    parameters=OWNER_LIST.parameters,
                    error_statuses=_LIST_ERRORS,
                ),
            ),
            (
                "GET",
                _OWNER,
                self.show_vault_owner,
                "See an owner",
                describe(
                    access=reading,
                    answers={200: Answer(type=OwnerView, description="As it is now.")},
                    parameters=(_OWNER_ID,),
                    error_statuses=(404, 503),
                ),
            ),
            (
                "GET",
                f"{_OWNER}/reports",
                self.list_vault_reports,
                "List an owner's reports",
                describe(
                    access=reading,
                    answers={200: Answer(type=Found[ReportView], description="All of them.")},
                    parameters=(_OWNER_ID,),
                    error_statuses=(503,),
                ),
            ),
            (
                "GET",
                f"{_OWNER}/accesses",
                self.list_vault_accesses,
                "List who did what with it",
                describe(
                    access=reading,
                    answers={200: Answer(type=Found[AccessEvent], description="The last 200.")},
                    parameters=(_OWNER_ID,),
                    error_statuses=(503,),
                ),
            ),
            (
                "GET",
                f"{_OWNER}/break-glass",
                self.list_vault_openings,
                "List what was opened in need",
                describe(
                    access=reading,
                    answers={200: Answer(type=Found[Opening], description="The last 200.")},
                    parameters=(_OWNER_ID,),
                    error_statuses=(503,),
                ),
            ),
            (
                "POST",
                f"{_OWNER}/reports/{{number}}/break-glass",
                self.open_vault_report,
                "Open a report in need",
                describe(
                    access=needs(BREAK_GLASS),
                    request=BreakGlass,
                    request_examples={"at the desk": _WHY},
                    answers={200: Answer(type=OpenedReport, description="Opened, and recorded.")},
                    parameters=(_OWNER_ID, _NUMBER),
                    error_statuses=(400, 404, 413, 422, 503),
                ),
            ),
            (
                "POST",
                f"{_OWNER}/unlock",
                self.unlock_vault_owner,
                "Let an owner in again",
                describe(
                    access=needs(UNLOCK),
                    request=Unlock,
                    request_examples={"at the desk": _SURE},
                    answers=done,
                    parameters=(_OWNER_ID,),
                    error_statuses=(400, 404, 409, 413, 422, 503),
                ),
            ),
            (
                "GET",
                f"{PATH}/deliveries",
                self.list_vault_deliveries,
                "List deliveries",
                describe(
                    access=reading,
                    answers={200: Answer(type=Page[DeliveryView], description="A page of the list.")},
                    parameters=DELIVERY_LIST.parameters,
                    error_statuses=_LIST_ERRORS,
                ),
            ),
            (
                "POST",
                f"{PATH}/deliveries/{{delivery_id}}/resend",
                self.resend_vault_delivery,
                "Send again what failed",
                describe(
                    access=managing,
                    answers={202: Answer(type=SentAgain, description="It waits to be sent.")},
                    parameters=(_DELIVERY_ID,),
                    error_statuses=(404, 409, 503),
                ),
            ),
            (
                "POST",
                f"{PATH}/deliveries/{{delivery_id}}/cancel",
                self.cancel_vault_delivery,
                "Cancel a delivery",
                describe(access=managing, answers=done, parameters=(_DELIVERY_ID,), error_statuses=(404, 409, 503)),
            ),
            (
                "GET",
                f"{PATH}/files",
                self.list_vault_files,
                "List files",
                describe(
                    access=reading,
                    answers={200: Answer(type=Page[FileView], description="A page of the list.")},
                    parameters=FILE_LIST.parameters,
                    error_statuses=_LIST_ERRORS,
                ),
            ),
            (
                "POST",
                f"{PATH}/files/{{file_id}}/recheck",
                self.recheck_vault_file,
                "Look at a file again",
                describe(
                    access=managing,
                    answers={202: Answer(type=FileView, description="It is looked at in a moment.")},
                    parameters=(_FILE_ID,),
                    error_statuses=(404, 409, 503),
                ),
            ),
            (
                "GET",
                f"{PATH}/pauses",
                self.list_vault_pauses,
                "List silent numbers",
                describe(
                    access=reading,
                    answers={200: Answer(type=Found[PauseView], description="All of them.")},
                    error_statuses=(503,),
                ),
            ),
            (
                "POST",
                f"{PATH}/pauses/{{phone_number_id}}/resume",
                self.resume_vault_number,
                "Let a number send",
                describe(access=managing, answers=done, parameters=(_NUMBER_ID,), error_statuses=(404, 503)),
            ),
        )
        for method, path, endpoint, summary, description in routes:
            router.add_api_route(
                path, endpoint, methods=[method], tags=["vault"], summary=summary, openapi_extra=description
            )


def build_staff_router(desk: StaffDesk, database: Database, lists: ListReader, clock: Clock) -> APIRouter:
    """All of them."""
    router = APIRouter(route_class=FastRoute)
    _Staff(desk, database, lists, clock).add_to(router)
    return router


def _number(request: Request) -> int:
    text = request.path_params["number"]
    if not (text.isascii() and text.isdigit() and len(text) <= 10 and int(text) <= _REPORT_NUMBER_MAX):
        raise NotFound("There is no such report.")
    return int(text)
