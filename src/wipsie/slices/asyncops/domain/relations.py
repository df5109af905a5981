"""Relations between records: each has a word for either side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

Relation = Literal["relates_to", "caused_by", "blocks", "duplicates", "mentions", "about"]
"""What people may say of two things."""
SUPERSEDES = "supersedes"
"""Written with a decision that takes the place of another, never by hand."""

_INVERSE: Mapping[str, str] = {
    "relates_to": "relates_to",
    "caused_by": "causes",
    "blocks": "blocked_by",
    "duplicates": "duplicated_by",
    "mentions": "mentioned_by",
    "about": "subject_of",
    SUPERSEDES: "superseded_by",
}
_EITHER_WAY = {**{word: relation for relation, word in _INVERSE.items()}, **_INVERSE}
RELATION_WORDS = tuple(_EITHER_WAY)
"""Every word a link may be shown with."""


def inverse(relation: str) -> str:
    """The word for the other side; a relation without one is the same from both."""
    return _EITHER_WAY.get(relation, relation)
