"""Reads the flat fields of the Query protocol into the members the JSON protocol has.

``Attribute.1.Name=DelaySeconds&Attribute.1.Value=5`` is ``{"Attributes": {"DelaySeconds": "5"}}``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, cast

from wipsie.sqs_endpoint.errors import MALFORMED_QUERY, SqsError, missing, shown

_LISTS: Mapping[str, str] = {
    "AttributeName": "AttributeNames",
    "MessageAttributeName": "MessageAttributeNames",
    "MessageSystemAttributeName": "MessageSystemAttributeNames",
    "SendMessageBatchRequestEntry": "Entries",
    "DeleteMessageBatchRequestEntry": "Entries",
    "ChangeMessageVisibilityBatchRequestEntry": "Entries",
    "TagKey": "TagKeys",
    "StringListValue": "StringListValues",
    "BinaryListValue": "BinaryListValues",
    "ActionName": "Actions",
    "AWSAccountId": "AWSAccountIds",
}
_MAPS: Mapping[str, tuple[tuple[str, ...], str, str]] = {
    "Attribute": (("Attributes",), "Name", "Value"),
    "MessageAttribute": (("MessageAttributes",), "Name", "Value"),
    "MessageSystemAttribute": (("MessageSystemAttributes",), "Name", "Value"),
    # One name here, two there: CreateQueue has it in lower case.
    "Tag": (("Tags", "tags"), "Key", "Value"),
}
_MANY = frozenset({*_LISTS.values(), *(target for targets, _, _ in _MAPS.values() for target in targets)})
_NUMBER = re.compile(r"[1-9]\d{0,5}")
_DEPTH_MAX = 8

_Tree = dict[str, Any]


def read_members(fields: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Members by their names in JSON. SqsError for fields that contradict each other."""
    tree: _Tree = {}
    for name, value in fields:
        _plant(tree, name, value)
    return _members(tree)


def _plant(tree: _Tree, name: str, value: str) -> None:
    parts = name.split(".")
    if len(parts) > _DEPTH_MAX:
        raise _malformed(name)
    place = tree
    for part in parts[:-1]:
        deeper = place.setdefault(part, {})
        if not isinstance(deeper, dict):
            raise _malformed(name)
        place = cast("_Tree", deeper)
    if isinstance(place.get(parts[-1]), dict):
        raise _malformed(name)
    place[parts[-1]] = value


def _members(tree: _Tree) -> dict[str, Any]:
    members: dict[str, Any] = {}
    for name, value in tree.items():
        if not isinstance(value, dict):
            if name in _LISTS:
                # A list of one may come without its number,
                members[_LISTS[name]] = [value]
            elif value or name not in _MANY:
                # and some clients say of an empty list that it is empty.
                members[name] = value
            continue
        branch = cast("_Tree", value)
        if name in _LISTS:
            members[_LISTS[name]] = [
                _members(cast("_Tree", item)) if isinstance(item, dict) else item for item in _in_order(name, branch)
            ]
        elif name in _MAPS:
            targets, key, content = _MAPS[name]
            entries = _entries(name, branch, key, content)
            members |= dict.fromkeys(targets, entries)
        else:
            members[name] = _members(branch)
    return members


def _entries(name: str, branch: _Tree, key: str, content: str) -> dict[str, Any]:
    entries: dict[str, Any] = {}
    for number, item in enumerate(_in_order(name, branch), 1):
        if not isinstance(item, dict) or not isinstance(entry_key := cast("_Tree", item).get(key), str):
            raise missing(f"{name}.{number}.{key}")
        if entry_key in entries:
            raise _malformed(f"{name}.{number}")
        value = cast("_Tree", item).get(content, "")
        entries[entry_key] = _members(cast("_Tree", value)) if isinstance(value, dict) else value
    return entries


def _in_order(name: str, branch: _Tree) -> list[Any]:
    if not all(_NUMBER.fullmatch(number) for number in branch):
        raise _malformed(name)
    return [branch[number] for number in sorted(branch, key=int)]


def _malformed(name: str) -> SqsError:
    return SqsError(MALFORMED_QUERY, f"The parameter {shown(name)} does not fit the others, or the protocol.")
