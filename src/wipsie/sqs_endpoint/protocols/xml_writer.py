"""Writes outputs as the XML of the Query protocol: lists and maps are flat, under names of their own."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, cast

_LISTS: Mapping[str, str] = {
    "Messages": "Message",
    "QueueUrls": "QueueUrl",
    "queueUrls": "QueueUrl",
    "Failed": "BatchResultErrorEntry",
    "Results": "ListMessageMoveTasksResultEntry",
}
_MAPS: Mapping[str, tuple[str, str, str]] = {
    "Attributes": ("Attribute", "Name", "Value"),
    "MessageAttributes": ("MessageAttribute", "Name", "Value"),
    "Tags": ("Tag", "Key", "Value"),
}
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write_members(action: str, output: Mapping[str, Any]) -> str:
    """The elements of an output."""
    return "".join(_elements(action, output))


def escape(text: str) -> str:
    """Text between tags. What no XML can hold becomes U+FFFD, so that the rest of the answer can be read."""
    if not (text.isascii() and text.isprintable()):
        text = _NOT_XML.sub("\ufffd", text)
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    # Readers turn line ends into one kind, which is not what was sent.
    return text.replace("\r", "&#xD;")


def _elements(action: str, members: Mapping[str, Any]) -> Iterator[str]:
    for name, value in members.items():
        if isinstance(value, list):
            tag = f"{action}ResultEntry" if name == "Successful" else _LISTS[name]
            for item in cast("list[Any]", value):
                yield _element(action, tag, item)
        elif name in _MAPS and isinstance(value, dict):
            tag, key, content = _MAPS[name]
            for entry_key, entry in cast("dict[str, Any]", value).items():
                yield f"<{tag}><{key}>{escape(entry_key)}</{key}>{_element(action, content, entry)}</{tag}>"
        else:
            yield _element(action, name, value)


def _element(action: str, tag: str, value: Any) -> str:
    if isinstance(value, dict):
        return f"<{tag}>{''.join(_elements(action, cast('dict[str, Any]', value)))}</{tag}>"
    if isinstance(value, bool):
        return f"<{tag}>{'true' if value else 'false'}</{tag}>"
    return f"<{tag}>{escape(str(value))}</{tag}>"
