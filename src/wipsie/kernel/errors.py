"""The error tree. Every error has a stable code, an HTTP status and a sentence that says what to do.

WipsieError
├── InvalidInput                 VALIDATION_ERROR           422   a field is missing or wrong
│   ├── InvalidJson              INVALID_JSON               400   the body is not JSON
│   ├── InvalidMessageContents   INVALID_MESSAGE_CONTENTS   400   the text holds characters a message cannot carry
│   └── InvalidReceipt           RECEIPT_HANDLE_INVALID     400   the receipt was never ours
├── MessageTooLarge              MESSAGE_TOO_LARGE          413
├── RequestTooLarge              REQUEST_TOO_LARGE          413
├── NotFound                     NOT_FOUND                  404
│   └── QueueNotFound            QUEUE_NOT_FOUND            404
├── MethodNotAllowed             METHOD_NOT_ALLOWED         405
├── Conflict                     CONFLICT                   409
│   ├── QueueExists              QUEUE_EXISTS               409   same name, other settings
│   ├── ReceiptExpired           RECEIPT_HANDLE_EXPIRED     409   delivered again since, or already deleted
│   └── IdempotencyKeyReused     IDEMPOTENCY_KEY_REUSED     409   same key, other body
├── Forbidden                    FORBIDDEN                  403
│   └── HostNotAllowed           HOST_NOT_ALLOWED           403   Host header is not a loopback name
├── NotSupported                 NOT_SUPPORTED              501   this backend declares it cannot
├── TooManyRequests              RATE_LIMITED               429   with Retry-After
│   └── QueueFull                QUEUE_FULL                 429   with Retry-After
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


class InvalidJson(InvalidInput):
    code = "INVALID_JSON"
    status = 400


class InvalidMessageContents(InvalidInput):
    code = "INVALID_MESSAGE_CONTENTS"
    status = 400


class InvalidReceipt(InvalidInput):
    code = "RECEIPT_HANDLE_INVALID"
    status = 400


class MessageTooLarge(WipsieError):
    code = "MESSAGE_TOO_LARGE"
    status = 413


class RequestTooLarge(WipsieError):
    code = "REQUEST_TOO_LARGE"
    status = 413


class NotFound(WipsieError):
    code = "NOT_FOUND"
    status = 404


class QueueNotFound(NotFound):
    code = "QUEUE_NOT_FOUND"


class MethodNotAllowed(WipsieError):
    code = "METHOD_NOT_ALLOWED"
    status = 405


class Conflict(WipsieError):
    code = "CONFLICT"
    status = 409


class QueueExists(Conflict):
    code = "QUEUE_EXISTS"


class ReceiptExpired(Conflict):
    code = "RECEIPT_HANDLE_EXPIRED"


class IdempotencyKeyReused(Conflict):
    code = "IDEMPOTENCY_KEY_REUSED"


class Forbidden(WipsieError):
    code = "FORBIDDEN"
    status = 403


class HostNotAllowed(Forbidden):
    code = "HOST_NOT_ALLOWED"


class NotSupported(WipsieError):
    code = "NOT_SUPPORTED"
    status = 501


class TooManyRequests(WipsieError):
    code = "RATE_LIMITED"
    status = 429


class QueueFull(TooManyRequests):
    code = "QUEUE_FULL"


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
