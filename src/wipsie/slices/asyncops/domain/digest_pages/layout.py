"""Lays a digest out: what needs somebody first, then what changed, then what people said, then how the pipelines are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from wipsie.slices.asyncops.domain.digest.content import (
    AttentionItem,
    BlockerLine,
    Count,
    DecisionLine,
    Digest,
    FollowUpLine,
    IncidentLine,
    QueueLine,
    UpdateLine,
)
from wipsie.slices.asyncops.domain.digest.headline import joined, many
from wipsie.slices.asyncops.domain.digest_pages import phrases
from wipsie.slices.asyncops.domain.digest_pages.outline import (
    SHOWN_MAX,
    Group,
    Line,
    Outline,
    Section,
    Tile,
    Tone,
    group,
    section,
)

POINTS_SHOWN = 3
"""Points of one update, done and next each."""
_SEVERITY_TONES: dict[str, Tone] = {"sev1": "bad", "sev2": "bad", "sev3": "warn", "hard": "bad", "soft": "warn"}
_HEALTH: dict[str, tuple[str, Tone]] = {
    "on_track": ("on track", "good"),
    "at_risk": ("at risk", "warn"),
    "off_track": ("off track", "bad"),
}
_COUNTED = {
    "incidents_opened": "Incidents that came up",
    "incidents_resolved": "Incidents resolved",
    "incidents_open": "Incidents open",
    "blockers_open": "Blockers standing",
    "decisions_waiting": "Decisions waiting",
    "follow_ups_overdue": "Follow-ups overdue",
    "updates": "People who wrote",
    "failures": "Tasks that failed",
}
_NAMES = {
    "incidents": "incidents",
    "blockers": "blockers",
    "decisions": "decisions",
    "follow_ups": "follow-ups",
    "queues": "pipelines",
}


def lay_out(
    digest: Digest, *, path: str | None = None, sections: Sequence[str] | None = None, person: str | None = None
) -> Outline:
    """The outline. `path`: where the summary is; `sections`: only these, None for all; `person`: whose it is, which puts what
    concerns them in front."""
    parts = (
        _attention(digest),
        _incidents(digest),
        _blockers(digest),
        _decisions(digest),
        _follow_ups(digest),
        _updates(digest),
        _queues(digest),
        _trends(digest),
    )
    shown = [one for one in parts if one is not None and (sections is None or one.name in sections)]
    own = _own(digest, person) if person is not None else None
    # Only what was asked for can be missed.
    quiet = [_NAMES[one] for one in digest.quiet if sections is None or one in sections]
    return Outline(
        title=f"Daily summary for {phrases.day(digest.window.date)}",
        period=_period(digest),
        headline=digest.headline,
        tiles=_tiles(digest),
        sections=[*([] if own is None else [own]), *shown],
        quiet=f"All quiet: {joined(quiet)}." if quiet else "",
        path=path,
    )


def subject(digest: Digest) -> str:
    """Of the mail: the day, and how many things need somebody."""
    count = digest.attention.total
    what = f"{many(count, 'thing')} {'needs' if count == 1 else 'need'} somebody" if count else "nothing urgent"
    return f"Summary of {phrases.day(digest.window.date)}: {'all quiet' if digest.all_quiet else what}"


def _period(digest: Digest) -> str:
    window = digest.window
    start, end = (phrases.moment(one, window.tz) for one in (window.start, window.end))
    return f"{start} to {end}, {window.tz}"


def _tiles(digest: Digest) -> list[Tile]:
    counts = digest.counts
    updates = digest.updates
    written = counts["updates"].value or 0
    return [
        _tile("Open incidents", counts["incidents_open"], "bad"),
        _tile("Blockers", counts["blockers_open"], "warn"),
        Tile(label="Updates", value=f"{written} of {max(written, updates.expected)}", note=_moods(digest.health)),
        _tile("Dead letters", counts["dead_letters"], "bad"),
    ]


def _tile(label: str, count: Count, tone: Tone) -> Tile:
    if count.value is None:
        return Tile(label=label, value="–", note="not known")
    return Tile(
        label=label,
        value=str(count.value),
        note=phrases.change(count.delta),
        tone=tone if count.value else "good",
    )


def _moods(health: dict[str, int]) -> str:
    parts = [f"{health[name]} {_HEALTH[name][0]}" for name in ("off_track", "at_risk") if health.get(name)]
    return ", ".join(parts)


def _attention(digest: Digest) -> Section | None:
    items = digest.attention
    lines = [_attention_line(digest, one) for one in items.items]
    return section("attention", "Needs somebody today", [group("", lines, items.total)])


def _own(digest: Digest, person: str) -> Section | None:
    """What concerns one person."""
    mine = [one for one in digest.attention.items if person in one.people]
    lines = [_attention_line(digest, one) for one in mine]
    waiting = [one for one in digest.blockers.open.items if one.waiting_on == person]
    lines += [_blocker_line(digest, one) for one in waiting if not any(item.label == one.number for item in mine)]
    soon = [one for one in digest.follow_ups.due_soon.items if one.owner == person]
    lines += [_follow_up_line(digest, one) for one in soon]
    return section("own", "Yours", [group("", lines, len(lines))])


def _attention_line(digest: Digest, item: AttentionItem) -> Line:
    hours = item.age_h or 0.0
    people = [digest.name_of(one) for one in item.people]
    badge, note = {
        "incident": (item.severity or "", f"open for {phrases.age(hours)}"),
        "update_overdue": ("no word", f"last word {phrases.age(hours)} ago"),
        "hard_blocker": ("blocked", f"for {phrases.age(hours)}"),
        "dead_letters": ("dead letters", f"{item.amount} there, {phrases.change(item.delta)}"),
        "follow_up": ("overdue", phrases.days_late(item.amount or 0)),
        "decision": ("waits", f"proposed {phrases.age(hours)} ago"),
    }[item.kind]
    tone: Tone = "warn" if item.kind in ("follow_up", "decision", "update_overdue") else "bad"
    text = item.title if item.title != item.label else ""
    return Line(
        badge=badge, tone=tone, label=item.label, path=item.path, text=text, note=_notes(note, ", ".join(people))
    )


def _notes(*parts: str) -> str:
    return " · ".join(part for part in parts if part)


def _incidents(digest: Digest) -> Section | None:
    part = digest.incidents
    is_new = {one.id for one in part.opened.items}

    def opened(one: IncidentLine) -> Line:
        word = "no word yet" if one.last_update_h is None else f"last word {phrases.age(one.last_update_h)} ago"
        return Line(
            badge=one.severity,
            tone=_SEVERITY_TONES.get(one.severity, "plain"),
            label=one.number,
            path=one.path,
            text=one.title,
            note=_notes(
                "new" if one.id in is_new else "",
                one.status,
                f"open for {phrases.age(one.age_h)}",
                f"{word}, overdue" if one.update_overdue else word,
                "" if one.lead is None else f"led by {digest.name_of(one.lead)}",
            ),
        )

    def resolved(one: IncidentLine) -> Line:
        took = "" if one.time_to_resolve_h is None else f"took {phrases.age(one.time_to_resolve_h)}"
        return Line(
            badge="resolved",
            tone="good",
            label=one.number,
            path=one.path,
            text=one.title,
            note=_notes(one.severity, took),
        )

    average = f"On average they took {phrases.age(part.mttr_h)} to resolve." if part.mttr_h is not None else ""
    return section(
        "incidents",
        "Incidents",
        [
            group("Open", map(opened, part.open.items), part.open.total),
            group("Resolved since the day before", map(resolved, part.resolved.items), part.resolved.total),
        ],
        average if part.resolved.total > 1 else "",
    )


def _blockers(digest: Digest) -> Section | None:
    part = digest.blockers
    gone = [
        Line(
            badge="gone",
            tone="good",
            label=one.number,
            path=one.path,
            text=one.title,
            note=digest.name_of(one.blocked),
        )
        for one in part.resolved.items
    ]
    return section(
        "blockers",
        "Blockers",
        [
            group("Standing", (_blocker_line(digest, one) for one in part.open.items), part.open.total),
            group("Gone since the day before", gone, part.resolved.total),
        ],
    )


def _blocker_line(digest: Digest, one: BlockerLine) -> Line:
    on = digest.name_of(one.waiting_on) if one.waiting_on is not None else one.waiting_name
    return Line(
        badge=one.severity,
        tone=_SEVERITY_TONES.get(one.severity, "plain"),
        label=one.number,
        path=one.path,
        text=one.title,
        note=_notes(
            f"{digest.name_of(one.blocked)} waits on {on}",
            f"{phrases.age(one.age_h)}, {one.age_wh:.0f} of them working hours"
            if one.age_h < 48
            else f"{phrases.age(one.age_h)}, {one.age_wh:.0f} working hours",
            "stale" if one.stale else "",
        ),
    )


def _decisions(digest: Digest) -> Section | None:
    part = digest.decisions

    def line(one: DecisionLine, badge: str, tone: Tone, note: str) -> Line:
        return Line(badge=badge, tone=tone, label=one.number, path=one.path, text=one.title, note=note)

    return section(
        "decisions",
        "Decisions",
        [
            group(
                "Made",
                (line(one, one.status, "good", "") for one in part.made.items),
                part.made.total,
            ),
            group(
                "Waiting for an answer",
                (
                    line(
                        one,
                        "proposed",
                        "plain",
                        _notes(
                            "" if one.age_d is None else f"for {phrases.age(one.age_d * 24)}",
                            "" if one.author is None else f"by {digest.name_of(one.author)}",
                        ),
                    )
                    for one in part.waiting.items
                ),
                part.waiting.total,
            ),
            group(
                "To be looked at again",
                (
                    line(
                        one,
                        "revisit",
                        "warn",
                        "" if one.revisit_on is None else f"since {phrases.short_day(one.revisit_on)}",
                    )
                    for one in part.revisit_due.items
                ),
                part.revisit_due.total,
            ),
        ],
    )


def _follow_ups(digest: Digest) -> Section | None:
    part = digest.follow_ups

    def lines(items: Iterable[FollowUpLine]) -> list[Line]:
        return [_follow_up_line(digest, one) for one in items]

    return section(
        "follow_ups",
        "Follow-ups",
        [
            group("Overdue", lines(part.overdue.items), part.overdue.total),
            group("Due soon", lines(part.due_soon.items), part.due_soon.total),
        ],
    )


def _follow_up_line(digest: Digest, one: FollowUpLine) -> Line:
    late = one.days_overdue > 0
    return Line(
        badge="overdue" if late else "soon",
        tone="warn" if late else "plain",
        label=one.about,
        path=one.path,
        text=one.text,
        note=_notes(
            phrases.days_late(one.days_overdue), "nobody's" if one.owner is None else digest.name_of(one.owner)
        ),
    )


def _updates(digest: Digest) -> Section | None:
    part = digest.updates
    # Somebody who is in trouble is read first; otherwise by name, as they come.
    people = sorted(part.by_person.items, key=lambda one: ("off_track", "at_risk", "on_track").index(one.health))
    return section(
        "updates",
        "Updates",
        [
            Group(title="Worth reading", lines=_worth_reading(digest, people[:SHOWN_MAX])),
            group("By person", (_update_line(digest, one) for one in people), part.by_person.total),
        ],
        _missing(digest),
    )


def _worth_reading(digest: Digest, shown: Sequence[UpdateLine]) -> list[Line]:
    """Highlights that are not read anyway, because all of what somebody wrote stands below, or a blocker above."""
    texts = {text for one in shown for text in (*one.done[:POINTS_SHOWN], *one.next[:POINTS_SHOWN])}
    blockers = (digest.blockers.open, digest.blockers.resolved)
    texts |= {one.title for part in blockers for one in part.items[:SHOWN_MAX]}
    left = [one for one in digest.updates.highlights if one.text not in texts]
    return [Line(text=one.text, note=digest.name_of(one.person), path=one.path) for one in left[:SHOWN_MAX]]


def _update_line(digest: Digest, one: UpdateLine) -> Line:
    badge, tone = _HEALTH[one.health]
    done, following = one.done[:POINTS_SHOWN], one.next[:POINTS_SHOWN]
    points = [*(f"Done: {text}" for text in done), *(f"Next: {text}" for text in following)]
    left = len(one.done) - len(done) + len(one.next) - len(following)
    if left:
        points.append(f"and {left} more")
    notes = "" if points else one.notes
    return Line(badge=badge, tone=tone, label=digest.name_of(one.person), path=one.path, text=notes, points=points)


def _missing(digest: Digest) -> str:
    part = digest.updates.missing
    names = [digest.name_of(one.person) for one in part.items[:SHOWN_MAX]]
    if not names:
        return ""
    left = part.total - len(names)
    return f"No update from {joined([*names, f'{left} more'] if left else names)}."


def _queues(digest: Digest) -> Section | None:
    part = digest.queues

    def waiting(one: QueueLine) -> Line:
        dead = many(one.dead_letters, "dead letter") if one.dead_letters else ""
        grown = phrases.change(one.dead_letters_delta) if one.dead_letters_delta else ""
        old = f"the oldest for {phrases.seconds(one.oldest_s)}" if one.oldest_s else ""
        return Line(
            badge="paused" if one.paused else "dead letters" if one.dead_letters else "slow",
            tone="bad" if (one.dead_letters_delta or 0) > 0 else "warn",
            label=one.queue,
            note=_notes(
                dead, grown, f"{many(one.waiting, 'message')} wait" if one.waiting != 1 else "1 message waits", old
            ),
        )

    groups: list[Group] = []
    if part.worst is not None:
        groups.append(group("Queues", map(waiting, part.worst.items), part.worst.total))
    if part.failures is not None:
        failing = [
            Line(
                badge="failed" if one.lost else "retried",
                tone="bad" if one.lost else "plain",
                label=one.task_type,
                note=_notes(
                    f"{one.lost} for good" if one.lost else "", f"{one.retried} tried again" if one.retried else ""
                ),
            )
            for one in part.failures.items
        ]
        groups.append(group("Tasks that failed", failing, part.failures.total))
    note = "How the queues were at that time is not known." if part.worst is None else ""
    return section("queues", "Pipelines", groups, note)


def _trends(digest: Digest) -> Section | None:
    lines = [
        Line(
            badge={"up": "more", "down": "fewer", None: ""}[trend.mark],
            tone="plain",
            label=_COUNTED[name],
            text=phrases.bars(trend.days),
            note=_notes(
                "not known" if trend.days[-1] is None else str(trend.days[-1]),
                phrases.change(digest.counts[name].delta),
            ),
        )
        for name, trend in ((name, digest.trends[name]) for name in _COUNTED if name in digest.trends)
        if any(trend.days)
    ]
    # All of them: they are few, and each is a line.
    groups = [Group(lines=lines)] if lines else []
    return section("trends", "Seven days", groups)
