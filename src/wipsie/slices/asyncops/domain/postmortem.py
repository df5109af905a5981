"""Postmortems: their life, and the first draft, made of what an incident's timeline tells.

draft ──► in_review ──► reviewed ──► closed        and back by one, from each
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta

import msgspec

from wipsie.kernel.clock import utc_datetime
from wipsie.kernel.durations import format_duration
from wipsie.slices.asyncops.domain.machine import Machine
from wipsie.slices.asyncops.domain.markdown import embedded, words
from wipsie.slices.asyncops.domain.milestones import Durations, Times, durations

DRAFT, IN_REVIEW, REVIEWED, CLOSED = STATES = ("draft", "in_review", "reviewed", "closed")
POSTMORTEMS = Machine(
    {DRAFT: (IN_REVIEW,), IN_REVIEW: (REVIEWED, DRAFT), REVIEWED: (CLOSED, IN_REVIEW), CLOSED: (REVIEWED,)}
)

SECTIONS = {
    "summary": "Summary",
    "impact": "Impact",
    "timeline": "Timeline",
    "contributing_factors": "Contributing factors",
    "went_well": "What went well",
    "follow_ups": "Follow-ups",
}
"""Titles by name, in their order."""
_FACTORS = """- What had to come together for this to happen?
- What made it worse, or last longer?
- What did people know, and what did they have to guess?"""
_WENT_WELL = """- What kept it from being worse?
- What should be done the same way again?"""
_NOTHING = "Nothing is written down yet."
_LIMIT_BYTES = 18_000
"""Of a section's draft; what is longer ends with a word about it."""

SEV1_DAYS = 3
SEV2_WORKING_DAYS = 5


class Happening(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a timeline."""

    at_ms: int
    id: str
    """Later ones sort later: the order of what happened at the same time."""
    who: str
    """A name; empty for Wipsie itself."""
    what: str


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """One follow-up."""

    text: str
    owner: str
    due_on: str | None
    state: str
    reason: str


class Material(msgspec.Struct, frozen=True, kw_only=True):
    """All that a draft is made of: the same material makes the same draft."""

    severity: str
    summary: str
    customer_impact: str
    affected: Sequence[str]
    times: Times
    happenings: Iterable[Happening]
    tasks: Iterable[Task]


def draft(material: Material) -> dict[str, str]:
    """The sections, in Markdown."""
    happenings = sorted(material.happenings, key=lambda one: (one.at_ms, one.id))
    return {
        "summary": material.summary.strip() or _NOTHING,
        "impact": _impact(material),
        "timeline": _listed(_happening(one) for one in happenings),
        "contributing_factors": _FACTORS,
        "went_well": _WENT_WELL,
        "follow_ups": _listed(_task(one) for one in material.tasks),
    }


def due_ms(severity: str, since_ms: int) -> int | None:
    """By when it should be written: 3 days after a sev1, 5 working days (Monday to Friday, UTC) after a sev2, whenever
    there is time for others."""
    if severity == "sev1":
        return since_ms + SEV1_DAYS * 86_400_000
    if severity != "sev2":
        return None
    moment, left = utc_datetime(since_ms), SEV2_WORKING_DAYS
    while left:
        moment += timedelta(days=1)
        left -= moment.weekday() < 5
    return since_ms + round((moment - utc_datetime(since_ms)).total_seconds()) * 1000


def document(heading: str, facts: Mapping[str, str], sections: Mapping[str, str]) -> str:
    """A postmortem as one Markdown document. Heading and facts are plain texts, sections are Markdown."""
    lines = [f"# {words(heading)}", "", *(f"- {name}: {words(value)}" for name, value in facts.items())]
    for name, title in SECTIONS.items():
        text = embedded(sections.get(name, ""), 2).strip()
        lines += ["", f"## {title}", "", text or _NOTHING]
    return "\n".join(lines) + "\n"


def duration_facts(taken: Durations) -> dict[str, str]:
    """How long parts took, for people."""
    told = {
        "Time to detect": taken.time_to_detect_ms,
        "Time to acknowledge": taken.time_to_acknowledge_ms,
        "Time to mitigate": taken.time_to_mitigate_ms,
        "Time to resolve": taken.time_to_resolve_ms,
    }
    return {name: format_duration(took_ms / 1000) for name, took_ms in told.items() if took_ms is not None}


def _impact(material: Material) -> str:
    lines = [f"- {name}: {text}" for name, text in duration_facts(durations(material.times)).items()]
    if material.affected:
        lines.insert(0, f"- Affected: {', '.join(words(name) for name in material.affected)}")
    return "\n".join([material.customer_impact.strip() or _NOTHING, "", *lines]).strip()


def _happening(one: Happening) -> str:
    moment = utc_datetime(one.at_ms)
    who = f"{words(one.who)}: " if one.who else ""
    return f"{moment:%Y-%m-%d %H:%M} UTC, {who}{words(one.what)}"


def _task(one: Task) -> str:
    parts = [one.state.replace("_", " ")]
    parts += [words(one.owner)] if one.owner else []
    parts += [f"due {one.due_on}"] if one.due_on else []
    parts += [words(one.reason)] if one.reason else []
    return f"{words(one.text)} ({', '.join(parts)})"


def _listed(lines: Iterable[str]) -> str:
    found, length = list[str](), 0
    rest = 0
    for text in lines:
        length += len(text.encode()) + 3
        if length > _LIMIT_BYTES:
            rest += 1
        else:
            found.append(f"- {text}")
    if rest:
        found.append(f"- and {rest} more, on the timeline of the incident")
    return "\n".join(found) or _NOTHING
