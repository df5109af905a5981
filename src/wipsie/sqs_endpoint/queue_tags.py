"""The rules of tags on queues."""

from __future__ import annotations

from collections.abc import Mapping

from wipsie.sqs_endpoint import sqs_limits
from wipsie.sqs_endpoint.errors import invalid


def check_tags(tags: Mapping[str, str]) -> None:
    """SqsError for tags no queue can have."""
    if len(tags) > sqs_limits.TAGS_MAX:
        raise invalid("Tags", len(tags), f"A queue can have up to {sqs_limits.TAGS_MAX} tags.")
    for key, value in tags.items():
        if not 0 < len(key) <= sqs_limits.TAG_KEY_LENGTH_MAX or key.lower().startswith("aws:"):
            raise invalid("TagKey", key, "A key has 1 to 128 characters and does not begin with aws:.")
        if len(value) > sqs_limits.TAG_VALUE_LENGTH_MAX:
            raise invalid("TagValue", value, "A value has up to 256 characters.")
