"""The Query protocol: the action and its members as form fields or in the query string, answers in XML."""

from __future__ import annotations

from urllib.parse import parse_qsl

import msgspec
from starlette.types import Scope

from wipsie.sqs_endpoint.actions.table import find_operation
from wipsie.sqs_endpoint.errors import (
    INVALID_ACTION,
    INVALID_PARAMETER,
    MALFORMED_QUERY,
    QUEUE_DOES_NOT_EXIST,
    UNKNOWN_OPERATION,
    SqsError,
)
from wipsie.sqs_endpoint.operation import Input, Operation, Output
from wipsie.sqs_endpoint.protocols.protocol import Answer, Headers, Request
from wipsie.sqs_endpoint.protocols.query_fields import read_members
from wipsie.sqs_endpoint.protocols.xml_writer import escape, write_members
from wipsie.sqs_endpoint.recognising import is_queue_path

VERSION = "2012-11-05"
_NAMESPACE = f"http://queue.amazonaws.com/doc/{VERSION}/"
_FIELDS_MAX = 2000
_OF_NO_QUEUE = ("ListQueues", "CreateQueue")


class QueryProtocol:
    """The protocol of older SDKs, scripts and `curl`."""

    def read(self, scope: Scope, body: bytes) -> Request:
        fields = [*read_fields(scope["query_string"]), *read_fields(body)]
        action = next((value for name, value in fields if name == "Action"), "")
        at_queue = is_queue_path(scope["path"])
        if not action:
            raise SqsError(UNKNOWN_OPERATION, "The request names no Action.")
        if at_queue and scope["method"] == "GET" and action in _OF_NO_QUEUE:
            raise SqsError(INVALID_ACTION, f"The action {action} is not valid for this endpoint.")
        operation = find_operation(action)
        version = next((value for name, value in fields if name == "Version"), VERSION)
        if version != VERSION:
            raise SqsError(INVALID_PARAMETER, f"The Version has to be {VERSION}.")
        members = read_members((name, value) for name, value in fields if not name.startswith("X-Amz-"))
        if at_queue:
            members.setdefault("QueueUrl", scope["path"])
        try:
            given: Input = msgspec.convert(members, operation.input, strict=False)
        except msgspec.ValidationError as error:
            raise SqsError(INVALID_PARAMETER, f"The request does not fit {operation.name}: {error}") from None
        return Request(operation, given)

    def write(self, operation: Operation, output: Output, request_id: str) -> Answer:
        name = operation.name
        result = f"<{name}Result>{write_members(name, output)}</{name}Result>" if operation.has_result else ""
        text = (
            f'<?xml version="1.0"?><{name}Response xmlns="{_NAMESPACE}">{result}'
            f"<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata></{name}Response>"
        )
        return Answer(200, _headers(request_id), text.encode())

    def write_error(self, error: SqsError, request_id: str) -> Answer:
        kind = error.kind
        message = error.message
        if kind is QUEUE_DOES_NOT_EXIST:
            message = message.removesuffix(".") + " for this wsdl version."
        text = (
            f'<?xml version="1.0"?><ErrorResponse xmlns="{_NAMESPACE}"><Error>'
            f"<Type>{'Sender' if kind.is_sender else 'Receiver'}</Type><Code>{kind.code}</Code>"
            f"<Message>{escape(message)}</Message><Detail/></Error><RequestId>{request_id}</RequestId></ErrorResponse>"
        )
        return Answer(kind.status, _headers(request_id), text.encode())


def _headers(request_id: str) -> Headers:
    return [(b"content-type", b"text/xml"), (b"x-amzn-requestid", request_id.encode())]


def read_fields(text: bytes) -> list[tuple[str, str]]:
    """Fields of a form or a query string. SqsError."""
    if not text:
        return []
    try:
        return parse_qsl(text.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=_FIELDS_MAX)
    except ValueError:
        raise SqsError(
            MALFORMED_QUERY, f"The request is not a form of UTF-8 text with up to {_FIELDS_MAX} fields."
        ) from None
