"""Sentences worth reading, taken as they were written: nothing is rephrased, so nothing is made up.

A sentence scores by where it stands (what blocks or comes next before what is done, notes last), by words that were rare in the
last 30 days, by naming something that is open, by a number in it; length counts against it. Near repeats are left out, and
nobody has more than two. What scores alike is ordered by what it is taken from.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

import msgspec

from wipsie.kernel.text_words import folded
from wipsie.slices.asyncops.domain.digest.content import Highlight
from wipsie.slices.asyncops.domain.digest.facts import BlockerFact, UpdateFact
from wipsie.slices.asyncops.kinds import BLOCKER, STATUS

HIGHLIGHTS_MAX = 20
OF_ONE_PERSON_MAX = 2
ALIKE = 0.6
"""Two sentences that share this much of their words say the same."""
CHARACTERS_MAX = 300
CANDIDATES_MAX = 2_000
_WEIGHTS = {"blocked": 3.0, "next": 2.5, "done": 2.0, "notes": 1.0}
_OPEN_WEIGHT = 2.0
_NUMBER_WEIGHT = 0.5
_LONG_CHARACTERS = 140
_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")
_MARKUP = re.compile(r"^[\s#>*+-]+")
_NUMBER = re.compile(r"\d")

Field = Literal["blocked", "next", "done", "notes"]


class _Candidate(msgspec.Struct, frozen=True, kw_only=True):
    person: str
    text: str
    field: Field
    source: str
    path: str
    place: int
    words: frozenset[str]


def highlights(
    written: Sequence[UpdateFact],
    new_blockers: Sequence[BlockerFact],
    known: Sequence[UpdateFact],
    open_numbers: Iterable[str],
) -> list[Highlight]:
    """At most `HIGHLIGHTS_MAX`, the best first. `written`: the updates of the window; `known`: those of the last 30 days, in
    which rare words are rare; `open_numbers`: of open records (``INC-42``)."""
    candidates = list(_candidates(written, new_blockers))[:CANDIDATES_MAX]
    rarity = _Rarity(known)
    numbers = "|".join(re.escape(number) for number in sorted(set(open_numbers)))
    named = re.compile(rf"\b(?:{numbers})\b", re.IGNORECASE) if numbers else None
    scored = sorted(candidates, key=lambda one: (-_score(one, rarity, named), one.source, one.place))
    chosen: list[_Candidate] = []
    by_person: Counter[str] = Counter()
    for one in scored:
        if by_person[one.person] >= OF_ONE_PERSON_MAX or any(_alike(one, other) for other in chosen):
            continue
        chosen.append(one)
        by_person[one.person] += 1
        if len(chosen) == HIGHLIGHTS_MAX:
            break
    return [
        Highlight(person=one.person, text=one.text, field=one.field, source=one.source, path=one.path) for one in chosen
    ]


class _Rarity:
    """How rare words were."""

    def __init__(self, known: Sequence[UpdateFact]) -> None:
        self._count = len(known)
        self._holding: Counter[str] = Counter()
        for one in known:
            self._holding.update(set(folded(" ".join([*one.done, *one.next, one.notes])).split()))

    def of(self, words: frozenset[str]) -> float:
        """From 0 (all of them are everywhere) to 1 (nobody else used one of them)."""
        if not words:
            return 0.0
        full = math.log(1 + self._count) or 1.0
        # Summed in one order: floating point sums depend on it.
        total = sum(math.log((1 + self._count) / (1 + self._holding[word])) / full for word in sorted(words))
        return max(0.0, total / len(words))


def _candidates(written: Sequence[UpdateFact], new_blockers: Sequence[BlockerFact]) -> Iterator[_Candidate]:
    for blocker in new_blockers:
        yield from _of_texts(
            [blocker.title], blocker.blocked, "blocked", blocker.id, f"{BLOCKER.path}/{blocker.number}"
        )
    for update in written:
        path = f"{STATUS.path}/{update.id}"
        parts: tuple[tuple[Sequence[str], Field], ...] = (
            (update.next, "next"),
            (update.done, "done"),
            (_SENTENCE.split(update.notes), "notes"),
        )
        for texts, field in parts:
            yield from _of_texts(texts, update.author, field, update.id, path)


def _of_texts(texts: Sequence[str], person: str, field: Field, source: str, path: str) -> Iterator[_Candidate]:
    for place, text in enumerate(texts):
        shown = _MARKUP.sub("", " ".join(text.split()))
        words = frozenset(folded(shown).split())
        if len(words) < 2:
            continue
        cut = shown if len(shown) <= CHARACTERS_MAX else f"{shown[: CHARACTERS_MAX - 1].rstrip()}…"
        # Fields one after the other, so that equal scores keep the order in which they are told.
        place_in_source = list(_WEIGHTS).index(field) * 1_000 + place
        yield _Candidate(
            person=person, text=cut, field=field, source=source, path=path, place=place_in_source, words=words
        )


def _score(one: _Candidate, rarity: _Rarity, named: re.Pattern[str] | None) -> float:
    text = one.text
    score = _WEIGHTS[one.field] + 2.0 * rarity.of(one.words)
    if named is not None and named.search(text):
        score += _OPEN_WEIGHT
    if _NUMBER.search(text):
        score += _NUMBER_WEIGHT
    return round(score - max(0, len(text) - _LONG_CHARACTERS) / _LONG_CHARACTERS, 6)


def _alike(one: _Candidate, other: _Candidate) -> bool:
    return len(one.words & other.words) >= ALIKE * len(one.words | other.words)
