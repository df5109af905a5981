"""What kind of report it is, by the words in its title and its body."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import msgspec

from wipsie.slices.vault.domain.catalogue.report_types import REPORT_TYPES, ReportType
from wipsie.slices.vault.domain.reading.lines import Line
from wipsie.slices.vault.domain.words import levelled

GUESSES_MAX = 3
CLEARLY = 2.0
"""The best must be so many times the second."""
_TITLE_POINTS = 4.0
_TITLE_CHARACTERS = 48
_TITLE_LINES_TOP = 0.5

_TITLES: Mapping[ReportType, str] = {
    "blood_test": (
        r"lab(?:oratory)? report|test report|pathology report|h(?:a)?ematolog|biochemistr|blood (?:test|count|report)|lipid|"
        r"liver function|thyroid|glycosyl|kidney (?:panel|function)|urine|serolog|microbiolog|laborbefund|laborbericht|blutbild|"
        r"klinische chemie|informe (?:de laboratorio|analitico)|analisis|hemograma|bioquimica|laudo laboratorial|exames laborator|"
        r"resultados? de exame|resultados de analisis|रक्त|खून"
    ),
    "imaging": (
        r"x-?ray|radiograph|radiolog|ultraso|\busg\b|\bmri\b|\bct\b|scan|echocardio|mammogra|doppler|rontgen|\bmrt\b|sonogra|"
        r"radiografia|ecografia|resonancia|tomografia|raio-?x|ultrassom|ultrassonografia|ressonancia|एक्स-?रे|अल्ट्रासाउंड"
    ),
    "prescription": (
        r"prescri|\brx\b|receta|receituario|receita|rezept|verordnung|medikationsplan|medication (?:plan|chart)|पर्चा|नुस्खा"
    ),
    "discharge_summary": (
        r"discharge (?:summary|card|report|note)|summary at discharge|(?:informe|relatorio|sumario|resumo|resumen) de (?:alta|egreso)|"
        r"epicrisis|entlass\w*brief|entlass\w*bericht|arztbrief zur entlassung|छुट्टी"
    ),
    "vaccination": r"vaccin|immuni[sz]|vacunacion|vacinacao|impf|टीका",
    "bill": (
        r"\bbill\b|invoice|\breceipt\b|statement of account|factura|\brecibo\b|\bfatura\b|nota fiscal|rechnung|liquidation|बिल|रसीद"
    ),
    "other": (
        r"(?:fitness|sick leave|medical|leave) certificate|referral|certificado medico|atestado|bescheinigung|certificate of fitness|"
        r"uberweisung|encaminhamento|प्रमाण"
    ),
}
_BODIES: Mapping[ReportType, str] = {
    "blood_test": (
        r"h(?:a)?emoglobin|\brbc\b|\bwbc\b|platelet|cholesterol|triglycer|creatinin|glucose|bilirubin|\btsh\b|hba1c|neutrophil|"
        r"reference range|biological ref|specimen|sample collected|mg/d|g/dl|hemoglobina|leucocitos|plaquetas|glucosa|glicose|"
        r"creatinina|ureia|valor(?:es)? de referencia|hamoglobin|leukozyten|thrombozyten|erythrozyten|kreatinin|referenzbereich|"
        r"probenentnahme|blutentnahme"
    ),
    "imaging": (
        r"\bimpression\b|\bfindings\b|\btechnique\b|lung fields|echotexture|vertebra|disc bulge|contrast|hallazgos|achados|"
        r"beurteilung|campos pulmonares|infiltrat|study date|fecha del estudio"
    ),
    "prescription": (
        r"\btab\.? |\bcap\.? |\bsyp\.? |\bdosage\b|\bmedicine\b|after food|bedtime|\b[01]-[01]-[01]\b|x \d+ days|posologia|"
        r"medicamento|comprimido|dosierung|medikament\b|filmtablet|twice daily"
    ),
    "discharge_summary": (
        r"course in (?:the )?hospital|condition at discharge|advice on discharge|date of discharge|discharge(?:d)? (?:on|date)|"
        r"date of admission|admi(?:tted|ssion) (?:on|date)|tratamiento al alta|orientacoes de alta|entlassungsmedikation|"
        r"entlass\w+ ?(?:am|datum)|\bverlauf\b|\bevolucion\b|\bevolucao\b"
    ),
    "vaccination": (
        r"\bdose\b|\bbatch\b|\bdosis\b|\blote\b|\bcharge\b|influenza|hepatiti[st]|tetan|\bmmr\b|typhoid|impfstoff|\bvacuna\b|\bvacina\b"
    ),
    "bill": (
        r"\bqty\b|\bamount\b|particulars|net payable|grand total|\bgst\b|discount|room rent|charges|\bimporte\b|cantidad|total a pagar|"
        r"importe total|valor total|\bqtd\b|betrag|anzahl|\bgoa\b|zahlbar"
    ),
    "other": r"this is to certify|fit to resume|kindly examine|advised rest|se certifica|atesto que|hiermit wird bestatigt",
}
_TITLE_PATTERNS: dict[ReportType, re.Pattern[str]] = {kind: re.compile(words) for kind, words in _TITLES.items()}
_BODY_PATTERNS: dict[ReportType, re.Pattern[str]] = {kind: re.compile(words) for kind, words in _BODIES.items()}
_BODY_POINTS: Mapping[ReportType, float] = {"other": 3.0}
_BODY_DIFFERENT_MAX = 6


class TypeGuess(msgspec.Struct, frozen=True, kw_only=True):
    """A kind it may be."""

    type: ReportType
    score: float
    is_clear: bool
    """At least twice the score of the next: it may be shown as the answer. At most one is."""


def guess_types(lines: Sequence[Line], letterhead: str = "") -> tuple[TypeGuess, ...]:
    """The best guesses, the best first; none without any known word. `letterhead`: the line that names the house, which is no
    title: an imaging centre writes bills too."""
    scores: dict[ReportType, float] = dict.fromkeys(REPORT_TYPES, 0.0)
    for line in lines:
        if line.text == letterhead or not _may_be_title(line):
            continue
        text = levelled(line.text)
        for kind, pattern in _TITLE_PATTERNS.items():
            if pattern.search(text):
                scores[kind] += _TITLE_POINTS
    body = levelled("\n".join(line.text for line in lines if line.text != letterhead))
    for kind, pattern in _BODY_PATTERNS.items():
        different = {found[0] for found in pattern.finditer(body)}
        scores[kind] += min(len(different), _BODY_DIFFERENT_MAX) * _BODY_POINTS.get(kind, 1.0)
    scored: list[tuple[float, ReportType]] = [(score, kind) for kind, score in scores.items() if score > 0]
    ranked = sorted(scored, key=lambda one: -one[0])
    return tuple(
        TypeGuess(
            type=kind,
            score=round(score, 1),
            is_clear=place == 0 and (len(ranked) == 1 or score >= CLEARLY * ranked[1][0]),
        )
        for place, (score, kind) in enumerate(ranked[:GUESSES_MAX])
    )


def _may_be_title(line: Line) -> bool:
    """A short line by itself in the upper half of the first page: what has something beside it is a row of a table."""
    beside = sum(any(sign.isalnum() for sign in cell.text) for cell in line.cells)
    return (
        line.page == 0
        and line.top <= _TITLE_LINES_TOP
        and beside == 1
        and len(line.text) <= _TITLE_CHARACTERS
        and ":" not in line.text
    )
