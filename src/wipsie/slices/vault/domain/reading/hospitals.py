"""Who wrote a report: a name its owner has confirmed before, one of a public list, or what the letterhead says.

owner's confirmed names ─► aliases of a public list ─► much like one of them ─► letterhead
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

import msgspec
from rapidfuzz import fuzz

from wipsie.slices.vault.domain.reading.lines import Cell, Line
from wipsie.slices.vault.domain.words import folded, levelled

HospitalSource = Literal["confirmed", "alias", "alike", "letterhead"]
GUESSES_MAX = 3
ALIKE_FROM = 90.0
NAME_CHARACTERS = (2, 80)
SURE_FROM = 0.8
_HEAD = 0.28
"""Letterheads stand in so much of the first page; a strip of paper from a till has nothing else."""
_KNOWN_LENGTH_MIN = 5
_READABLE = 60.0
_HOUSE = re.compile(
    r"hospital|clinic|\bklinik|krankenhaus|\bpraxis|laborator|\blabor|\blabs?\b|diagnos|patholog|imaging|radiolog|\bscans?\b|"
    r"medical|medic[oa]\b|medicina|health|\bcentre\b|\bcenter\b|\bcentro\b|nursing home|surgery|sanatorio|consultorio|policlinic|"
    r"polyclinic|santa casa|casa de saude|maternidade|institut|arztehaus|\bmvz\b|rontgen|practice|imagen|analisis|analises|"
    r"अस्पताल|क्लिनिक|चिकित्सा|लैब"
)
_NOT_A_NAME = re.compile(
    r"@|www\.|https?:|\.example|\btel\b|\bph\b|phone|\bfax\b|\bmob|e-?mail|\broad\b|\bstreet\b|\blane\b|\bavenue\b|\bcalle\b|"
    r"avenida|\brua\b|strasse|straße|\bweg\b|[0-9]{4}|\bpage\b|pagina|seite|24 ?x ?7|\bsince\b|\ba unit of\b|pvt"
)
_PERSON = re.compile(r"\b(?:dr|dra|prof|mr|mrs|ms|shri|smt)\b\.?(?: med\.?)? |\bmbbs\b|\bm\.?d\.?\b|\bfrcs\b|\bcrm\b")
_TITLE = re.compile(
    r"report|summary|prescription|certificate|invoice|\bbill\b|receipt|record|befund|bericht|brief|rezept|verordnung|rechnung|"
    r"bescheinigung|nachweis|medikationsplan|liquidation|informe|receta|prescripcion|certificado|cartilla|factura|recibo|resumen|"
    r"resultado|laudo|exames|receitu|receita|atestado|carteira|fatura|nota fiscal|sumario|relatorio|resumo|department|referral|"
    r"\brx\b|opd|x-?ray|ultraso|\busg\b|\bmri\b|\bct\b|mammogra|echocardio|radiografia|ecografia|resonancia|ressonancia|"
    r"raio-?x|tomografia|\bmrt\b|sonogra|patient|paciente|\bname\b|\bnombre\b|\bnome\b"
)
_LABEL = re.compile(r":\s*\S|:\s*$")


class HospitalGuess(msgspec.Struct, frozen=True, kw_only=True):
    """A name it may be."""

    name: str
    """As the owner or the list writes it, else as the letterhead does, in ordinary capitals."""
    source: HospitalSource
    confidence: float
    """0 to 1. From `SURE_FROM` on it may be shown as the answer."""


class _Head(msgspec.Struct, frozen=True, kw_only=True):
    """A line that may be the name of the house."""

    name: str
    score: float
    readable: float
    """0 to 100, of its least readable word."""
    line: Line


def guess_hospitals(
    lines: Sequence[Line], known: Sequence[str] = (), aliases: Mapping[str, str] | None = None
) -> tuple[HospitalGuess, ...]:
    """The best guesses, the best first, each name once. `known`: names that this owner confirmed; `aliases`: other writings of
    names of a public list, and the names themselves, to the name."""
    heads = _heads(lines)
    guesses = [
        *_from_names(heads, {name: name for name in known}, "confirmed"),
        *_from_names(heads, aliases or {}, "alias"),
        *_from_heads(heads),
    ]
    best: dict[str, HospitalGuess] = {}
    for guess in guesses:
        known_guess = best.get(folded(guess.name))
        if known_guess is None or guess.confidence > known_guess.confidence:
            best[folded(guess.name)] = guess
    return tuple(sorted(best.values(), key=lambda guess: -guess.confidence)[:GUESSES_MAX])


def letterhead_line(lines: Sequence[Line]) -> str:
    """The text of the line that most likely names the house; empty where none does."""
    heads = _heads(lines)
    return heads[0].line.text if heads else ""


def _from_names(heads: Sequence[_Head], names: Mapping[str, str], source: HospitalSource) -> Iterable[HospitalGuess]:
    for written, name in names.items():
        wanted = _normal(written)
        if len(wanted) < _KNOWN_LENGTH_MIN:
            alike = 100.0 if any(wanted == _normal(head.name) for head in heads) else 0.0
        else:
            alike = max((_alike(wanted, _normal(head.name)) for head in heads), default=0.0)
        if alike >= 100.0:
            yield HospitalGuess(name=name, source=source, confidence=0.98 if source == "confirmed" else 0.95)
        elif alike >= ALIKE_FROM:
            yield HospitalGuess(name=name, source="alike", confidence=round(0.9 + (alike - ALIKE_FROM) / 250, 2))


def _alike(wanted: str, head: str) -> float:
    if f" {wanted} " in f" {head} ":
        return 100.0
    return fuzz.ratio(wanted, head)


def _from_heads(heads: Sequence[_Head]) -> Iterable[HospitalGuess]:
    for place, head in enumerate(heads[:GUESSES_MAX]):
        lead = head.score - heads[place + 1].score if place + 1 < len(heads) else 2.0
        confidence = 0.45 + min(head.score, 5.0) / 12 + min(lead, 1.5) / 15 - place * 0.25
        if head.readable < _READABLE:
            confidence -= 0.2
        yield HospitalGuess(name=head.name, source="letterhead", confidence=round(min(max(confidence, 0.05), 0.89), 2))


def _heads(lines: Sequence[Line]) -> list[_Head]:
    """Lines that may name the house, the likeliest first."""
    first = [line for line in lines if line.page == 0]
    until = _first_field(first)
    cells = [
        (line, cell) for line in first[:until] for cell in line.cells if cell.top < max(_HEAD, first[0].top + _HEAD)
    ]
    tallest = max((cell.height for _, cell in cells), default=0.0)
    heads: list[_Head] = []
    for place, (line, cell) in enumerate(cells):
        score = _head_score(cell, tallest, place)
        name = _name(cell.text)
        if score > 0 and NAME_CHARACTERS[0] <= len(name) <= NAME_CHARACTERS[1]:
            heads.append(_Head(name=name, score=score, readable=min(word.confidence for word in cell.words), line=line))
    return sorted(heads, key=lambda head: -head.score)


def _first_field(lines: Sequence[Line]) -> int:
    """Where the block of labels and values begins; what stands there is of the patient, and of whoever sent them."""
    for number, line in enumerate(lines):
        if number > 0 and re.search(
            r"\b(?:patient|paciente|name|nombre|nome|patienten?)\b ?(?:name)?", levelled(line.text)
        ):
            return number
    return len(lines)


def _head_score(cell: Cell, tallest: float, place: int) -> float:
    text = levelled(cell.text)
    letters = sum(sign.isalpha() for sign in text)
    if letters < 3 or _LABEL.search(text) or _NOT_A_NAME.search(text):
        return 0.0
    score = 2.5 * (cell.height / tallest) ** 2 if tallest > 0 else 0.0
    is_house = _HOUSE.search(text) is not None
    score += 2.0 if is_house else 0.0
    score += 1.0 if place == 0 else max(0.0, 0.6 - 0.2 * place)
    if _PERSON.search(text):
        score -= 2.5
    if _TITLE.search(text):
        score -= 2.0 if is_house else 3.0
    return score


def _name(text: str) -> str:
    """As people write a name: no shouting, no rubbish at its ends."""
    name = text.strip(" .,;:|-–—_*'\"“”()[]{}<>=~")
    letters = [sign for sign in name if sign.isalpha()]
    if letters and all(sign.isupper() for sign in letters if sign.upper() != sign.lower()) and len(letters) > 4:
        return name.title().replace("'S ", "'s ")
    return name


def _normal(name: str) -> str:
    return " ".join(re.sub(r"[^\w\s]|_", " ", folded(name)).split())
