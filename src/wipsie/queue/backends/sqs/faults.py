"""From what SQS and its client library say to the errors Wipsie shows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    InvalidConfigError,
    NoCredentialsError,
    NoRegionError,
    ParamValidationError,
    PartialCredentialsError,
    ProfileNotFound,
    TokenRetrievalError,
)

from wipsie.kernel.errors import (
    ConfigurationError,
    Conflict,
    InvalidInput,
    InvalidMessageContents,
    MessageTooLarge,
    ReceiptExpired,
    StorageUnavailable,
    TooManyRequests,
    WipsieError,
)
from wipsie.queue.backend_kit.refusals import queue_not_found, receipt_expired

RETRY_AFTER_S = 2.0
_MINUTE_S = 60.0
_ACCESS_RETRY_AFTER_S = 30.0

_GONE = {"NonExistentQueue", "QueueDoesNotExist"}
_ACCESS = {
    "AccessDenied",
    "AccessDeniedException",
    "AuthFailure",
    "ExpiredToken",
    "ExpiredTokenException",
    "IncompleteSignature",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidSecurity",
    "MissingAuthenticationToken",
    "OptInRequired",
    "RequestExpired",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
}
_THROTTLED = {
    "KmsThrottled",
    "OverLimit",
    "PriorRequestNotComplete",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "SlowDown",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
}
_RECEIPT = {"ReceiptHandleIsInvalid", "MessageNotInflight"}
_PARAMETER = {"InvalidParameterValue", "InvalidParameterValueException"}
"""What SQS calls an expired receipt of a FIFO queue, naming the parameter."""
_CONTENTS = {"InvalidMessageContents"}
_TOO_LONG = {"BatchRequestTooLong"}
_PURGE = {"PurgeQueueInProgress"}
_RECENTLY_DELETED = {"QueueDeletedRecently"}
_SERVER_STATUS = 500

_CREDENTIALS = (NoCredentialsError, PartialCredentialsError, CredentialRetrievalError, TokenRetrievalError)
_CONFIGURATION = (NoRegionError, ProfileNotFound, InvalidConfigError)


class AccessRefused(StorageUnavailable):
    """The credentials are missing, wrong or may not do this; at the start it is a ConfigurationError."""


def raise_if_away(outcomes: Sequence[object]) -> None:
    """Raise when every outcome says that the store cannot be reached: then the whole call is to be tried again."""
    first = outcomes[0] if outcomes else None
    if isinstance(first, StorageUnavailable) and all(isinstance(one, StorageUnavailable) for one in outcomes):
        raise first


def is_senders_fault(error: WipsieError) -> bool:
    """Whether trying the same request again is useless."""
    return isinstance(error, InvalidInput | MessageTooLarge | ReceiptExpired)


def fault_of(error: Exception, *, queue: str, action: str) -> WipsieError:
    """The error for a request that failed. `action` is the name of the operation, `queue` may be empty."""
    if isinstance(error, ClientError):
        response = cast("dict[str, Any]", error.response)
        about = response.get("Error", {})
        status = int(response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
        code, message = str(about.get("Code", "")), str(about.get("Message", ""))
        return fault_for_code(code, message, is_server=status >= _SERVER_STATUS, queue=queue, action=action)
    if isinstance(error, _CREDENTIALS):
        return AccessRefused(
            "There are no usable AWS credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY or AWS_PROFILE, "
            f"or give this machine a role. ({_one_line(str(error))})",
            retry_after_s=_ACCESS_RETRY_AFTER_S,
        )
    if isinstance(error, _CONFIGURATION):
        return ConfigurationError(
            f"The AWS configuration cannot be used: {_one_line(str(error))} "
            "Name the region in QUEUE_URL, for example sqs://us-east-1."
        )
    if isinstance(error, ParamValidationError):
        return InvalidInput(f"Amazon SQS does not take this: {_one_line(str(error))}", details={"queue_name": queue})
    what = _one_line(str(error)) if isinstance(error, BotoCoreError) else type(error).__name__
    return StorageUnavailable(
        f"Amazon SQS cannot be reached: {what or type(error).__name__} Check the network and the endpoint; "
        "Wipsie tries again by itself.",
        details={"queue_name": queue} if queue else None,
        retry_after_s=RETRY_AFTER_S,
    )


def fault_for_code(code: str, message: str, *, is_server: bool, queue: str, action: str) -> WipsieError:
    """The error for a code of SQS, from an answer or from an entry of a batch."""
    name = code.rpartition(".")[2]
    details = {"queue_name": queue, "aws_code": code, "action": action}
    said = " ".join(message.split())[:500].rstrip(".")
    because = f"{code}: {said}" if said else code
    if name in _GONE:
        return queue_not_found(queue)
    if name in _THROTTLED:
        return TooManyRequests(
            f"Amazon SQS asks to slow down at {_named(queue)} ({code}).", details=details, retry_after_s=1.0
        )
    # A key that is disabled or gone is mended where access is given, not by the sender.
    if name in _ACCESS or code.lower().startswith("kms"):
        return AccessRefused(
            f"Amazon SQS refuses {action} on {_named(queue)} ({because}). Allow it to these credentials, or use others.",
            details=details,
            retry_after_s=_ACCESS_RETRY_AFTER_S,
        )
    if name in _RECEIPT or (name in _PARAMETER and "ReceiptHandle" in message):
        return receipt_expired()
    if name in _PURGE:
        return TooManyRequests(
            f"{_named(queue, first=True)} was purged less than a minute ago; Amazon SQS does so once in 60 seconds.",
            details=details,
            retry_after_s=_MINUTE_S,
        )
    if name in _RECENTLY_DELETED:
        return Conflict(
            f"{_named(queue, first=True)} was deleted less than a minute ago; Amazon SQS gives the name free after "
            "60 seconds.",
            details=details,
            retry_after_s=_MINUTE_S,
        )
    if is_server:
        return StorageUnavailable(
            f"Amazon SQS has trouble with {_named(queue)} ({because}). Wipsie tries again by itself.",
            details=details,
            retry_after_s=RETRY_AFTER_S,
        )
    if name in _TOO_LONG:
        return MessageTooLarge(f"Amazon SQS does not take a message of this size ({because}).", details=details)
    if name in _CONTENTS:
        return InvalidMessageContents(f"Amazon SQS does not take this text ({because}).", details=details)
    return InvalidInput(f"Amazon SQS refuses {action} on {_named(queue)} ({because}).", details=details)


def _named(queue: str, *, first: bool = False) -> str:
    the = "The" if first else "the"
    return f"{the} queue '{queue}'" if queue else f"{the} queues of this account"


def _one_line(text: str) -> str:
    line = " ".join(text.split())[:500]
    return line if not line or line.endswith(".") else f"{line}."
