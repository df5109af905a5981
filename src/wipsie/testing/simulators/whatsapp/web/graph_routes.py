"""Routes of the Graph side, under any version: messages, media and the number itself."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, cast

from starlette.requests import Request
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from wipsie.testing.simulators.whatsapp.graph.errors import GraphError, no_such_object
from wipsie.testing.simulators.whatsapp.graph.outgoing import Receipt
from wipsie.testing.simulators.whatsapp.graph.read_send import read_send
from wipsie.testing.simulators.whatsapp.graph.templates import Templates
from wipsie.testing.simulators.whatsapp.media_store import NoRoom
from wipsie.testing.simulators.whatsapp.network import LinkedFile, Network
from wipsie.testing.simulators.whatsapp.settings import MEDIA_BYTES_MAX, Account, Bounds
from wipsie.testing.simulators.whatsapp.web.graph_calls import (
    VERSION,
    BodyTooLarge,
    GraphCalls,
    read_json,
    shortened,
)
from wipsie.testing.simulators.whatsapp.web.media_routes import MediaRoutes
from wipsie.testing.simulators.whatsapp.webhook.courier import Courier

Handler = Callable[[Request], Awaitable[ASGIApp]]


class GraphRoutes:
    """One per simulator."""

    def __init__(
        self,
        calls: GraphCalls,
        media: MediaRoutes,
        *,
        account: Account,
        network: Network,
        templates: Templates,
        courier: Courier,
        bounds: Bounds,
    ) -> None:
        self._calls = calls
        self._media = media
        self._account = account
        self._network = network
        self._templates = templates
        self._courier = courier
        self._bounds = bounds

    def routes(self) -> list[Route]:
        return [
            Route("/{version}/{number_id}/messages", endpoint(self._messages), methods=["POST"]),
            Route("/{version}/{number_id}/media", endpoint(self._media.upload), methods=["POST"]),
            Route("/{version}/{object_id}", endpoint(self._look_up), methods=["GET"]),
            Route("/{version}/{object_id}", endpoint(self._media.delete), methods=["DELETE"]),
            Route("/whatsapp_business/attachments/", endpoint(self._media.download), methods=["GET"]),
            Route("/{path:path}", endpoint(self._unknown), methods=["GET", "POST", "DELETE", "PUT", "PATCH"]),
        ]

    async def _messages(self, request: Request) -> ASGIApp:
        problem: GraphError | None = None
        body: Any = None
        try:
            body = await read_json(request, self._bounds.json_bytes)
        except BodyTooLarge:
            problem = GraphError(1, message="The request is too large.", status_code=413)
        except ValueError:
            problem = GraphError(100, "The body is not JSON.")
        is_receipt = isinstance(body, dict) and "status" in body
        users = _users(body)

        async def work() -> Any:
            check_version(request)
            self._calls.check_number(request.path_params["number_id"])
            if problem is not None:
                raise problem
            read = read_send(body, self._templates)
            if isinstance(read, Receipt):
                self._network.receipt(read)
                return {"success": True}
            message = self._network.check_send(read)
            linked = await self._fetch(read.media.link) if read.media is not None and read.media.link else None
            self._network.send(message, linked)
            return self._network.answer_to(message)

        route = "receipts" if is_receipt else "messages"
        return await self._calls.carry_out(request, route, shortened(body), work, users=users)

    async def _look_up(self, request: Request) -> ASGIApp:
        if request.path_params["object_id"] != self._account.phone_number_id:
            return await self._media.look_up(request)

        async def work() -> Any:
            check_version(request)
            return {
                "verified_name": self._account.name,
                "display_phone_number": f"+{self._account.display_number}",
                "quality_rating": "GREEN",
                "code_verification_status": "VERIFIED",
                "platform_type": "CLOUD_API",
                "throughput": {"level": "STANDARD"},
                "id": self._account.phone_number_id,
            }

        return await self._calls.carry_out(request, "any", None, work)

    async def _unknown(self, request: Request) -> ASGIApp:
        async def work() -> Any:
            raise no_such_object(request.url.path.strip("/"))

        return await self._calls.carry_out(request, "any", None, work)

    async def _fetch(self, link: str) -> LinkedFile:
        known = self._network.linked(link)
        if known is not None:
            return known
        status_code, content, mime_type = await self._courier.fetch(link, bytes_max=MEDIA_BYTES_MAX)
        if status_code is None:
            # Elsewhere than on this machine nothing is fetched; the phone shows the link.
            linked = LinkedFile()
        elif status_code != 200:
            linked = LinkedFile(problem=f"Downloading the file from its link failed with status {status_code}.")
        else:
            try:
                linked = await asyncio.to_thread(self._network.checked_link, content, mime_type)
            except NoRoom as error:
                raise GraphError(131016, str(error)) from None
        self._network.remember_link(link, linked)
        return linked


def check_version(request: Request) -> None:
    """Any version there may be; but there must be one."""
    if VERSION.fullmatch(request.path_params["version"]) is None:
        raise GraphError(2500, message="Unknown path components", status_code=400)


def endpoint(handler: Handler) -> ASGIApp:
    """As an application: an answer may be no response at all."""

    class _Endpoint:
        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            answer = await handler(Request(scope, receive))
            await answer(scope, receive, send)

    return _Endpoint()


def _users(body: Any) -> tuple[str | None, ...]:
    if not isinstance(body, dict):
        return ()
    given = cast("dict[str, Any]", body)
    values = (given.get("to"), given.get("recipient"))
    return tuple(str(value).removeprefix("+") for value in values if value is not None)
