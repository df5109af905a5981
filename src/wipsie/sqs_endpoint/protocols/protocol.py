"""What a wire protocol has to do."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from starlette.types import Scope

from wipsie.sqs_endpoint.errors import SqsError
from wipsie.sqs_endpoint.operation import Input, Operation, Output

Headers = list[tuple[bytes, bytes]]


class Request(NamedTuple):
    """What somebody asks for."""

    operation: Operation
    given: Input


class Answer(NamedTuple):
    """What they are told."""

    status: int
    headers: Headers
    body: bytes


class WireProtocol(Protocol):
    """One form of requests and answers."""

    def read(self, scope: Scope, body: bytes) -> Request:
        """What is asked for. SqsError when it cannot be made out."""
        ...

    def write(self, operation: Operation, output: Output, request_id: str) -> Answer:
        """The answer to an operation."""
        ...

    def write_error(self, error: SqsError, request_id: str) -> Answer:
        """The answer when something was refused."""
        ...
