"""What people wrote, made harmless wherever it is shown: one line, without controls and without means to turn the order of
reading round."""

from __future__ import annotations

import unicodedata

_UNSEEN = ("Cc", "Cs", "Zl", "Zp", "Co", "Cn")
_REORDERING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c")


def plain(text: str) -> str:
    """A text on one line."""
    kept = "".join(" " if unicodedata.category(one) in _UNSEEN else one for one in text if one not in _REORDERING)
    return " ".join(kept.split())
