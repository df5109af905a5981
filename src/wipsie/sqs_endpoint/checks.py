"""Checks several actions share."""

from __future__ import annotations

import re
from collections.abc import Sequence

from wipsie.sqs_endpoint.errors import INVALID_CONTENTS, INVALID_PARAMETER, SqsError, invalid, missing

# What XML 1.0 can hold, which is what Amazon takes.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_KEY = re.compile(r"[A-Za-z0-9!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~]{1,128}")
_QUEUE_NAME = re.compile(r"[A-Za-z0-9_-]{1,80}|[A-Za-z0-9_-]{1,75}\.fifo")


def required(parameter: str, value: str | None) -> str:
    """A text that has to be there, or MissingParameter."""
    if not value:
        raise missing(parameter)
    return value


def check_number(parameter: str, value: int, least: int, most: int) -> int:
    """A number in its range, or InvalidParameterValue."""
    if not least <= value <= most:
        raise invalid(parameter, value, f"Must be between {least} and {most}, if provided.")
    return value


def check_key(parameter: str, value: str) -> str:
    """A message group or deduplication id."""
    if not _KEY.fullmatch(value):
        raise invalid(parameter, value, "It can have 1 to 128 letters, digits and punctuation marks.")
    return value


def check_text(text: str) -> None:
    """The characters of a body. InvalidMessageContents."""
    # Printable ASCII, which Python sees at once, is nearly everything.
    if not (text.isascii() and text.isprintable()) and (found := _NOT_XML.search(text)) is not None:
        raise SqsError(
            INVALID_CONTENTS,
            f"The message holds the character #x{ord(found[0]):X}, which is not among #x9 | #xA | #xD | #x20 to #xD7FF | "
            "#xE000 to #xFFFD | #x10000 to #x10FFFF; encode it, for example as base64.",
        )


def has_only_xml_characters(text: str) -> bool:
    """The same as a question."""
    return _NOT_XML.search(text) is None


def check_queue_name(name: str) -> None:
    """The name of a queue to be made. InvalidParameterValue."""
    if not _QUEUE_NAME.fullmatch(name):
        raise SqsError(
            INVALID_PARAMETER,
            "Can only include alphanumeric characters, hyphens, or underscores, 1 to 80 in length; "
            "the name of a FIFO queue ends with .fifo.",
        )


def none_if_empty(values: Sequence[str] | None) -> Sequence[str]:
    """A list that may be absent."""
    return values or ()
