"""What forms call their dates, in the languages of the vault, and how much each of them counts as the date of a report.

Labels are known by their stems, as `levelled` leaves them: small letters without accents.
"""

from __future__ import annotations

import re
from typing import Literal

import msgspec

DateRole = Literal[
    "reported",
    "issued",
    "written",
    "collected",
    "study",
    "discharge",
    "admission",
    "visit",
    "bill",
    "given",
    "date",
    "received",
    "registered",
    "printed",
    "surgery",
    "earlier",
    "ends",
    "birth",
    "none",
]
"""reported … date: of the report, the first more than the last (written: a letter begins with it, behind the town); received, registered, printed: near it; surgery: within a stay;
earlier: of another report; ends: of what is valid, due or planned; birth: of birth or age; none: no label."""

SCORES: dict[DateRole, float] = {
    "reported": 5,
    "issued": 4.5,
    "written": 4.2,
    "collected": 4,
    "study": 4,
    "discharge": 3.5,
    "visit": 3,
    "bill": 3,
    "given": 3,
    "date": 3,
    "admission": 2.5,
    "received": 2,
    "registered": 1.5,
    "printed": 1,
    "surgery": 0.5,
    "none": 0,
    "earlier": -9,
    "ends": -9,
    "birth": -9,
}
# The first three are above the others: whatever else a label says, it is of birth, of an end, or of something earlier.
_STEMS: tuple[tuple[DateRole, str], ...] = (
    (
        "birth",
        (
            r"birth|\bd\.? ?o\.? ?b\b|\bborn|\bage\b|nacimiento|\bnac\b|nacid|\bf\.? ?n\b|\bedad\b|nascimento|\bnasc\b|nascid"
            r"|\bd\.? ?n\b|\bidade\b|geburt|\bgeb\b|geboren|\balter\b|जन्म|आयु|उम्र"
        ),
    ),
    (
        "ends",
        (
            r"\bvalid(?:ity)?\b|expir|\bnext\b|follow|\breview\b|\bdue\b|appointment|licen[cs]e|accredit|\blmp\b|\bedd\b|"
            r"valid[oa] (?:hasta|ate)|vigencia|\bvence|vencimient|vencimento|caducidad|proxim|\brevision\b|\bcita\b|licencia|acredita|"
            r"validade|retorno|alvara|licenca|gultig|ablauf|verfall|verwendbar|haltbar|nachst|wiedervorstell|zahlbar|fallig|"
            r"akkreditier|zertifikat gul|अगली|अगला|वैध|समाप्ति"
        ),
    ),
    (
        "earlier",
        (
            r"previous|\bprior\b|compar|\blast\b|\bsince\b|previ[oa]\b|anterior|ultim[oa]\b|vergleich|vorbefund|voruntersuch|"
            r"letzte|पिछल"
        ),
    ),
    (
        "surgery",
        r"(?:surg\w*|operat\w*|procedure|intervencion|cirurgia|cirugia)(?: (?:perform|done|realizad)\w*)?|सर्जरी",
    ),
    ("printed", r"print|impress?[oa]|impresion|impressao|druck|मुद्रित"),
    ("received", r"receiv|rece[pb]cion|recib|receb|eingang|प्राप्त"),
    ("registered", r"regist|\bregd\b|\breg\b|book|\border|sistema|cadastr|\bpedido|auftrag|erfasst|पंजीकरण"),
    (
        "collected",
        r"collect|sampl|specimen|\bdrawn\b|\btoma\b|extraccion|muestra|colet|colheita|entnahme|entnommen|abnahme|नमूना",
    ),
    ("study", r"stud[iy]|estudio|\bexam(?!p)|\bscan|perform|\btest|exploracion|realiza|untersuch|जांच"),
    (
        "reported",
        r"report|result|releas|approv|author|validat|verif|signed|complet|validad|\bfinal|inform|resultad|laudo|liberad|befund|bericht|रिपोर्ट",
    ),
    ("issued", r"issue|certificate date|emision|emissao|emitid|expedi|ausgestellt|ausstell|जारी"),
    ("discharge", r"discharg|\bd\.? ?o\.? ?d\b|\balta\b|entlass|छुट्टी"),
    ("admission", r"admi(?:t|ssion|ss?ao|sao)|\bd\.? ?o\.? ?a\b|ingreso|internac|aufnahme|aufgenommen|भर्ती"),
    ("bill", r"\bbill|invoice|receipt|factura|fatura|rechnung|बिल"),
    ("given", r"\bgiven|administ|vaccin|immuni|aplicac|vacuna|vacina|\bdos[ei]|impf|geimpft|टीका"),
    ("visit", r"visit|consult|\bopd\b|\bseen\b|atendiment|behandl|vorstell|परामर्श"),
    ("date", r"\bdated?\b|\bfecha\b|\bdata\b|datum|दिनांक|तारीख|\bdia\b"),
)
_PATTERNS: tuple[tuple[DateRole, re.Pattern[str]], ...] = tuple((role, re.compile(pattern)) for role, pattern in _STEMS)
_BEFORE_ALL: frozenset[DateRole] = frozenset({"birth", "ends", "earlier"})
_WORD = re.compile(r"[^\s/|&,;()\[\]-]+")
_WORD_MIN = 3
_CONNECTING = frozenset(
    {"and", "date", "del", "den", "der", "des", "dos", "for", "from", "hora", "hrs", "lab", "las", "los", "the"}
) | {
    *("time", "uhr", "und", "vom", "von", "zum", "zur"),
}
"""Between the words of labels, saying nothing."""
_PHRASE_END = re.compile(r"[;|\n•]|[.!?] +(?=\S)|:")
_ABBREVIATIONS = re.compile(r"\b(?:[a-z]\.(?: ?[a-z]\.)*|regd?\.|geb\.|nac\.|nasc\.|dr\.|no\.|ref\.|st\.)")
PHRASE_CHARACTERS_MAX = 60


