"""The block between two lines of dashes at the head of a record.

Only what such blocks hold in practice is read: names with a text, or with a list of texts. Everything is text: no dates, no
booleans, no anchors, nothing that is built. What is anything else is left out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence

LINES_MAX = 200
_ENTRY = re.compile(r"(?P<name>[A-Za-z][A-Za-z0-9 _-]{0,39}):(?:[ \t]+(?P<value>.*))?")
_ITEM = re.compile(r"[ \t]*-[ \t]+(?P<value>.*)")
_PLAIN = re.compile(r"[^\W_](?:[^:#\n]|:(?=\S)|(?<=\S)#)*")
_NOT_PLAIN = frozenset({"true", "false", "yes", "no", "on", "off", "null"})


def split(text: str) -> tuple[dict[str, str | list[str]], str]:
    """The entries by lower-case name with dashes, and the text after the block; nothing and the whole text without one."""
    lines = text.split("\n", LINES_MAX + 1)
    if lines[0].rstrip() != "---":
        return {}, text
    end = next((index for index, line in enumerate(lines[1:], 1) if line.rstrip() in ("---", "...")), None)
    if end is None or end > LINES_MAX:
        return {}, text
    return _entries(lines[1:end]), "\n".join(lines[end + 1 :])


def _entries(lines: Sequence[str]) -> dict[str, str | list[str]]:
    found: dict[str, str | list[str]] = {}
    name = ""
    for line in lines:
        if (entry := _ENTRY.fullmatch(line.rstrip())) is not None:
            name = entry["name"].strip().lower().replace("_", "-").replace(" ", "-")
            found[name] = _value((entry["value"] or "").strip())
        elif name and (item := _ITEM.fullmatch(line.rstrip())) is not None:
            before = found[name]
            items = before if isinstance(before, list) else [before] if before else []
            found[name] = [*items, _text(item["value"].strip())]
    return found


def _value(text: str) -> str | list[str]:
    if text.startswith("[") and text.endswith("]"):
        return [item for part in _parts(text[1:-1]) if (item := _text(part.strip()))]
    return _text(text)


def _parts(text: str) -> list[str]:
    """Split at commas that stand outside quotation marks."""
    parts, quote = [""], ""
    for character in text:
        if character == "," and not quote:
            parts.append("")
            continue
        if character in "\"'" and (quote == character or (not quote and not parts[-1].strip())):
            quote = "" if quote else character
        parts[-1] += character
    return parts


def _text(text: str) -> str:
    if len(text) > 1 and text[0] == text[-1] == '"':
        try:
            value: object = json.loads(text)
        except ValueError:
            return text[1:-1]
        return value if isinstance(value, str) else text
    if len(text) > 1 and text[0] == text[-1] == "'":
        return text[1:-1].replace("''", "'")
    return re.split(r"[ \t]#", text, maxsplit=1)[0].rstrip()


def texts(value: str | list[str] | None) -> list[str]:
    """A list as it is, a text as what stands between its commas."""
    if value is None:
        return []
    items = value if isinstance(value, list) else value.split(",")
    return [item.strip() for item in items if item.strip()]


def write(entries: Mapping[str, str | Sequence[str] | None]) -> str:
    """The block, without what is empty."""
    lines = ["---"]
    for name, value in entries.items():
        if not value:
            continue
        if isinstance(value, str):
            lines.append(f"{name}: {_scalar(value)}")
        elif all("," not in item and _is_plain(item) for item in value):
            lines.append(f"{name}: {', '.join(value)}")
        else:
            lines += [f"{name}:", *(f"  - {_scalar(item)}" for item in value)]
    return "\n".join([*lines, "---"])


def _scalar(text: str) -> str:
    return text if _is_plain(text) else json.dumps(text, ensure_ascii=False)


def _is_plain(text: str) -> bool:
    return _PLAIN.fullmatch(text) is not None and text == text.strip() and text.lower() not in _NOT_PLAIN
