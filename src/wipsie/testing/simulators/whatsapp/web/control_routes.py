"""The control interface under ``/_simulator``: JSON, for the page and for tests in other processes."""

from __future__ import annotations

import asyncio
import mimetypes
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any, Protocol, cast
from urllib.parse import quote

import msgspec
from starlette.formparsers import MultiPartException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from wipsie.testing.simulators.whatsapp.faults import MEANINGS, Fault, Faults
from wipsie.testing.simulators.whatsapp.fidelity import EVIDENCE, REGISTER
from wipsie.testing.simulators.whatsapp.graph.error_codes import ERROR_CODES
from wipsie.testing.simulators.whatsapp.graph.templates import Template, Templates
from wipsie.testing.simulators.whatsapp.live import Live, TooManyStreams
from wipsie.testing.simulators.whatsapp.log import Log
from wipsie.testing.simulators.whatsapp.media_store import FileTooLarge, MediaStore, NoRoom
from wipsie.testing.simulators.whatsapp.network import Network
from wipsie.testing.simulators.whatsapp.phones.handset import PhoneIsOff
from wipsie.testing.simulators.whatsapp.phones.phone import Phone
from wipsie.testing.simulators.whatsapp.phones.sent_file import SentFile
from wipsie.testing.simulators.whatsapp.settings import MEDIA_BYTES_MAX, Account, Behaviour, Bounds
from wipsie.testing.simulators.whatsapp.virtual_clock import VirtualClock
from wipsie.testing.simulators.whatsapp.web import actions
from wipsie.testing.simulators.whatsapp.web.forms import FilePart, Form, read_form
from wipsie.testing.simulators.whatsapp.web.graph_calls import BodyTooLarge, read_json
from wipsie.testing.simulators.whatsapp.web.page_routes import SAFE_HEADERS
from wipsie.testing.simulators.whatsapp.web.views import attempt_view, bubble_view, call_view, phone_view
from wipsie.testing.simulators.whatsapp.webhook.courier import Answer
from wipsie.testing.simulators.whatsapp.webhook.deliveries import Deliveries
from wipsie.testing.simulators.whatsapp.webhook.gathering import TooMuchWaiting

ADVANCE_S_MAX = 40 * 24 * 3600
_SHOWN_INLINE = ("image/jpeg", "image/png", "image/webp")
_LOG_SHOWN = 300
_SENT_KINDS = ("document", "image", "audio", "voice", "video", "sticker")


class Control(Protocol):
    """What only the simulator as a whole can do."""

    async def advance(self, seconds: float) -> None: ...

    async def settled(self) -> None: ...

    async def subscribe(self, callback_url: str | None = None, *, verify_token: str | None = None) -> Answer: ...


class NewPhone(msgspec.Struct, forbid_unknown_fields=True):
    name: str = "Asha Example"
    number: str | None = None
    username: str | None = None
    country: str = "IN"
    read_receipts: bool = True
    in_contact_book: bool = False


class PhoneChange(msgspec.Struct, forbid_unknown_fields=True):
    """What is given changes."""

    is_on: bool | None = None
    chat_is_open: bool | None = None
    read_receipts: bool | None = None
    username: str | msgspec.UnsetType | None = msgspec.UNSET


class AccountChange(msgspec.Struct, forbid_unknown_fields=True):
    """What is given changes."""

    app_secret: str | None = None
    verify_token: str | None = None
    access_token: str | None = None
    token_expired: bool | None = None


