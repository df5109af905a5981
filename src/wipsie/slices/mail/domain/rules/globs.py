"""Globs in linear time: whatever the pattern and the text, each character of the text is looked at a bounded number of times.

A pattern is cut at its stars. The first piece must begin the text and the last end it; each between is found at the first place
behind the one before, which is never a worse choice than a later one.
"""

from __future__ import annotations

from collections.abc import Callable

Find = Callable[[str, int, int], int]


class Glob:
    """A pattern of ``*`` for any characters and ``?`` for one; nothing else has a meaning."""

    def __init__(self, pattern: str) -> None:
        """`pattern`: folded, as the texts are."""
        head, *rest = pattern.split("*")
        self._head = head
        self._tail = rest[-1] if rest else None
        self._middle = [(_finder(piece), len(piece)) for piece in rest[:-1] if piece]

    def matches(self, text: str) -> bool:
        """Whether it fits all of the text."""
        if self._tail is None:
            return len(text) == len(self._head) and _stands_at(self._head, text, 0)
        place, end = len(self._head), len(text) - len(self._tail)
        if place > end or not _stands_at(self._head, text, 0) or not _stands_at(self._tail, text, end):
            return False
        for find, length in self._middle:
            found = find(text, place, end)
            if found < 0:
                return False
            place = found + length
        return True


def _stands_at(piece: str, text: str, place: int) -> bool:
    if "?" not in piece:
        return text.startswith(piece, place)
    return all(sign in ("?", other) for sign, other in zip(piece, text[place : place + len(piece)], strict=True))


def _finder(piece: str) -> Find:
    """Finds the first place of a piece between two places, or gives -1."""
    if "?" not in piece:
        return lambda text, start, end: text.find(piece, start, end)
    anywhere = sum(1 << index for index, sign in enumerate(piece) if sign == "?")
    masks: dict[str, int] = {}
    for index, sign in enumerate(piece):
        if sign != "?":
            masks[sign] = masks.get(sign, anywhere) | 1 << index
    whole = 1 << (len(piece) - 1)
    plain = list(dict.fromkeys(run for run in piece.split("?") if run))

    def find(text: str, start: int, end: int) -> int:
        # Most texts lack one of the plain runs, which is known much sooner.
        if any(text.find(run, start, end) < 0 for run in plain):
            return -1
        # Shift-and (Baeza-Yates and Gonnet, 1992): bit i says that the last i + 1 characters fit the piece's beginning.
        state = 0
        for place in range(start, end):
            state = (state << 1 | 1) & masks.get(text[place], anywhere)
            if state & whole:
                return place + 1 - len(piece)
        return -1

    return find
