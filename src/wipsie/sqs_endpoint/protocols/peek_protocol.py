"""How messages are looked at: `GET /_aws/sqs/messages?QueueUrl=…`, the path that tools for local queues know.

The queue may stand in the path as well, after a region and an account; and an SDK whose endpoint URL is that path looks with
`ReceiveMessage`. Answers come in the form of that action: XML, JSON where `Accept` asks for it, or the JSON protocol of an SDK.
"""

from __future__ import annotations

from typing import Any, cast

import msgspec
from starlette.types import Scope

from wipsie.sqs_endpoint.actions.peek_messages import PEEK, PeekInput
from wipsie.sqs_endpoint.errors import INVALID_PARAMETER, INVALID_REQUEST, SERIALIZATION, SqsError, queue_does_not_exist
from wipsie.sqs_endpoint.operation import Operation, Output
from wipsie.sqs_endpoint.protocols.json_protocol import JsonProtocol
from wipsie.sqs_endpoint.protocols.protocol import Answer, Headers, Request, WireProtocol
from wipsie.sqs_endpoint.protocols.query_protocol import QueryProtocol, read_fields
from wipsie.sqs_endpoint.recognising import PEEK_PATH, TARGET

_JSON = b"application/x-amz-json"
_ACTION = "ReceiveMessage"
_encode = msgspec.json.Encoder().encode


class PeekProtocol:
    """Reads what to look at, and lets another protocol write the answer."""

    def __init__(self) -> None:
        self._json: WireProtocol = JsonProtocol()
        self._xml: WireProtocol = QueryProtocol()
        self._plain_json: WireProtocol = PlainJsonProtocol()

    def of(self, scope: Scope) -> WireProtocol:
        """The protocol for one request."""
        headers: Headers = scope["headers"]
        content_type = next((value for name, value in headers if name == b"content-type"), b"").lower()
        if content_type.startswith(_JSON):
            return _Peek(self._json)
        accepted = next((value for name, value in headers if name == b"accept"), b"").lower()
        return _Peek(self._plain_json if b"json" in accepted else self._xml)


class _Peek:
    def __init__(self, form: WireProtocol) -> None:
        self._form = form
        self.write = form.write
        self.write_error = form.write_error

    def read(self, scope: Scope, body: bytes) -> Request:
        members = self._members(scope, body)
        at_queue = _queue_in_path(scope["path"])
        if at_queue is not None:
            members["QueueUrl"] = at_queue
        elif not members.get("QueueUrl"):
            raise queue_does_not_exist()
        try:
            given = msgspec.convert(members, PeekInput, strict=False)
        except msgspec.ValidationError as error:
            raise SqsError(INVALID_PARAMETER, f"The request does not fit: {error}") from None
        return Request(PEEK, given)

    def _members(self, scope: Scope, body: bytes) -> dict[str, Any]:
        target = next((value for name, value in scope["headers"] if name == b"x-amz-target"), b"")
        if target:
            action = target.removeprefix(TARGET).decode("latin-1")
            members = _read_json(body)
        else:
            members = cast("dict[str, Any]", dict([*read_fields(scope["query_string"]), *read_fields(body)]))
            action = str(members.get("Action", _ACTION))
            for name in ("ShowInvisible", "ShowDelayed"):
                if isinstance(members.get(name), str):
                    members[name] = members[name].lower()
        if action != _ACTION:
            raise SqsError(INVALID_REQUEST, f"Here messages are looked at: {_ACTION} is the only action.")
        return members


class PlainJsonProtocol(QueryProtocol):
    """The XML of the Query protocol, said in JSON. Lists are lists, also of one."""

    def write(self, operation: Operation, output: Output, request_id: str) -> Answer:
        name = operation.name
        result = {"Message": [_plain(message) for message in output.get("Messages", ())]}
        if "NextToken" in output:
            result["NextToken"] = output["NextToken"]
        body = {
            f"{name}Response": {f"{name}Result": result, "ResponseMetadata": {"RequestId": request_id}},
        }
        return Answer(200, _headers(request_id), _encode(body))

    def write_error(self, error: SqsError, request_id: str) -> Answer:
        kind = error.kind
        told = {"Type": "Sender" if kind.is_sender else "Receiver", "Code": kind.code, "Message": error.message}
        body = {"ErrorResponse": {"Error": told, "RequestId": request_id}}
        return Answer(kind.status, _headers(request_id), _encode(body))


def _plain(message: dict[str, Any]) -> dict[str, Any]:
    plain = {name: value for name, value in message.items() if name not in ("Attributes", "MessageAttributes")}
    plain["Attribute"] = _pairs(message["Attributes"])
    if "MessageAttributes" in message:
        plain["MessageAttribute"] = _pairs(message["MessageAttributes"])
    return plain


def _pairs(members: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"Name": name, "Value": value} for name, value in members.items()]


def _headers(request_id: str) -> Headers:
    return [(b"content-type", b"application/json"), (b"x-amzn-requestid", request_id.encode())]


def _queue_in_path(path: str) -> str | None:
    """The queue of ``…/<region>/<account>/<queue>``."""
    parts = path.removeprefix(PEEK_PATH).strip("/").split("/")
    return parts[2] if len(parts) == 3 else None


def _read_json(body: bytes) -> dict[str, Any]:
    try:
        return msgspec.json.decode(body or b"{}", type=dict[str, Any])
    except (msgspec.MsgspecError, ValueError, RecursionError):
        raise SqsError(SERIALIZATION, "The request is not a JSON object.") from None
