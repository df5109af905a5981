"""Promises of the digest: what it says of plain facts, and that the same facts always make the same one."""

from __future__ import annotations

import random
from typing import Any

import msgspec
import pytest
from digest_facts import (
    END_MS,
    WINDOW,
    accepted,
    ago,
    blocker,
    decision,
    facts,
    failure,
    follow_up,
    incident,
    person,
    queue,
    resolved,
    update,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from wipsie.slices.asyncops.domain.digest.attendance import due_day
from wipsie.slices.asyncops.domain.digest.build import build_digest
from wipsie.slices.asyncops.domain.digest.content import LISTED_MAX, Digest, content_hash
from wipsie.slices.asyncops.domain.digest.counting import mark
from wipsie.slices.asyncops.domain.digest.forgetting import without_person
from wipsie.slices.asyncops.domain.digest.window import DAY_MS


def numbers(items: list[Any]) -> list[str]:
    return [one.number for one in items]


def test_a_day_without_anything_is_all_quiet_and_says_so() -> None:
    digest = build_digest(facts())
    assert digest.all_quiet
    assert digest.headline == ["Nothing needs anybody today."]
    assert digest.quiet == ["incidents", "blockers", "decisions", "follow_ups", "queues"]
    assert (digest.attention.total, digest.schema) == (0, "wipsie.daily-summary/1")
    assert all(count.value == 0 for count in digest.counts.values())


def test_what_is_not_known_is_neither_quiet_nor_zero() -> None:
    digest = build_digest(facts({"failures": None}, queues=None, dead_letters_before=None, waiting_before=None))
    assert not digest.all_quiet
    assert "queues" not in digest.quiet
    assert (digest.queues.worst, digest.queues.failures, digest.queues.dead_letters) == (None, None, None)
    assert digest.counts["dead_letters"].value is None
    assert (digest.counts["failures"].value, digest.counts["failures"].delta) == (None, None)


def test_attention_puts_the_worst_first() -> None:
    digest = build_digest(
        facts(
            {
                "incidents": [
                    incident(1, severity="sev2", lead="usr_ann"),
                    incident(2, severity="sev1", opened_at_ms=ago(1)),
                    incident(3, severity="sev3", next_update_due_at_ms=ago(1), last_update_at_ms=ago(25)),
                    incident(4, severity="sev4"),
                ],
                "blockers": [
                    blocker(1, severity="hard", since_ms=ago(25), waiting_on="usr_bob"),
                    blocker(2, severity="hard", since_ms=ago(24)),
                    blocker(3, severity="soft", since_ms=ago(500)),
                ],
                "follow_ups": [follow_up(1), follow_up(2, due_on="2025-10-03"), follow_up(3, outstanding=False)],
                "decisions": [decision(1, proposed_at_ms=ago(24 * 7 + 1)), decision(2, proposed_at_ms=ago(24 * 7))],
            },
            queues=[queue("mail", dead_letters=5), queue("tasks", dead_letters=3), queue("default", dead_letters=1)],
            dead_letters_before={"mail": 2, "tasks": 3, "default": 4},
        )
    )
    assert [(one.kind, one.label) for one in digest.attention.items] == [
        ("incident", "INC-2"),
        ("incident", "INC-1"),
        ("update_overdue", "INC-3"),
        ("hard_blocker", "BLK-1"),
        ("dead_letters", "mail"),
        ("follow_up", "INC-1"),
        ("decision", "DEC-1"),
    ]
    assert digest.attention.items[3].people == ["usr_ann", "usr_bob"]
    assert (digest.attention.items[4].amount, digest.attention.items[4].delta) == (5, 3)
    assert digest.headline[0] == (
        "7 things need somebody today: 2 major incidents, 1 overdue update, 1 person standing still, "
        "1 queue with more dead letters, 1 overdue follow-up and 1 decision that waits."
    )


def test_what_was_resolved_is_told_by_what_was_known_at_both_ends_of_the_window() -> None:
    open_before = incident(1)
    told_late = resolved(1, resolved_at_ms=ago(26), began_at_ms=ago(30))
    known_before = resolved(2, resolved_at_ms=ago(1))
    digest = build_digest(
        facts(
            {"incidents": [told_late, known_before, resolved(3, created_at_ms=ago(5), began_at_ms=ago(6))]},
            {"incidents": [open_before, known_before]},
        )
    )
    # Resolved before the window, and told within it: here, or nowhere.
    assert numbers(digest.incidents.resolved.items) == ["INC-3", "INC-1"]
    assert numbers(digest.incidents.opened.items) == ["INC-3"]
    assert digest.incidents.mttr_h == 4.0
    assert digest.headline[1] == "1 incident came up and 2 were resolved."


@given(at_h=st.lists(st.floats(min_value=0.001, max_value=24 * 6 - 0.001), min_size=1, max_size=20))
@settings(deadline=None, max_examples=50)
def test_every_record_is_new_in_exactly_one_window(at_h: list[float]) -> None:
    records = [incident(number, created_at_ms=ago(hours)) for number, hours in enumerate(at_h)]
    snapshots = [
        msgspec.structs.replace(
            one, incidents=[record for record in records if record.created_at_ms < one.window.end_ms]
        )
        for one in facts().snapshots
    ]
    found = build_digest(facts(snapshots=snapshots)).trends["incidents_opened"].days
    assert sum(one or 0 for one in found) == len(records)


def test_the_window_holds_its_first_millisecond_and_not_its_last() -> None:
    assert WINDOW.holds(END_MS - DAY_MS)
    assert not WINDOW.holds(END_MS)
    assert not WINDOW.holds(END_MS - DAY_MS - 1)
    assert WINDOW.before().end_ms == WINDOW.start_ms


def test_blockers_come_with_their_ages_and_the_hard_ones_first() -> None:
    digest = build_digest(
        facts(
            {
                "blockers": [
                    blocker(1, since_ms=ago(90), stale=True, age_working_h=24.0),
                    blocker(2, severity="hard", since_ms=ago(3), created_at_ms=ago(3)),
                    blocker(3, status="resolved", stands=False, resolved=True),
                    blocker(4, status="withdrawn", stands=False),
                ]
            },
            {"blockers": [blocker(1), blocker(3), blocker(4)]},
        )
    )
    assert numbers(digest.blockers.open.items) == ["BLK-2", "BLK-1"]
    assert numbers(digest.blockers.stale.items) == ["BLK-1"]
    assert numbers(digest.blockers.new.items) == ["BLK-2"]
    assert numbers(digest.blockers.resolved.items) == ["BLK-3"]
    assert (digest.blockers.open.items[1].age_h, digest.blockers.open.items[1].age_wh) == (90.0, 24.0)
    assert msgspec.to_builtins(digest.counts["blockers_open"]) == {"value": 2, "previous": 3, "delta": -1}


def test_decisions_are_made_once_and_what_was_decided_long_ago_is_not_made_by_writing_it_down() -> None:
    digest = build_digest(
        facts(
            {
                "decisions": [
                    accepted(1),
                    accepted(2, decided_on="2019-01-01", created_at_ms=ago(1)),
                    accepted(3, revisit_on="2025-10-03"),
                    accepted(4, revisit_on="2025-10-04"),
                    decision(5),
                ]
            },
            {"decisions": [decision(1), accepted(3), accepted(4)]},
        )
    )
    assert numbers(digest.decisions.made.items) == ["DEC-1"]
    assert numbers(digest.decisions.waiting.items) == ["DEC-5"]
    assert numbers(digest.decisions.revisit_due.items) == ["DEC-3"]


def test_follow_ups_are_overdue_when_their_day_is_over_and_due_soon_for_three_days() -> None:
    due = ["2025-10-02", "2025-10-03", "2025-10-06", "2025-10-07", None]
    digest = build_digest(facts({"follow_ups": [follow_up(n, due_on=day) for n, day in enumerate(due)]}))
    assert [one.due_on for one in digest.follow_ups.overdue.items] == ["2025-10-02"]
    assert [one.due_on for one in digest.follow_ups.due_soon.items] == ["2025-10-03", "2025-10-06"]
    assert [one.days_overdue for one in digest.follow_ups.due_soon.items] == [0, -3]


def test_missing_are_those_who_were_asked_and_of_whom_there_is_nothing() -> None:
    people = [
        person("zoe"),
        person("ann"),
        person("bob"),
        person("reader", reader_only=True),
        person("off", work_days=[0]),
        person("fresh", created_at_ms=ago(1)),
        person("said"),
        person("årne"),
    ]
    digest = build_digest(
        facts(
            people=people,
            updates=[update("ann"), update("bob", created_at_ms=ago(30))],
            last_update_on={"usr_bob": "2025-10-01", "usr_said": "2025-10-02", "usr_zoe": "2025-09-25"},
        )
    )
    updates = digest.updates
    assert [(one.person, one.last_update_days) for one in updates.missing.items] == [
        ("usr_bob", 1),
        ("usr_zoe", 7),
        ("usr_årne", None),
    ]
    assert (updates.expected, updates.readers_excluded) == (5, 1)
    assert digest.headline[-1] == "1 of 5 wrote an update."


@pytest.mark.parametrize(
    ("zone", "day"),
    [
        # At 9:00 UTC it is morning: the day before is over.
        ("Europe/Berlin", "2025-10-02"),
        # 22:00 there: people have gone home.
        ("Pacific/Auckland", "2025-10-03"),
        # 23:00 the evening before.
        ("Pacific/Honolulu", "2025-10-02"),
        ("Asia/Kathmandu", "2025-10-02"),
        ("Australia/Eucla", "2025-10-03"),
    ],
)
def test_the_day_that_is_asked_for_is_the_last_that_is_over_where_somebody_is(zone: str, day: str) -> None:
    assert due_day(person("ann", timezone=zone), END_MS, 17 * 60).isoformat() == day


def test_the_last_word_of_each_person_tells_how_they_do() -> None:
    updates = [update("ann", 1, health="off_track"), update("ann", 2), update("bob", 1, health="at_risk")]
    digest = build_digest(facts(updates=updates, people=[person("ann"), person("bob")]))
    assert digest.health == {"on_track": 1, "at_risk": 1, "off_track": 0}
    assert digest.counts["updates"].value == 2
    assert [one.person for one in digest.updates.by_person.items] == ["usr_ann", "usr_ann", "usr_bob"]


@pytest.mark.parametrize(
    ("value", "previous", "expected"),
    [(2, 0, "up"), (1, 0, None), (0, 2, "down"), (12, 10, "up"), (11, 10, None), (102, 100, None), (120, 100, "up"),
     (None, 3, None), (3, None, None), (5, 5, None)],
)  # fmt: skip
def test_only_changes_of_two_and_a_fifth_are_marked(
    value: int | None, previous: int | None, expected: str | None
) -> None:
    assert mark(value, previous) == expected


def test_failures_and_queues_are_told_with_the_worst_first() -> None:
    digest = build_digest(
        facts(
            {"failures": [failure("poll", 1, 5), failure("mail", 3)]},
            {"failures": [failure("mail", 1)]},
            queues=[
                queue("a", waiting=3, oldest_s=4.0),
                queue("b", waiting=1, oldest_s=900.4),
                queue("c", dead_letters=2),
                queue("d", paused=True),
                queue("e", dead_letters=1),
            ],
            dead_letters_before={"c": 2},
        )
    )
    assert digest.queues.worst is not None
    assert [one.queue for one in digest.queues.worst.items] == ["e", "c", "b", "d"]
    assert digest.queues.failures is not None
    assert [one.task_type for one in digest.queues.failures.items] == ["mail", "poll"]
    assert msgspec.to_builtins(digest.counts["failures"]) == {"value": 4, "previous": 1, "delta": 3}
    assert msgspec.to_builtins(digest.counts["dead_letters"]) == {"value": 3, "previous": 2, "delta": 1}
    assert digest.queues.waiting == 4


def test_lists_hold_a_hundred_and_know_how_many_there_are() -> None:
    digest = build_digest(facts({"incidents": [incident(number, severity="sev1") for number in range(250)]}))
    assert (digest.incidents.open.total, len(digest.incidents.open.items)) == (250, LISTED_MAX)
    assert (digest.attention.total, len(digest.attention.items)) == (250, LISTED_MAX)
    assert digest.counts["incidents_open"].value == 250


def _busy() -> dict[str, Any]:
    return {
        "incidents": [incident(number, severity=f"sev{number % 4 + 1}") for number in range(12)],
        "blockers": [blocker(number, severity="hard") for number in range(9)],
        "decisions": [decision(number) for number in range(9)],
        "follow_ups": [follow_up(number) for number in range(9)],
    }


@given(seed=st.integers(0, 10_000))
@settings(deadline=None, max_examples=25)
def test_the_same_facts_in_any_order_make_the_same_digest(seed: int) -> None:
    people = [person(f"p{number}") for number in range(12)]
    updates = [update(f"p{number}", next=[f"look at INC-{number}"]) for number in range(10)]
    first = build_digest(facts(_busy(), people=people, updates=updates))
    chance = random.Random(seed)
    shuffled: dict[str, Any] = {name: chance.sample(rows, len(rows)) for name, rows in _busy().items()}
    second = build_digest(
        facts(shuffled, people=chance.sample(people, 12), updates=chance.sample(updates, len(updates)))
    )
    assert second == first
    assert second.hash == first.hash


def test_the_hash_tells_other_data_and_not_other_names() -> None:
    one = build_digest(facts({"incidents": [incident(1, lead="usr_ann")]}))
    renamed = build_digest(facts({"incidents": [incident(1, lead="usr_ann")]}, names={"usr_ann": "Ann Other"}))
    other = build_digest(facts({"incidents": [incident(1, lead="usr_bob")]}))
    assert renamed.people["usr_ann"] == "Ann Other"
    assert one.hash == renamed.hash != other.hash
    assert one.hash == content_hash(one)


def test_it_names_only_whom_it_speaks_of() -> None:
    digest = build_digest(facts({"incidents": [incident(1, lead="usr_ann")]}, people=[person("lea", reader_only=True)]))
    assert digest.people == {"usr_ann": "Ann"}


def test_a_person_who_is_forgotten_leaves_nothing_they_said_and_the_hash_as_it_was() -> None:
    updates = [update("ann", notes="Secret. Of mine."), update("bob")]
    people = [person("ann"), person("bob"), person("lea")]
    digest = build_digest(facts({"blockers": [blocker(1)]}, updates=updates, people=people))
    after = without_person(digest, "usr_ann")
    written = msgspec.json.encode(after).decode()
    assert "Secret" not in written
    assert "Ann" not in written.replace("usr_ann", "")
    assert [one.person for one in after.updates.by_person.items] == ["usr_bob"]
    assert (after.hash, after.blockers) == (digest.hash, digest.blockers)
    assert without_person(after, "usr_ann") == after


def test_what_is_stored_is_read_again_as_it_was() -> None:
    digest = build_digest(facts(_busy(), people=[person("ann")], updates=[update("ann")]))
    assert msgspec.json.decode(msgspec.json.encode(digest), type=Digest) == digest