class Label(msgspec.Struct, frozen=True):
    """What a date is called."""

    role: DateRole
    distance: int
    """Characters between the label and the end of the phrase."""

    @property
    def score(self) -> float:
        return SCORES[self.role]


NO_LABEL = Label("none", 0)


def label_of(phrase: str) -> Label:
    """What words before or above a date call it; nothing where other words outweigh those of labels, but for birth, ends and what was
    earlier. `phrase`: levelled, in the order of reading; its end is nearest to the date."""
    # OCR sees blank lines of forms as underscores.
    last = _last_phrase(phrase.replace("_", " "))
    best: Label | None = None
    for role, pattern in _PATTERNS:
        end = -1
        for found in pattern.finditer(last):
            end = found.end()
        if end < 0:
            continue
        label = Label(role, len(last) - end)
        if role in _BEFORE_ALL:
            return label
        # "Date" alone counts where nothing says of what.
        if best is None or (role != "date" and label.distance < best.distance):
            best = label
    return best if best is not None and _is_said_of_a_date(last) else NO_LABEL


def _is_said_of_a_date(phrase: str) -> bool:
    """Whether most of its words, or the last two or more, are of labels: people are called Sample and Bill, too."""
    spans = [found.span() for _, pattern in _PATTERNS for found in pattern.finditer(phrase)]
    known = unknown = known_at_last = 0
    for word in _WORD.finditer(phrase):
        if any(start < word.end() and end > word.start() for start, end in spans):
            known += 1
            known_at_last += 1
        elif word[0] not in _CONNECTING and sum(sign.isalpha() for sign in word[0]) >= _WORD_MIN:
            unknown += 1
            known_at_last = 0
    return unknown < known or known_at_last >= 2


def _last_phrase(phrase: str) -> str:
    """The last one that has letters in it: a colon ends a label, and what follows it is what the next label follows."""
    kept = _ABBREVIATIONS.sub(lambda found: found[0].replace(".", "\x00"), phrase)
    parts = [part for part in _PHRASE_END.split(kept) if any(sign.isalpha() for sign in part)]
    return parts[-1].replace("\x00", ".")[-PHRASE_CHARACTERS_MAX:].rstrip() if parts else ""
