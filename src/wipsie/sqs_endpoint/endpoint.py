"""The endpoint: an ASGI application that reads a request, lets the action run, and answers in the protocol it came in."""

from __future__ import annotations

import math

from starlette.types import Receive, Scope, Send

from wipsie.auth.signing_keys import SigningKeys
from wipsie.database.shared_store import SharedStore
from wipsie.kernel.errors import Unavailable, WipsieError
from wipsie.kernel.ids import new_uuid
from wipsie.queue.engine import QueueEngine
from wipsie.sqs_endpoint.access import LIST_QUEUES, OPEN_ACCESS, Access, KeyAccess, named_queue
from wipsie.sqs_endpoint.caller import Caller
from wipsie.sqs_endpoint.errors import ACCESS_DENIED, INTERNAL, SqsError, translate
from wipsie.sqs_endpoint.known_queues import KnownQueues
from wipsie.sqs_endpoint.moves.runner import MoveTasks
from wipsie.sqs_endpoint.operation import Call, Means
from wipsie.sqs_endpoint.protocols.json_protocol import JsonProtocol
from wipsie.sqs_endpoint.protocols.peek_protocol import PeekProtocol
from wipsie.sqs_endpoint.protocols.protocol import Answer, WireProtocol
from wipsie.sqs_endpoint.protocols.query_protocol import QueryProtocol
from wipsie.sqs_endpoint.recognising import PEEK_PATH, is_for_sqs, is_peek_path
from wipsie.sqs_endpoint.request_body import ClientGone, read_body
from wipsie.sqs_endpoint.signatures import SignatureVerifier
from wipsie.sqs_endpoint.strictness import Strictness
from wipsie.telemetry import correlation
from wipsie.telemetry.logging import get_logger

_log = get_logger(__name__)
_JSON = b"application/x-amz-json"
_REPEAT_S = 10.0
"""While a store is away every request is refused: a line for each would bury all others in the log."""
OTHER = "AmazonSQS"
"""What a request is called in metrics whose action is none."""


class SqsEndpoint:
    """Amazon SQS over the queues of one engine."""

    def __init__(
        self,
        engine: QueueEngine,
        *,
        moves: MoveTasks,
        shared: SharedStore,
        is_open: bool,
        signing_keys: SigningKeys | None = None,
        strictness: Strictness | None = None,
    ) -> None:
        """`is_open`: whoever reaches it may use it, with any credentials. Otherwise requests have to be signed with one of
        `signing_keys`; without these everybody is refused. `moves` and `shared` are started and stopped by their owner."""
        self._engine = engine
        self._means = Means(engine, KnownQueues(engine), moves, shared, strictness)
        self._is_open = is_open
        self._signing_keys = signing_keys
        self._verifier = None if signing_keys is None else SignatureVerifier(signing_keys.find, engine.clock)
        self._told_at = -_REPEAT_S
        self._json: WireProtocol = JsonProtocol()
        self._query: WireProtocol = QueryProtocol()
        self._peek = PeekProtocol()

    def takes(self, scope: Scope, amz_target: bytes | None) -> bool:
        """Whether a request on a shared port is for Amazon SQS."""
        return is_for_sqs(scope, amz_target)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request. The action it asked for is left in the scope as `operation`."""
        protocol = self._protocol_of(scope)
        request_id = correlation.request_id() or new_uuid()
        scope["operation"] = OTHER
        try:
            body = await read_body(receive)
            caller = Caller(scope)
            access = OPEN_ACCESS if self._is_open else await self._access(scope, body, caller)
            operation, given = protocol.read(scope, body)
            scope["operation"] = f"{OTHER}.{operation.name}"
            if access is not OPEN_ACCESS and operation.name != LIST_QUEUES:
                # The list shows what there is for whoever asks; all else is about one queue.
                access.check(operation.name, named_queue(given))
            call = Call(self._means, caller, receive, access)
            answer = protocol.write(operation, await operation.run(call, given), request_id)
        except ClientGone:
            return
        except Exception as error:
            answer = self._refused(protocol, error, request_id, str(scope["operation"]))
        await _send(answer, send)

    async def refuse(self, error: WipsieError, scope: Scope, receive: Receive, send: Send) -> None:
        """Tell a client, in its protocol, that it was not let in."""
        protocol = self._protocol_of(scope)
        request_id = correlation.request_id() or new_uuid()
        try:
            await read_body(receive)
        except SqsError:
            # Read only so that the answer is seen.
            pass
        except ClientGone:
            return
        await _send(self._refused(protocol, error, request_id, OTHER), send)

    async def _access(self, scope: Scope, body: bytes, caller: Caller) -> Access:
        """What the key allows that signed a request. SqsError."""
        if self._verifier is None or self._signing_keys is None:
            raise SqsError(ACCESS_DENIED, "Amazon SQS is served here only to programs on the machine Wipsie runs on.")
        key = await self._verifier.verify(scope, body)
        self._signing_keys.note_used(key)
        return KeyAccess(key, caller)

    def _protocol_of(self, scope: Scope) -> WireProtocol:
        if scope["path"].startswith(PEEK_PATH) and is_peek_path(scope["path"]):
            return self._peek.of(scope)
        protocol = self._query
        for name, value in scope["headers"]:
            # A target is signed where signatures are, which the type of the content need not be: it decides.
            if name == b"x-amz-target" or (name == b"content-type" and value.lower().startswith(_JSON)):
                protocol = self._json
        return protocol

    def _refused(self, protocol: WireProtocol, error: Exception, request_id: str, action: str) -> Answer:
        known = translate(error)
        if known is None:
            _log.error("sqs_request_failed", action=action, exc_info=error)
            known = SqsError(INTERNAL, "Something went wrong on our side; the log has it under the id of this request.")
        elif isinstance(error, Unavailable):
            self._tell_of_refusal(action, known)
        answer = protocol.write_error(known, request_id)
        if known.retry_after_s is not None:
            answer.headers.append((b"retry-after", str(max(1, math.ceil(known.retry_after_s))).encode()))
        return answer

    def _tell_of_refusal(self, action: str, error: SqsError) -> None:
        now = self._engine.clock.monotonic()
        if now - self._told_at >= _REPEAT_S:
            self._told_at = now
            _log.warning("sqs_request_refused", action=action, reason=error.message)


async def _send(answer: Answer, send: Send) -> None:
    body = answer.body
    answer.headers.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
    await send({"type": "http.response.body", "body": body})
