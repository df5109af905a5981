"""AWS JSON 1.0: the action in `X-Amz-Target`, members as JSON, errors by shape, with the legacy code in a header."""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.types import Scope

from wipsie.sqs_endpoint.actions.table import OPERATIONS, find_operation
from wipsie.sqs_endpoint.errors import SERIALIZATION, UNKNOWN_OPERATION, SqsError
from wipsie.sqs_endpoint.operation import Input, Operation, Output
from wipsie.sqs_endpoint.protocols.protocol import Answer, Headers, Request
from wipsie.sqs_endpoint.recognising import TARGET, is_queue_path

_CONTENT_TYPE = (b"content-type", b"application/x-amz-json-1.0")
_encode = msgspec.json.Encoder().encode


class JsonProtocol:
    """The protocol of newer SDKs."""

    def __init__(self) -> None:
        # Numbers may come as text: some clients are less strict than the model of the service.
        self._decoders: dict[str, msgspec.json.Decoder[Any]] = {
            name: msgspec.json.Decoder(one.input, strict=False) for name, one in OPERATIONS.items()
        }

    def read(self, scope: Scope, body: bytes) -> Request:
        operation = find_operation(_action(scope))
        try:
            given: Input = self._decoders[operation.name].decode(body or b"{}")
        except msgspec.ValidationError as error:
            raise SqsError(SERIALIZATION, f"The request does not fit {operation.name}: {error}") from None
        except (msgspec.MsgspecError, ValueError, RecursionError):
            raise SqsError(SERIALIZATION, "The request is not valid JSON.") from None
        # Some clients post to the URL of the queue and leave it out of the body.
        if getattr(given, "queue_url", "") is None and is_queue_path(scope["path"]):
            given = msgspec.structs.replace(given, queue_url=scope["path"])
        return Request(operation, given)

    def write(self, operation: Operation, output: Output, request_id: str) -> Answer:
        return Answer(200, _headers(request_id), _encode(output))

    def write_error(self, error: SqsError, request_id: str) -> Answer:
        kind = error.kind
        headers = _headers(request_id)
        fault = "Sender" if kind.is_sender else "Receiver"
        headers.append((b"x-amzn-query-error", f"{kind.code};{fault}".encode()))
        body = {"__type": f"{kind.namespace}#{kind.shape}", "message": error.message}
        return Answer(kind.status, headers, _encode(body))


def _headers(request_id: str) -> Headers:
    return [_CONTENT_TYPE, (b"x-amzn-requestid", request_id.encode())]


def _action(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"x-amz-target":
            if not value.startswith(TARGET):
                break
            return value[len(TARGET) :].decode("latin-1")
    raise SqsError(UNKNOWN_OPERATION, "The header X-Amz-Target has to name an action of AmazonSQS.")
