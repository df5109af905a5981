"""JSON in and out of endpoints with msgspec; a wrong body becomes a sentence that names the field."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from wipsie.kernel import json
from wipsie.kernel.errors import InvalidInput, InvalidJson

ValueT = TypeVar("ValueT")

JSON_TYPE = "application/json"
_JSON_TYPE_HEADER = (b"content-type", b"application/json")

# msgspec writes "Expected `int`, got `str` - at `$.data.size`".
_AT_PATH = re.compile(r"^(?P<problem>.*?)(?: - at `(?P<path>[^`]*)`)?$", re.DOTALL)
_MISSING = re.compile(r"Object missing required field `(?P<name>[^`]+)`")
_UNKNOWN = re.compile(r"Object contains unknown field `(?P<name>[^`]+)`")


class JsonResponse(Response):
    """A response of JSON bytes that are ready already; a third of the cost of Starlette's own."""

    media_type = JSON_TYPE

    def __init__(self, body: bytes, status: int = 200, headers: Mapping[str, str] | None = None) -> None:
        self.status_code = status
        self.body = body
        self.background = None
        self.raw_headers = [(b"content-length", b"%d" % len(body)), _JSON_TYPE_HEADER]
        if headers:
            self.raw_headers.extend(
                (name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()
            )


def json_response(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Answer with a value msgspec can write: structs, dictionaries, lists, datetimes, ids."""
    return JsonResponse(json.encode(value), status, headers)


async def read_body(request: Request) -> bytes:
    """The whole body; the body limit has bounded it. To be called once per request. ClientDisconnect when the client left."""
    chunks: list[bytes] = []
    while True:
        message = await request.receive()
        if message["type"] != "http.request":
            raise ClientDisconnect
        chunk: bytes = message.get("body", b"")
        if not message.get("more_body", False):
            return chunk if not chunks else b"".join((*chunks, chunk))
        chunks.append(chunk)


def invalid_field(error: msgspec.ValidationError) -> InvalidInput:
    """What msgspec found, as a sentence and as `details.field` and `details.problem`."""
    match = _AT_PATH.match(str(error))
    problem, path = (match["problem"], match["path"]) if match else (str(error), None)
    field = (path or "$").removeprefix("$").removeprefix(".")
    if missing := _MISSING.match(problem):
        field, problem = _join(field, missing["name"]), "is required"
        message = f"Field '{field}' is missing."
    elif unknown := _UNKNOWN.match(problem):
        field, problem = _join(field, unknown["name"]), "is unknown"
        message = f"Field '{field}' is unknown; remove it or correct its name."
    else:
        problem = problem.replace("`", "")
        problem = problem[:1].lower() + problem[1:]
        message = f"Field '{field}' is wrong: {problem}." if field else f"The body is wrong: {problem}."
    return InvalidInput(
        message,
        details={
            "field": field or "body",
            "problem": problem,
            "errors": [{"location": _join("body", field), "message": problem}],
        },
    )


def _join(parent: str, name: str) -> str:
    if not parent or not name:
        return parent or name
    return f"{parent}{name}" if name.startswith("[") else f"{parent}.{name}"


def parse_json(body: bytes, decoder: msgspec.json.Decoder[ValueT]) -> ValueT:
    """The body as the decoder's type. InvalidJson when it is not JSON, InvalidInput when a field is missing or wrong."""
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        raise invalid_field(error) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        if not body.strip():
            raise InvalidJson("The body is empty; send a JSON object.", details={"problem": "empty body"}) from None
        raise InvalidJson(
            f"The body is not valid JSON: {str(error).removeprefix('JSON is malformed: ')}. Correct it and send it again.",
            details={"problem": str(error)},
        ) from None
    except RecursionError:
        raise InvalidJson(
            "The JSON of the body is nested too deeply; flatten it.", details={"problem": "nested too deeply"}
        ) from None


async def read_json(request: Request, decoder: msgspec.json.Decoder[ValueT]) -> ValueT:
    """`parse_json` of the request's body."""
    return parse_json(await read_body(request), decoder)
