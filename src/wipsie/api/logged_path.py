"""Paths as logs may have them."""

from __future__ import annotations

import re

from starlette.types import Scope

_TOKEN_CHARACTERS_MIN = 64
"""Longer than any id of ours: what is so long and without a sign is a secret that opens something, such as a signed link."""
_TOKEN = re.compile(rf"[A-Za-z0-9_-]{{{_TOKEN_CHARACTERS_MIN},}}")


def logged_path(scope: Scope) -> str:
    """The path of a request, without what only its holder may know. Hot."""
    path: str = scope["path"]
    return path if len(path) < _TOKEN_CHARACTERS_MIN else _TOKEN.sub("…", path)
