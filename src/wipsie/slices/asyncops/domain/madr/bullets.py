"""Lists of Markdown as lists of lines."""

from __future__ import annotations

import re

from wipsie.slices.asyncops.domain.madr.lines import Fences

POINT_CHARACTERS_MAX = 2_000
"""A longer one is no point but prose."""
POINTS_MAX = 50
_BULLET = re.compile(r"[ \t]*(?:[*+-]|\d{1,3}[.)])[ \t]+(?P<text>.*)")
_VERDICT = re.compile(
    r" {0,3}[*+-][ \t]+(?P<verdict>good|neutral|bad)(?:,? because|[,:]| -|)[ \t]+(?P<text>.*)", re.IGNORECASE
)


def read_points(text: str) -> list[str] | None:
    """The points of a list; a paragraph is one as well. None for what cannot be told in points: code, tables, much text."""
    points: list[str] = []
    fences = Fences()
    ended = True
    for line in text.split("\n"):
        if fences.covers(line) or line.lstrip().startswith("|"):
            return None
        bullet = _BULLET.fullmatch(line)
        if bullet is not None:
            points.append(bullet["text"].strip())
        elif not line.strip():
            ended = True
            continue
        elif points and (not ended or line[0] in " \t"):
            points[-1] = f"{points[-1]} {line.strip()}"
        else:
            points.append(line.strip())
        ended = False
        # At once: much text in one point would be slow to put together.
        if len(points) > POINTS_MAX or len(points[-1]) > POINT_CHARACTERS_MAX:
            return None
    return [point.replace("\t", " ") for point in points if point]


def read_verdicts(text: str) -> tuple[dict[str, list[str]], str]:
    """What is good, neutral and bad by the list in a text, and the text without it."""
    found: dict[str, list[str]] = {"good": [], "neutral": [], "bad": []}
    rest: list[str] = []
    fences = Fences()
    points: list[str] | None = None
    for line in text.split("\n"):
        if fences.covers(line):
            points = None
            rest.append(line)
        elif (verdict := _VERDICT.fullmatch(line)) is not None and verdict["text"].strip():
            points = found[verdict["verdict"].lower()]
            points.append(verdict["text"].strip().replace("\t", " "))
        elif points and line.strip() and _BULLET.fullmatch(line) is None and len(points[-1]) < POINT_CHARACTERS_MAX:
            points[-1] = f"{points[-1]} {line.strip()}".replace("\t", " ")
        else:
            points = None
            rest.append(line)
    return found, "\n".join(rest)
