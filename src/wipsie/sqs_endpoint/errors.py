"""Errors as clients of Amazon SQS know them, in one table, and which of ours becomes which of theirs.

Each has a shape (the typed exception of newer SDKs), a legacy code (what older SDKs and much code compare) and a status.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from wipsie.kernel.errors import (
    Forbidden,
    InvalidInput,
    InvalidMessageContents,
    InvalidReceipt,
    MessageTooLarge,
    NotSupported,
    QueueExists,
    QueueNotFound,
    ReceiptExpired,
    RequestTooLarge,
    TooManyRequests,
    Unavailable,
    WipsieError,
)


class ErrorKind(NamedTuple):
    """One row of the table."""

    shape: str
    code: str
    """The legacy code: `Error.Code` in botocore, `<Code>` in XML."""
    status: int = 400
    namespace: str = "com.amazonaws.sqs"

    @property
    def is_sender(self) -> bool:
        """The client is at fault, and would be again."""
        return self.status < 500


_LEGACY = "AWS.SimpleQueueService."
_FRAMEWORK = "com.amazon.coral.service"

QUEUE_DOES_NOT_EXIST = ErrorKind("QueueDoesNotExist", f"{_LEGACY}NonExistentQueue")
QUEUE_NAME_EXISTS = ErrorKind("QueueNameExists", "QueueAlreadyExists")
QUEUE_DELETED_RECENTLY = ErrorKind("QueueDeletedRecently", f"{_LEGACY}QueueDeletedRecently")
PURGE_IN_PROGRESS = ErrorKind("PurgeQueueInProgress", f"{_LEGACY}PurgeQueueInProgress", 403)
OVER_LIMIT = ErrorKind("OverLimit", "OverLimit")
EMPTY_BATCH = ErrorKind("EmptyBatchRequest", f"{_LEGACY}EmptyBatchRequest")
TOO_MANY_ENTRIES = ErrorKind("TooManyEntriesInBatchRequest", f"{_LEGACY}TooManyEntriesInBatchRequest")
IDS_NOT_DISTINCT = ErrorKind("BatchEntryIdsNotDistinct", f"{_LEGACY}BatchEntryIdsNotDistinct")
INVALID_BATCH_ID = ErrorKind("InvalidBatchEntryId", f"{_LEGACY}InvalidBatchEntryId")
BATCH_TOO_LONG = ErrorKind("BatchRequestTooLong", f"{_LEGACY}BatchRequestTooLong")
RECEIPT_INVALID = ErrorKind("ReceiptHandleIsInvalid", "ReceiptHandleIsInvalid")
INVALID_PARAMETER = ErrorKind("InvalidParameterValueException", "InvalidParameterValue")
MISSING_PARAMETER = ErrorKind("MissingRequiredParameterException", "MissingParameter")
INVALID_ATTRIBUTE_NAME = ErrorKind("InvalidAttributeName", "InvalidAttributeName")
INVALID_ATTRIBUTE_VALUE = ErrorKind("InvalidAttributeValue", "InvalidAttributeValue")
INVALID_CONTENTS = ErrorKind("InvalidMessageContents", "InvalidMessageContents")
UNSUPPORTED = ErrorKind("UnsupportedOperation", f"{_LEGACY}UnsupportedOperation")
RESOURCE_NOT_FOUND = ErrorKind("ResourceNotFoundException", "ResourceNotFoundException", 404)
# Amazon's status is 400; kombu takes any 4xx for the end of the world and 503 for an empty answer, and all SDKs repeat on 503.
THROTTLED = ErrorKind("RequestThrottled", "RequestThrottled", 503)
SERIALIZATION = ErrorKind("SerializationException", "SerializationException", 400, _FRAMEWORK)
MALFORMED_QUERY = ErrorKind("MalformedQueryString", "MalformedQueryString", 400, _FRAMEWORK)
UNKNOWN_OPERATION = ErrorKind("UnknownOperationException", "UnknownOperation", 404, _FRAMEWORK)
INVALID_ACTION = ErrorKind("InvalidAction", "InvalidAction", 400, _FRAMEWORK)
INVALID_REQUEST = ErrorKind("InvalidRequest", "InvalidRequest", 400, _FRAMEWORK)
ACCESS_DENIED = ErrorKind("AccessDeniedException", "AccessDenied", 403, _FRAMEWORK)
MISSING_AUTHENTICATION = ErrorKind("MissingAuthenticationTokenException", "MissingAuthenticationToken", 403, _FRAMEWORK)
INCOMPLETE_SIGNATURE = ErrorKind("IncompleteSignatureException", "IncompleteSignature", 400, _FRAMEWORK)
INVALID_TOKEN = ErrorKind("UnrecognizedClientException", "InvalidClientTokenId", 403, _FRAMEWORK)
SIGNATURE_DOES_NOT_MATCH = ErrorKind("InvalidSignatureException", "SignatureDoesNotMatch", 403, _FRAMEWORK)
TOO_LARGE = ErrorKind("RequestEntityTooLargeException", "RequestEntityTooLarge", 413, _FRAMEWORK)
UNAVAILABLE = ErrorKind("ServiceUnavailable", "ServiceUnavailable", 503, _FRAMEWORK)
INTERNAL = ErrorKind("InternalFailure", "InternalFailure", 500, _FRAMEWORK)

NO_SUCH_QUEUE = "The specified queue does not exist."


class SqsError(Exception):
    """A refusal in the words of Amazon SQS."""

    def __init__(self, kind: ErrorKind, message: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.retry_after_s = retry_after_s


_OURS: Mapping[type[WipsieError], ErrorKind] = {
    QueueNotFound: QUEUE_DOES_NOT_EXIST,
    QueueExists: QUEUE_NAME_EXISTS,
    InvalidReceipt: RECEIPT_INVALID,
    ReceiptExpired: INVALID_PARAMETER,
    InvalidMessageContents: INVALID_CONTENTS,
    MessageTooLarge: INVALID_PARAMETER,
    InvalidInput: INVALID_PARAMETER,
    NotSupported: UNSUPPORTED,
    Forbidden: ACCESS_DENIED,
    RequestTooLarge: TOO_LARGE,
    TooManyRequests: THROTTLED,
    Unavailable: UNAVAILABLE,
}
_RETRY_AFTER_S = 1.0


def translate(error: Exception) -> SqsError | None:
    """One of their errors for one of ours; None for what nobody expected."""
    if isinstance(error, SqsError):
        return error
    if not isinstance(error, WipsieError):
        return None
    kind = next((found for base in type(error).__mro__ if (found := _kind_of(base)) is not None), None)
    if kind is None:
        return SqsError(INVALID_PARAMETER, error.message) if error.status < 500 else None
    message = NO_SUCH_QUEUE if kind is QUEUE_DOES_NOT_EXIST else error.message
    retry_after_s = (error.retry_after_s or _RETRY_AFTER_S) if kind.status == 503 else None
    return SqsError(kind, message, retry_after_s=retry_after_s)


def _kind_of(base: type[Any]) -> ErrorKind | None:
    return _OURS.get(base)


def queue_does_not_exist() -> SqsError:
    """A queue nobody made."""
    return SqsError(QUEUE_DOES_NOT_EXIST, NO_SUCH_QUEUE)


def missing(parameter: str) -> SqsError:
    """A parameter that has to be there."""
    return SqsError(MISSING_PARAMETER, f"The request must contain the parameter {parameter}.")


def invalid(parameter: str, value: object, reason: str) -> SqsError:
    """A parameter with a value that cannot be."""
    return SqsError(INVALID_PARAMETER, f"Value {shown(value)} for parameter {parameter} is invalid. Reason: {reason}")


def shown(value: object) -> str:
    """What a client sent, short enough to be said back and without what no answer can hold."""
    return str(value)[:120].encode("utf-8", "backslashreplace").decode()
