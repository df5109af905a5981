"""What all calls of the Graph side have in common: faults, the token, errors in Meta's form, headers, the log."""

from __future__ import annotations

import asyncio
import hmac
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp

from wipsie.testing.simulators.whatsapp.faults import Fault, Faults, Route
from wipsie.testing.simulators.whatsapp.graph.errors import GraphError, no_such_object
from wipsie.testing.simulators.whatsapp.graph.limits import Limits
from wipsie.testing.simulators.whatsapp.identifiers import Identifiers
from wipsie.testing.simulators.whatsapp.log import WORDS_MAX, Call, Log
from wipsie.testing.simulators.whatsapp.settings import Account
from wipsie.testing.simulators.whatsapp.virtual_clock import VirtualClock
from wipsie.testing.simulators.whatsapp.web.breakable import NoAnswer

VERSION = re.compile(r"v[0-9]{1,3}\.[0-9]{1,2}")
Work = Callable[[], Awaitable[Any]]
"""Does what was asked and returns the answer: JSON, or a whole response."""


class GraphCalls:
    """One per simulator."""

    def __init__(
        self,
        *,
        account: Account,
        faults: Faults,
        limits: Limits,
        identifiers: Identifiers,
        clock: VirtualClock,
        log: Log,
        closing: asyncio.Event,
    ) -> None:
        self._account = account
        self._faults = faults
        self._limits = limits
        self._identifiers = identifiers
        self._clock = clock
        self._log = log
        self._closing = closing

    async def carry_out(
        self, request: Request, route: Route, asked: Any, work: Work, *, users: tuple[str | None, ...] = ()
    ) -> ASGIApp:
        """One call from its faults to its answer. `asked` goes into the log; `users`: whom it concerns."""
        call = Call(
            number=self._log.next_number(),
            at_ms=self._clock.now_ms(),
            method=request.method,
            path=request.url.path,
            route=route,
            request=asked,
            version=request.path_params.get("version"),
        )
        self._log.add_call(call)
        response = await self._respond(request, route, call, work, users)
        self._log.touched()
        return response

    async def _respond(
        self, request: Request, route: Route, call: Call, work: Work, users: tuple[str | None, ...]
    ) -> ASGIApp:
        slow = self._faults.take("slow", route=route, users=users) if route != "download" else None
        if slow is not None and not await self.pause(request, slow.seconds):
            call.answer = "nobody waited for the answer"
            return NoAnswer(request)
        if self._faults.take("reset", route=route, users=users) is not None:
            call.answer = "connection reset, nothing done"
            return NoAnswer(request)
        page = self._faults.take("http_error", route=route, users=users)
        if page is not None:
            call.status_code = page.status_code or 502
            return _page(call.status_code)
        try:
            self._refuse(self._faults.take("error", route=route, users=users))
            self.check_token(request)
            answer = await work()
        except GraphError as error:
            call.status_code, call.error_code = error.status_code, error.code
            call.answer = error.body(self._identifiers.trace_id())
            return self._json(call, error)
        lost = self._faults.take("lost_answer", route=route, users=users)
        if lost is not None:
            call.answer = {"lost": answer} if not isinstance(answer, Response) else "lost"
            return NoAnswer(request)
        call.status_code = 200
        if isinstance(answer, Response):
            call.status_code = answer.status_code
            return answer
        call.answer = answer
        return self._json(call, None)

    def check_token(self, request: Request) -> None:
        """190 when it is missing, wrong or has ended."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        right = hmac.compare_digest(token.strip().encode(), self._account.access_token.encode())
        if scheme.lower() != "bearer" or not right:
            raise GraphError(190, message="Invalid OAuth access token - Cannot parse access token", status_code=401)
        if self._account.token_expired:
            raise GraphError(
                190, message="Error validating access token: Session has expired", subcode=463, status_code=401
            )

    def check_number(self, phone_number_id: str) -> None:
        """100/33 for the id of another number."""
        if phone_number_id != self._account.phone_number_id:
            raise no_such_object(phone_number_id)

    async def pause(self, request: Request, seconds: float) -> bool:
        """Wait on the simulator's clock; False when the caller left, or the simulator ends."""
        sleeping = asyncio.ensure_future(self._clock.sleep(seconds))
        others = [asyncio.ensure_future(self._closing.wait()), asyncio.ensure_future(_left(request))]
        try:
            await asyncio.wait((sleeping, *others), return_when=asyncio.FIRST_COMPLETED)
            return sleeping.done()
        finally:
            for task in (sleeping, *others):
                task.cancel()
            await asyncio.gather(sleeping, *others, return_exceptions=True)

    def _refuse(self, fault: Fault | None) -> None:
        if fault is None or fault.code is None:
            return
        raise GraphError(
            fault.code,
            fault.details or "",
            subcode=fault.subcode if fault.subcode is not None or fault.code != 190 else 463,
            status_code=fault.status_code,
            retry_after_s=fault.retry_after_s,
        )

    def _json(self, call: Call, error: GraphError | None) -> Response:
        headers = {
            "facebook-api-version": call.version or "",
            "X-Business-Use-Case-Usage": self._usage(error),
            "x-fb-trace-id": self._identifiers.trace_id(),
            "Cache-Control": "private, no-cache, no-store, must-revalidate",
        }
        if error is not None and error.retry_after_s is not None:
            headers["Retry-After"] = str(error.retry_after_s)
        if error is not None and error.code == 190:
            headers["WWW-Authenticate"] = 'OAuth "Facebook Platform" "invalid_token"'
        return JSONResponse(call.answer, status_code=call.status_code, headers=headers)

    def _usage(self, error: GraphError | None) -> str:
        used = self._limits.used_percent(self._clock.now_ms())
        wait_s = error.retry_after_s if error is not None and error.retry_after_s is not None else 0
        usage = {
            "type": "whatsapp",
            "call_count": used,
            "total_cputime": used,
            "total_time": used,
            # Minutes, rounded up: the one figure of this interface that is not in seconds.
            "estimated_time_to_regain_access": -(-wait_s // 60),
        }
        return msgspec.json.encode({self._account.account_id: [usage]}).decode()


class BodyTooLarge(Exception):
    """More than the interface takes; the rest is not read."""


async def bounded(request: Request, bytes_max: int) -> AsyncIterator[bytes]:
    """The body in chunks. BodyTooLarge."""
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > bytes_max:
            raise BodyTooLarge
        yield chunk


async def read_json(request: Request, bytes_max: int) -> Any:
    """The body, decoded. BodyTooLarge; ValueError when it is no JSON."""
    body = b"".join([chunk async for chunk in bounded(request, bytes_max)])
    return msgspec.json.decode(body)


def shortened(value: Any) -> Any:
    """For the log: the same, unless it is very long."""
    text = msgspec.json.encode(value)
    return value if len(text) <= WORDS_MAX * 10 else f"{text[:WORDS_MAX].decode(errors='replace')}…"


async def _left(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _page(status_code: int) -> Response:
    text = f"<html><body><h1>{status_code}</h1></body></html>"
    return Response(text, status_code=status_code, media_type="text/html")
