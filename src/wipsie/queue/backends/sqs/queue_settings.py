"""Settings of a queue, as attributes and tags of SQS and back.

What SQS knows is an attribute. What it does not know and only we read (a pause, the head start of priorities, parts of a
second) is a tag ``wipsie:<field>``. What nobody could keep is refused.
"""

from __future__ import annotations

import math
import re
from typing import Any, cast

import msgspec

from wipsie.kernel import limits
from wipsie.kernel.errors import InvalidInput, NotSupported
from wipsie.kernel.ids import QueueName
from wipsie.queue.backend_kit.refusals import not_supported
from wipsie.queue.backends.sqs import sqs_limits
from wipsie.queue.contract import QueueSettings

OUR_TAGS = "wipsie:"
_NAME = re.compile(r"[A-Za-z0-9_-]{1,80}|[A-Za-z0-9_-]{1,75}\.fifo")
_TAG = re.compile(r"[\w\s.:/=+\-@]*")
_DEFAULTS = QueueSettings(name=QueueName(""))


def check_settings(settings: QueueSettings) -> None:
    """Refuse what SQS cannot keep: NotSupported, InvalidInput."""
    name = settings.name
    if not _NAME.fullmatch(name) or name.endswith(".fifo") != settings.fifo:
        raise InvalidInput(
            f"'{name}' cannot name this queue: Amazon SQS takes up to 80 letters, digits, '-' and '_', "
            "and '.fifo' at the end of FIFO queues only.",
            details={"queue_name": name},
        )
    if settings.key_concurrency is not None:
        raise not_supported("sqs", "key_concurrency", "use a FIFO queue for one message of a group at a time.")
    if settings.max_messages is not None:
        raise not_supported("sqs", "exact_counts", "queues have no largest number of messages; leave max_messages out.")
    if settings.deduplication_window_s != sqs_limits.DEDUPLICATION_WINDOW_S:
        raise not_supported("sqs", "deduplication", "repeats are recognised for 300 seconds, on FIFO queues.")
    if settings.content_based_deduplication and not settings.fifo:
        raise no_deduplication()
    if settings.deduplication_by_group:
        raise not_supported("sqs", "deduplication_by_group", "repeats are recognised over all groups of a queue.")
    if settings.protocol_attributes:
        raise not_supported(
            "sqs", "protocol_attributes", "set such attributes at the queue itself, with the client of Amazon SQS."
        )
    _check_range("visibility_timeout_s", settings.visibility_timeout_s, 0, sqs_limits.VISIBILITY_TIMEOUT_S_MAX)
    _check_range("retention_s", settings.retention_s, limits.RETENTION_S_MIN, limits.RETENTION_S_MAX)
    _check_range("max_receive_count", settings.max_receive_count, 1, sqs_limits.RECEIVE_LIMIT_MAX)
    delay_s_max = sqs_limits.DELAY_S_MAX if settings.fifo else limits.DELAY_S_MAX
    _check_range("delay_s", settings.delay_s, 0, delay_s_max)
    _check_tags(settings)


def no_deduplication() -> NotSupported:
    """A key on a standard queue."""
    return not_supported("sqs", "deduplication", "only FIFO queues recognise a repeat; use one, or send without a key.")


def _check_range(field: str, value: float, least: float, most: float) -> None:
    if not least <= value <= most:
        raise InvalidInput(
            f"{field} must be between {least:g} and {most:g} on Amazon SQS.", details={"field": field, "value": value}
        )


def _check_tags(settings: QueueSettings) -> None:
    for key, value in settings.tags.items():
        if (
            not 0 < len(key) <= sqs_limits.TAG_KEY_LENGTH_MAX
            or len(value) > sqs_limits.TAG_VALUE_LENGTH_MAX
            or not _TAG.fullmatch(key + value)
            or key.lower().startswith(("aws:", OUR_TAGS))
        ):
            raise InvalidInput(
                f"The tag '{key[:40]}' does not fit Amazon SQS: keys of 1 to 128 and values of up to 256 letters, digits, "
                "spaces and _ . : / = + - @; keys that begin with aws: or wipsie: are taken.",
                details={"field": "tags", "tag": key[:128]},
            )
    if len(settings.tags) + len(_our_tags(settings, sqs_limits.MESSAGE_BYTES_MAX)) > sqs_limits.TAGS_MAX:
        raise InvalidInput("Amazon SQS keeps up to 50 tags, some of which are ours.", details={"field": "tags"})


