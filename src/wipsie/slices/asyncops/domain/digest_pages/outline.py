"""The outline of a summary: its sections and lines in their order, with nothing of how they look."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

import msgspec

SHOWN_MAX = 5
"""Lines of one list; of the rest is said how many they are."""

Tone = Literal["bad", "warn", "good", "plain"]


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One thing. All texts are as people wrote them: whoever writes them down escapes them."""

    badge: str = ""
    """A word or two in front, for example ``sev1``."""
    tone: Tone = "plain"
    label: str = ""
    """What people call it."""
    path: str | None = None
    """Where it is."""
    text: str = ""
    note: str = ""
    """What is known about it."""
    points: Sequence[str] = ()


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """Some lines of a section."""

    title: str = ""
    lines: Sequence[Line] = ()
    more: int = 0
    """Lines that are left out."""


class Section(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a summary."""

    name: str
    """As people choose it in their preferences."""
    title: str
    groups: Sequence[Group] = ()
    note: str = ""
    """A sentence at its end."""


class Tile(msgspec.Struct, frozen=True, kw_only=True):
    """A number to see at a glance."""

    label: str
    value: str
    note: str = ""
    tone: Tone = "plain"


class Outline(msgspec.Struct, frozen=True, kw_only=True):
    """A whole summary."""

    title: str
    period: str
    """The window, in words."""
    headline: Sequence[str]
    tiles: Sequence[Tile]
    sections: Sequence[Section]
    quiet: str
    """A sentence about sections of which there is nothing to say; may be empty."""
    path: str | None
    """Where it is."""


def group(title: str, lines: Iterable[Line], total: int) -> Group:
    """At most `SHOWN_MAX` of the lines."""
    shown = list(lines)[:SHOWN_MAX]
    return Group(title=title, lines=shown, more=max(0, total - len(shown)))


def section(name: str, title: str, groups: Iterable[Group], note: str = "") -> Section | None:
    """A section of the groups in which there is something; None when there is nothing to say."""
    filled = [one for one in groups if one.lines]
    return Section(name=name, title=title, groups=filled, note=note) if filled or note else None