class ControlRoutes:
    """One per simulator."""

    def __init__(
        self,
        control: Control,
        *,
        account: Account,
        behaviour: Behaviour,
        bounds: Bounds,
        clock: VirtualClock,
        network: Network,
        templates: Templates,
        faults: Faults,
        deliveries: Deliveries,
        media: MediaStore,
        log: Log,
        live: Live,
    ) -> None:
        self._control = control
        self._account = account
        self._behaviour = behaviour
        self._bounds = bounds
        self._clock = clock
        self._network = network
        self._templates = templates
        self._faults = faults
        self._deliveries = deliveries
        self._media = media
        self._log = log
        self._live = live

    def routes(self) -> list[Route]:
        listed: list[tuple[str, str, Callable[[Request], Awaitable[Any]]]] = [
            ("GET", "/state", self._state),
            ("GET", "/fidelity", self._fidelity),
            ("POST", "/clock/advance", self._advance),
            ("POST", "/settled", self._settle),
            ("POST", "/account", self._change_account),
            ("POST", "/subscribe", self._subscribe),
            ("GET", "/phones", self._list_phones),
            ("POST", "/phones", self._add_phone),
            ("GET", "/phones/{key}", self._phone),
            ("POST", "/phones/{key}", self._change_phone),
            ("POST", "/phones/{key}/files", self._send_files),
            ("GET", "/phones/{key}/files/{message_id:path}", self._file),
            ("POST", "/phones/{key}/{action}", self._act),
            ("GET", "/faults", self._list_faults),
            ("POST", "/faults", self._add_fault),
            ("DELETE", "/faults", self._clear_faults),
            ("DELETE", "/faults/{fault_id}", self._remove_fault),
            ("GET", "/templates", self._list_templates),
            ("POST", "/templates", self._add_template),
            ("GET", "/log", self._show_log),
            ("DELETE", "/log", self._clear_log),
            ("GET", "/log/{number:int}/body", self._body),
            ("GET", "/events", self._events),
        ]
        return [
            Route(f"/_simulator{path}", self._answered(handler), methods=[method]) for method, path, handler in listed
        ]

    def _answered(self, handler: Callable[[Request], Awaitable[Any]]) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            try:
                found = await handler(request)
            except _NoSuch as error:
                return _problem(404, str(error))
            except (BodyTooLarge, FileTooLarge):
                return _problem(413, f"A file may have {MEDIA_BYTES_MAX} bytes.")
            except (NoRoom, TooMuchWaiting, TooManyStreams) as error:
                return _problem(503, str(error))
            except (ValueError, PhoneIsOff, MultiPartException) as error:
                return _problem(400, str(error))
            if isinstance(found, Response):
                return found
            return JSONResponse(found, headers=SAFE_HEADERS)

        return answer

    # The simulator as a whole.

    async def _state(self, _request: Request) -> Any:
        return {
            "clock": {"now_ms": self._clock.now_ms(), "ahead_s": self._clock.offset_s},
            "account": {
                "name": self._account.name,
                "display_number": self._account.display_number,
                "phone_number_id": self._account.phone_number_id,
                "account_id": self._account.account_id,
                "token_expired": self._account.token_expired,
                "callback_url": self._account.callback_url,
                "is_verified": self._deliveries.verified_url == self._account.callback_url is not None,
            },
            "phones": self._phone_views(),
            "faults": [msgspec.to_builtins(fault) for fault in self._faults.waiting],
            "waiting_webhooks": self._deliveries.waiting,
            "statuses_dropped": self._network.statuses_dropped,
        }

    async def _fidelity(self, _request: Request) -> Any:
        return {"behaviours": [msgspec.to_builtins(line) for line in REGISTER], "evidence": EVIDENCE}

    async def _advance(self, request: Request) -> Any:
        seconds = (await self._object(request)).get("seconds")
        if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds <= ADVANCE_S_MAX:
            raise ValueError(f"seconds is a number from 0 to {ADVANCE_S_MAX}.")
        await self._control.advance(seconds)
        return {"now_ms": self._clock.now_ms(), "ahead_s": self._clock.offset_s}

    async def _settle(self, _request: Request) -> Any:
        await self._control.settled()
        return {"waiting_webhooks": self._deliveries.waiting}

    async def _change_account(self, request: Request) -> Any:
        change = msgspec.convert(await self._object(request), AccountChange)
        for name in change.__struct_fields__:
            value = getattr(change, name)
            if value is not None:
                setattr(self._account, name, value)
        self._live.tell("account")
        return {"token_expired": self._account.token_expired}

    async def _subscribe(self, request: Request) -> Any:
        given = await self._object(request)
        answer = await self._control.subscribe(given.get("callback_url"), verify_token=given.get("verify_token"))
        return {"is_verified": not answer.reason, "status_code": answer.status_code, "reason": answer.reason}

    # Phones.

    async def _list_phones(self, _request: Request) -> Any:
        return {"phones": self._phone_views()}

    async def _add_phone(self, request: Request) -> Any:
        new = msgspec.convert(await self._object(request), NewPhone)
        phone = self._network.phones.add(
            new.name,
            number=new.number,
            username=new.username,
            country=new.country,
            read_receipts=new.read_receipts,
            in_contact_book=new.in_contact_book,
        )
        return self._phone_view(phone)

    async def _phone(self, request: Request) -> Any:
        phone = self._of(request)
        return {**self._phone_view(phone), "chat": [bubble_view(bubble) for bubble in phone.chat.bubbles]}

    async def _change_phone(self, request: Request) -> Any:
        phone = self._of(request)
        actions.change(phone, msgspec.convert(await self._object(request), PhoneChange))
        self._live.tell("phones")
        return self._phone_view(phone)

    async def _act(self, request: Request) -> Any:
        phone = self._of(request)
        return await actions.act(phone, request.path_params["action"], await self._object(request))

    async def _send_files(self, request: Request) -> Any:
        """A form: `file` once or more, `kind`, `caption`. Several images are a burst."""
        phone = self._of(request)
        form = await read_form(request, self._media, bytes_max=MEDIA_BYTES_MAX + 1024 * 1024)
        try:
            return {"message_ids": self._send_form(phone, form)}
        except BaseException:
            form.discard()
            raise

    def _send_form(self, phone: Phone, form: Form) -> list[str]:
        if not form.files:
            raise ValueError("There is no file in the form.")
        kind = form.fields.get("kind", "document")
        if kind not in _SENT_KINDS:
            raise ValueError(f"Nothing is sent as {kind!r}; there are {', '.join(_SENT_KINDS)}.")
        caption = form.fields.get("caption") or None
        if kind == "image":
            images = [(part.stored, _type_of(part)) for part in form.files]
            return phone.send_stored_images(images, caption=caption)
        return [phone.send_stored(part.stored, _sent_file(part, kind, caption)).id for part in form.files]

    async def _file(self, request: Request) -> Response:
        bubble = self._of(request).chat.find(request.path_params["message_id"])
        file = bubble.file if bubble is not None else None
        if file is None or file.stored is None or not await asyncio.to_thread(file.stored.path.exists):
            raise _NoSuch("There is no such file on this phone.")
        inline = file.mime_type in _SHOWN_INLINE
        name = quote(file.filename or f"{file.kind}.bin", safe="")
        headers = {
            **SAFE_HEADERS,
            "Content-Security-Policy": "default-src 'none'; sandbox",
            "Content-Disposition": f"{'inline' if inline else 'attachment'}; filename*=UTF-8''{name}",
            "Content-Length": str(file.stored.size_bytes),
        }
        # Not as an open file: whoever is interrupted while it is opened leaves it open.
        return StreamingResponse(
            file.stored.pieces(), media_type=file.mime_type if inline else "application/octet-stream", headers=headers
        )

    # Faults and templates.

    async def _list_faults(self, _request: Request) -> Any:
        return {
            "faults": [msgspec.to_builtins(fault) for fault in self._faults.waiting],
            "kinds": [
                {"kind": kind, "meaning": meaning.words, "fields": [*meaning.fields, "times", "skip"]}
                for kind, meaning in MEANINGS.items()
            ],
            "codes": [{"code": code, "title": known.title} for code, known in sorted(ERROR_CODES.items())],
        }

    async def _add_fault(self, request: Request) -> Any:
        return msgspec.to_builtins(self._faults.add(msgspec.convert(await self._object(request), Fault)))

    async def _remove_fault(self, request: Request) -> Any:
        if not self._faults.remove(request.path_params["fault_id"]):
            raise _NoSuch("There is no such fault; it may have happened.")
        return {"removed": True}

    async def _clear_faults(self, _request: Request) -> Any:
        self._faults.clear()
        return {"removed": True}

    async def _list_templates(self, _request: Request) -> Any:
        return {"templates": [msgspec.to_builtins(template) for template in self._templates]}

    async def _add_template(self, request: Request) -> Any:
        template = msgspec.convert(await self._object(request), Template)
        self._templates.add(template)
        return msgspec.to_builtins(template)

    # The log.

    async def _show_log(self, _request: Request) -> Any:
        calls = [call_view(call) for call in self._log.calls[-_LOG_SHOWN:]]
        attempts = [attempt_view(attempt) for attempt in self._log.attempts[-_LOG_SHOWN:]]
        return {"calls": calls, "attempts": attempts}

    async def _clear_log(self, _request: Request) -> Any:
        self._log.clear()
        return {"removed": True}

    async def _body(self, request: Request) -> Response:
        number = request.path_params["number"]
        attempt = next((one for one in self._log.attempts if one.number == number), None)
        if attempt is None or attempt.body is None:
            raise _NoSuch("The log does not hold that body any more.")
        return Response(attempt.body, media_type="application/json", headers=SAFE_HEADERS)

    async def _events(self, _request: Request) -> Response:
        stream = self._live.listen()
        first = await anext(stream)

        async def told() -> AsyncGenerator[bytes]:
            yield first
            async for event in stream:
                yield event

        return StreamingResponse(told(), media_type="text/event-stream", headers=SAFE_HEADERS)

    # Inside.

    async def _object(self, request: Request) -> dict[str, Any]:
        value = await read_json(request, self._bounds.json_bytes)
        if not isinstance(value, dict):
            raise ValueError("The body must be a JSON object.")
        return cast("dict[str, Any]", value)

    def _of(self, request: Request) -> Phone:
        phone = self._network.phones.get(request.path_params["key"])
        if phone is None:
            raise _NoSuch("There is no such phone.")
        return phone

    def _phone_view(self, phone: Phone) -> dict[str, Any]:
        return phone_view(phone, now_ms=self._clock.now_ms(), window_ms=round(self._behaviour.window_s * 1000))

    def _phone_views(self) -> list[dict[str, Any]]:
        return [self._phone_view(phone) for phone in self._network.phones]


def _sent_file(part: FilePart, kind: str, caption: str | None) -> SentFile:
    return SentFile(
        kind="audio" if kind == "voice" else kind,
        mime_type="audio/ogg; codecs=opus" if kind == "voice" else _type_of(part),
        filename=part.filename if kind == "document" else None,
        caption=caption,
        is_voice=kind == "voice",
    )


def _type_of(part: FilePart) -> str:
    guessed, _ = mimetypes.guess_type(part.filename or "")
    return part.mime_type or guessed or "application/octet-stream"


class _NoSuch(Exception):
    """Becomes 404."""


def _problem(status_code: int, words: str) -> Response:
    return JSONResponse({"error": words}, status_code=status_code, headers=SAFE_HEADERS)
