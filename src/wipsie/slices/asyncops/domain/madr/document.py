"""A decision record as text: what is read from Markdown and written to it."""

from __future__ import annotations

import msgspec

MARKDOWN_CHARACTERS_MAX = 200_000
"""A longer record is a book, and is refused."""


class Alternative(msgspec.Struct, frozen=True, kw_only=True):
    """One option that was considered."""

    title: str
    description: str = ""
    """Markdown."""
    pros: list[str] = []
    neutral: list[str] = []
    cons: list[str] = []


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """One record. Lists hold texts of one line, prose is Markdown."""

    title: str
    status: str = "draft"
    """draft, proposed, accepted, rejected, deprecated or superseded."""
    superseded_by: str = ""
    """How the record calls the one that replaces it, for example ``DEC-5`` or a link."""
    decided_on: str | None = None
    """ISO day."""
    revisit_on: str | None = None
    decision_makers: list[str] = []
    consulted: list[str] = []
    informed: list[str] = []
    context: str = ""
    drivers: list[str] = []
    options: list[Alternative] = []
    chosen: int | None = None
    """Place in `options`."""
    outcome: str = ""
    consequences: list[str] = []
    confirmation: str = ""
    notes: str = ""
    """What stands under "More Information", and what has no other place."""
