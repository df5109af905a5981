"""How well, and how fast, the vault reads reports it has never seen: sample reports with known truth, as text, scan and photo."""

from __future__ import annotations

import os
import resource
import shutil
import time
from collections import defaultdict
from datetime import date
from pathlib import Path
from typing import NamedTuple

from benchmarks.scenario import Measurement, Outcome, Scenario, Size, Skipped
from benchmarks.statistics import percentile
from wipsie.slices.vault.domain.dates import find_dates
from wipsie.slices.vault.domain.files import FileAccepted, FileKind, FileLimits
from wipsie.slices.vault.domain.reading import Reading, Suggestions, suggest
from wipsie.slices.vault.domain.reading.lines import lines_of
from wipsie.slices.vault.gateways.examining import examine_path
from wipsie.slices.vault.gateways.report_reader import read_report
from wipsie.slices.vault.gateways.tesseract import HOW_TO_GET_IT, PROGRAM
from wipsie.slices.vault.gateways.thumbnails import thumbnail
from wipsie.testing.sample_reports import SAMPLES_TODAY, Answer, SampleReport, Score, make_reports

SEED = 3001
"""Never used while the rules were made."""
DATE_FIRST_BAR, DATE_AMONG_BAR, TYPE_BAR, HOSPITAL_BAR = 95.0, 99.0, 90.0, 85.0
TEXT_BAR_MS, PHOTO_BAR_MS = 1_000.0, 3_000.0
_FORMS = {"text_pdf": "PDF with text", "scanned_pdf": "scan", "photo": "photo"}


class _Card(NamedTuple):
    """What it took from the file to the card."""

    waited_ms: float
    processor_ms: float
    """On a machine with other work, a card waits longer than it works."""


def measure(size: Size, directory: Path) -> Outcome:
    """One process on one core: examine, read, suggest, thumbnail, as the pool does for a file that came in."""
    if shutil.which(PROGRAM) is None:
        raise Skipped(f"Tesseract is not installed. {HOW_TO_GET_IT}")
    count = size.pick(full=300, quick=60, smoke=4)
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    ours, elsewhere, first_wins = Score(), Score(), Score()
    cards: dict[str, list[_Card]] = defaultdict(list)
    path = directory / "report"
    for report in make_reports(SEED, count):
        path.write_bytes(report.content)
        started, used = time.perf_counter(), _processor_s()
        reading, suggestions = _card(path, report)
        cards[report.form].append(_Card((time.perf_counter() - started) * 1_000, (_processor_s() - used) * 1_000))
        ours.add(report.truth, _answer(suggestions))
        elsewhere.add(report.truth, _answer(suggest(reading, today=SAMPLES_TODAY)))
        first_wins.add(report.truth, Answer(dates=_first_date(reading)))
    path.unlink()
    return Outcome(
        measurements=[
            _percent(ours, "date right at once", ours.date_first, DATE_FIRST_BAR),
            _percent(ours, "date among three", ours.date_among, DATE_AMONG_BAR),
            _percent(ours, "date of birth offered", ours.birth_among, 0.0, lower_is_better=True),
            _percent(ours, "date shown as the answer", ours.sure_dates),
            _percent(ours, "date shown as the answer, wrong", ours.sure_dates_wrong, lower_is_better=True),
            _percent(elsewhere, "date right at once, country not known", elsewhere.date_first),
            _percent(elsewhere, "date among three, country not known", elsewhere.date_among),
            _percent(first_wins, "first date of the text right", first_wins.date_first),
            _percent(first_wins, "first date of the text is of birth", first_wins.birth_first, lower_is_better=True),
            _percent(ours, "type right", ours.kind, TYPE_BAR),
            _percent(ours, "hospital right", ours.hospital, HOSPITAL_BAR),
            _percent(ours, "hospital shown as the answer, wrong", ours.sure_hospitals_wrong, lower_is_better=True),
            *(one for form in _FORMS for one in _times(form, cards[form])),
        ],
        settings={
            "reports": count,
            "seed": SEED,
            "cores": 1,
            **{f"reports_{form}": len(times) for form, times in cards.items()},
        },
    )


def _card(path: Path, report: SampleReport) -> tuple[Reading, Suggestions]:
    limits = FileLimits()
    verdict = examine_path(path, report.media_type, report.file_name, limits)
    if not isinstance(verdict, FileAccepted):
        raise AssertionError(f"Report {report.number} is not taken: {verdict}")
    kind: FileKind = verdict.kind
    # As somebody who chose the language of the report.
    reading = read_report(path, kind, None, 60.0, (report.truth.language, "en"), limits=limits)
    suggestions = suggest(reading, (), report.truth.country, today=SAMPLES_TODAY)
    thumbnail(path, kind, None, limits)
    return reading, suggestions


def _answer(found: Suggestions) -> Answer:
    return Answer(
        dates=tuple(guess.date.first_day for guess in found.dates if guess.date.day is not None),
        hospital=found.hospitals[0].name if found.hospitals else None,
        kind=found.types[0].type if found.types else None,
        is_date_sure=found.sure_date is not None,
        is_hospital_sure=found.sure_hospital is not None,
        is_kind_sure=found.sure_type is not None,
    )


def _first_date(reading: Reading) -> tuple[date, ...]:
    """What a reader finds that takes the first date it meets, day before month."""
    text = "\n".join(line.text for line in lines_of(reading.words))
    return tuple(found.dates[0].first_day for found in find_dates(text, SAMPLES_TODAY.year)[:1])


def _processor_s() -> float:
    """Of this process, and of the programs it ran."""
    used = (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in used)


def _times(form: str, cards: list[_Card]) -> list[Measurement]:
    if not cards:
        return []
    waited_ms = [card.waited_ms for card in cards]
    processor_ms = [card.processor_ms for card in cards]
    bar = TEXT_BAR_MS if form == "text_pdf" else PHOTO_BAR_MS
    name = f"card of a {_FORMS[form]}"
    return [
        Measurement(name=f"{name}, p50", value=percentile(waited_ms, 0.5), unit="ms", lower_is_better=True),
        Measurement(name=f"{name}, p95", value=percentile(waited_ms, 0.95), unit="ms", bar=bar, lower_is_better=True),
        Measurement(
            name=f"{name}, processor time, p95", value=percentile(processor_ms, 0.95), unit="ms", lower_is_better=True
        ),
    ]


def _percent(
    score: Score, name: str, count: int, bar: float | None = None, *, lower_is_better: bool = False
) -> Measurement:
    return Measurement(name=name, value=score.share(count) * 100, unit="%", bar=bar, lower_is_better=lower_is_better)


SCENARIO = Scenario(
    name="vault_reading",
    title="Reading medical reports",
    run=measure,
    time_limit_s=3_600,
    repeats_max=1,
    needs=("tesseract",),
)
