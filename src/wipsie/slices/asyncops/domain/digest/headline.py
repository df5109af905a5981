"""The headline: at most three sentences from fixed templates, filled with counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from wipsie.slices.asyncops.domain.digest.content import AttentionItem, Count

_WORDS = {
    "incident": ("major incident", "major incidents"),
    "update_overdue": ("overdue update", "overdue updates"),
    "hard_blocker": ("person standing still", "people standing still"),
    "dead_letters": ("queue with more dead letters", "queues with more dead letters"),
    "follow_up": ("overdue follow-up", "overdue follow-ups"),
    "decision": ("decision that waits", "decisions that wait"),
}


def many(count: int, one: str, more: str | None = None) -> str:
    """``1 thing``, ``2 things``."""
    return f"{count} {one if count == 1 else more or f'{one}s'}"


def headline(
    items: Sequence[AttentionItem], counts: Mapping[str, Count], health: Mapping[str, int], *, expected: int
) -> list[str]:
    """What needs somebody; what changed; what people said."""
    return [_needs(items), *_changed(counts), *_said(counts, health, expected)]


def _needs(items: Sequence[AttentionItem]) -> str:
    if not items:
        return "Nothing needs anybody today."
    kinds = Counter(one.kind for one in items)
    parts = [many(kinds[kind], *words) for kind, words in _WORDS.items() if kinds[kind]]
    verb = "needs" if len(items) == 1 else "need"
    return f"{many(len(items), 'thing')} {verb} somebody today: {joined(parts)}."


def joined(parts: Sequence[str]) -> str:
    """``a, b and c``."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def _changed(counts: Mapping[str, Count]) -> list[str]:
    parts: list[str] = []
    for name, one, more in (
        ("incidents_opened", "incident came up", "incidents came up"),
        ("incidents_resolved", "was resolved", "were resolved"),
        ("blockers_new", "blocker is new", "blockers are new"),
        ("blockers_resolved", "blocker is gone", "blockers are gone"),
        ("decisions_made", "decision was made", "decisions were made"),
    ):
        value = counts[name].value or 0
        if value:
            noun = "" if name != "incidents_resolved" or counts["incidents_opened"].value else "incident"
            plural = noun and f"{noun}s"
            parts.append(many(value, f"{noun} {one}".strip(), f"{plural} {more}".strip()))
    return [f"{joined(parts)}."] if parts else []


def _said(counts: Mapping[str, Count], health: Mapping[str, int], expected: int) -> list[str]:
    written = counts["updates"].value or 0
    if not expected and not written:
        return []
    troubles = [
        f"{health[name]} {words}"
        for name, words in (("off_track", "off track"), ("at_risk", "at risk"))
        if health[name]
    ]
    how = f", {joined(troubles)}" if troubles else ""
    if not written:
        return ["There are no updates."]
    return [f"{written} of {max(expected, written)} wrote an update{how}."]
