"""The error tree. Every error has a stable code, an HTTP status and a sentence that says what to do.

WipsieError
├── InvalidInput                 VALIDATION_ERROR           422   a field is missing or wrong
│   ├── MalformedRequest         MALFORMED_REQUEST          400   what came is no HTTP
│   ├── InvalidJson              INVALID_JSON               400   the body is not JSON
│   ├── InvalidMessageContents   INVALID_MESSAGE_CONTENTS   400   the text holds characters a message cannot carry
│   ├── InvalidEmail             INVALID_EMAIL              400   details name every field of the e-mail that is wrong
│   ├── InvalidReceipt           RECEIPT_HANDLE_INVALID     400   the receipt was never ours
│   └── CursorMismatch           CURSOR_MISMATCH            400   the cursor is not of this list, filter and order
├── Unauthorized                 UNAUTHORIZED               401   nobody is signed in, or the credentials are worth nothing
│   └── LoginFailed              LOGIN_FAILED               401   e-mail or password is wrong; which, is not said
├── MessageTooLarge              MESSAGE_TOO_LARGE          413
├── RequestTooLarge              REQUEST_TOO_LARGE          413
├── NotFound                     NOT_FOUND                  404
│   └── QueueNotFound            QUEUE_NOT_FOUND            404
├── MethodNotAllowed             METHOD_NOT_ALLOWED         405
├── RequestTimeout               REQUEST_TIMEOUT            408   the request did not come to its end
├── UnsupportedMediaType         UNSUPPORTED_MEDIA_TYPE     415   the body is of a type this route does not read
├── Conflict                     CONFLICT                   409
│   ├── QueueExists              QUEUE_EXISTS               409   same name, other settings
│   ├── ReceiptExpired           RECEIPT_HANDLE_EXPIRED     409   delivered again since, or already deleted
│   ├── IdempotencyKeyReused     IDEMPOTENCY_KEY_REUSED     409   same key, other body
│   └── IllegalTransition        ILLEGAL_TRANSITION         409   not from this state; details name the legal ones
├── PreconditionFailed           PRECONDITION_FAILED        412   changed since it was read; details hold it as it is now
├── PreconditionRequired         PRECONDITION_REQUIRED      428   If-Match is missing
├── Forbidden                    FORBIDDEN                  403   this role or key may not
│   ├── HostNotAllowed           HOST_NOT_ALLOWED           403   Host header is not a loopback name
│   ├── OriginNotAllowed         ORIGIN_NOT_ALLOWED         403   a page of another origin asks for a change
│   └── RegistrationClosed       REGISTRATION_CLOSED        403   accounts are made by invitation, or by admins alone
├── NotSupported                 NOT_SUPPORTED              501   this backend declares it cannot
├── TooManyRequests              RATE_LIMITED               429   with Retry-After
│   ├── QueueFull                QUEUE_FULL                 429   with Retry-After
│   └── LoginThrottled           LOGIN_THROTTLED            429   too many failed logins; with Retry-After
├── Unavailable                  SERVICE_UNAVAILABLE        503   with Retry-After
│   ├── StorageUnavailable       STORAGE_UNAVAILABLE        503   the store cannot write now; nothing was accepted
│   └── ShuttingDown             SHUTTING_DOWN              503
├── ConfigurationError           CONFIGURATION_ERROR        500   a setting is wrong; the message names it
└── InternalError                INTERNAL_ERROR             500   ours; the log has the request id
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar


class WipsieError(Exception):
    """Base of every error Wipsie shows. `message` is one sentence for a person, `details` are facts for a program."""

    code: ClassVar[str] = "INTERNAL_ERROR"
    status: ClassVar[int] = 500

    def __init__(
        self, message: str, *, details: Mapping[str, Any] | None = None, retry_after_s: float | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.details: dict[str, Any] = dict(details or {})
        self.retry_after_s = retry_after_s


class InvalidInput(WipsieError):
    code = "VALIDATION_ERROR"
    status = 422


class MalformedRequest(InvalidInput):
    code = "MALFORMED_REQUEST"
    status = 400


class InvalidJson(InvalidInput):
    code = "INVALID_JSON"
    status = 400


class InvalidMessageContents(InvalidInput):
    code = "INVALID_MESSAGE_CONTENTS"
    status = 400


class InvalidEmail(InvalidInput):
    code = "INVALID_EMAIL"
    status = 400


class InvalidReceipt(InvalidInput):
    code = "RECEIPT_HANDLE_INVALID"
    status = 400


class CursorMismatch(InvalidInput):
    code = "CURSOR_MISMATCH"
    status = 400


class Unauthorized(WipsieError):
    code = "UNAUTHORIZED"
    status = 401


class LoginFailed(Unauthorized):
    code = "LOGIN_FAILED"


class MessageTooLarge(WipsieError):
    code = "MESSAGE_TOO_LARGE"
    status = 413


class RequestTooLarge(WipsieError):
    code = "REQUEST_TOO_LARGE"
    status = 413


class RequestTimeout(WipsieError):
    code = "REQUEST_TIMEOUT"
    status = 408


class NotFound(WipsieError):
    code = "NOT_FOUND"
    status = 404


class QueueNotFound(NotFound):
    code = "QUEUE_NOT_FOUND"


class MethodNotAllowed(WipsieError):
    code = "METHOD_NOT_ALLOWED"
    status = 405


class UnsupportedMediaType(WipsieError):
    code = "UNSUPPORTED_MEDIA_TYPE"
    status = 415


class Conflict(WipsieError):
    code = "CONFLICT"
    status = 409


class QueueExists(Conflict):
    code = "QUEUE_EXISTS"


class ReceiptExpired(Conflict):
    code = "RECEIPT_HANDLE_EXPIRED"


class IdempotencyKeyReused(Conflict):
    code = "IDEMPOTENCY_KEY_REUSED"


class IllegalTransition(Conflict):
    code = "ILLEGAL_TRANSITION"


class PreconditionFailed(WipsieError):
    code = "PRECONDITION_FAILED"
    status = 412


class PreconditionRequired(WipsieError):
    code = "PRECONDITION_REQUIRED"
    status = 428


class Forbidden(WipsieError):
    code = "FORBIDDEN"
    status = 403


class HostNotAllowed(Forbidden):
    code = "HOST_NOT_ALLOWED"


class OriginNotAllowed(Forbidden):
    code = "ORIGIN_NOT_ALLOWED"


class RegistrationClosed(Forbidden):
    code = "REGISTRATION_CLOSED"


class NotSupported(WipsieError):
    code = "NOT_SUPPORTED"
    status = 501


class TooManyRequests(WipsieError):
    code = "RATE_LIMITED"
    status = 429


class QueueFull(TooManyRequests):
    code = "QUEUE_FULL"


class LoginThrottled(TooManyRequests):
    code = "LOGIN_THROTTLED"


class Unavailable(WipsieError):
    code = "SERVICE_UNAVAILABLE"
    status = 503


class StorageUnavailable(Unavailable):
    code = "STORAGE_UNAVAILABLE"


class ShuttingDown(Unavailable):
    code = "SHUTTING_DOWN"


class ConfigurationError(WipsieError):
    code = "CONFIGURATION_ERROR"


class InternalError(WipsieError):
    code = "INTERNAL_ERROR"