def to_attributes(settings: QueueSettings, *, dead_letter_arn: str | None, message_bytes: int) -> dict[str, str]:
    """Attributes that can change; `message_bytes` is the largest message SQS itself shall take."""
    policy = ""
    if dead_letter_arn is not None:
        wanted = {"deadLetterTargetArn": dead_letter_arn, "maxReceiveCount": str(settings.max_receive_count)}
        policy = msgspec.json.encode(wanted).decode()
    attributes = {
        "VisibilityTimeout": str(math.ceil(settings.visibility_timeout_s)),
        "MessageRetentionPeriod": str(settings.retention_s),
        "DelaySeconds": str(_native_delay(settings.delay_s)),
        "MaximumMessageSize": str(message_bytes),
        "RedrivePolicy": policy,
    }
    if settings.fifo:
        attributes["ContentBasedDeduplication"] = "true" if settings.content_based_deduplication else "false"
    return attributes


def to_tags(settings: QueueSettings, message_bytes: int) -> dict[str, str]:
    """All tags of the queue, those of the user and ours."""
    return {**settings.tags, **_our_tags(settings, message_bytes)}


def _our_tags(settings: QueueSettings, message_bytes: int) -> dict[str, str]:
    ours: dict[str, str] = {}
    if settings.paused:
        ours["paused"] = "true"
    if settings.aging_s != _DEFAULTS.aging_s:
        ours["aging_s"] = repr(float(settings.aging_s))
    if settings.message_bytes_max != message_bytes:
        ours["message_bytes_max"] = str(settings.message_bytes_max)
    if settings.dead_letter_queue is None and settings.max_receive_count != _DEFAULTS.max_receive_count:
        ours["max_receive_count"] = str(settings.max_receive_count)
    if settings.visibility_timeout_s != math.ceil(settings.visibility_timeout_s):
        ours["visibility_timeout_s"] = repr(settings.visibility_timeout_s)
    if settings.delay_s != _native_delay(settings.delay_s):
        ours["delay_s"] = repr(float(settings.delay_s))
    return {OUR_TAGS + key: value for key, value in ours.items()}


def _native_delay(delay_s: float) -> int:
    return min(math.ceil(delay_s), sqs_limits.DELAY_S_MAX)


def read_settings(name: QueueName, attributes: dict[str, str], tags: dict[str, str]) -> QueueSettings:
    """Settings of a queue of ours, or of one that somebody else made."""
    ours = {key.removeprefix(OUR_TAGS): value for key, value in tags.items() if key.startswith(OUR_TAGS)}
    policy = _policy(attributes)
    target = policy.get("deadLetterTargetArn")
    visibility_s = int(attributes.get("VisibilityTimeout", _DEFAULTS.visibility_timeout_s))
    delay_s = int(attributes.get("DelaySeconds", 0))
    exact_visibility_s = _float(ours.get("visibility_timeout_s"), visibility_s)
    exact_delay_s = _float(ours.get("delay_s"), delay_s)
    kept_limit = int(_float(ours.get("max_receive_count"), _DEFAULTS.max_receive_count))
    return QueueSettings(
        name=name,
        # Ours count as long as nobody changed the attribute they refine.
        visibility_timeout_s=exact_visibility_s if math.ceil(exact_visibility_s) == visibility_s else visibility_s,
        retention_s=int(attributes.get("MessageRetentionPeriod", _DEFAULTS.retention_s)),
        delay_s=exact_delay_s if _native_delay(exact_delay_s) == delay_s else delay_s,
        dead_letter_queue=QueueName(str(target).rpartition(":")[2]) if target else None,
        max_receive_count=int(policy.get("maxReceiveCount", kept_limit)),
        fifo=attributes.get("FifoQueue") == "true",
        content_based_deduplication=attributes.get("ContentBasedDeduplication") == "true",
        aging_s=_float(ours.get("aging_s"), _DEFAULTS.aging_s),
        message_bytes_max=int(_float(ours.get("message_bytes_max"), native_bytes(attributes))),
        paused=ours.get("paused") == "true",
        tags={key: value for key, value in tags.items() if not key.startswith((OUR_TAGS, "aws:"))},
    )


def native_bytes(attributes: dict[str, str]) -> int:
    """The largest message SQS itself takes at this queue."""
    return int(attributes.get("MaximumMessageSize", sqs_limits.MESSAGE_BYTES_MAX))


def _policy(attributes: dict[str, str]) -> dict[str, Any]:
    try:
        found = msgspec.json.decode(attributes.get("RedrivePolicy") or "{}")
    except msgspec.DecodeError:
        return {}
    return cast("dict[str, Any]", found) if isinstance(found, dict) else {}


def _float(text: str | None, default: float) -> float:
    try:
        return default if text is None else float(text)
    except ValueError:
        # A tag somebody wrote by hand.
        return default
