"""Mentions in a text: ``@[Ann](usr_0193…)``. The id counts; the name is for whoever reads the text as it is."""

from __future__ import annotations

import re

MENTIONS_MAX = 50
"""More are only text: one comment must not become an unbounded number of messages."""
_MENTION = re.compile(r"@\[[^\[\]\n]{1,200}\]\((usr_[0-9a-f]{32})\)")


def mentioned(text: str) -> list[str]:
    """The ids of the users a text mentions, each once, in the order of the text."""
    return list(dict.fromkeys(match[1] for match in _MENTION.finditer(text)))[:MENTIONS_MAX]
