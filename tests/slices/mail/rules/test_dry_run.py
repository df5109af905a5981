"""Promises of dry runs: they say what would have happened, do nothing, and end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import pytest
from rule_hall import OUTSIDE, PATH, SENT_AT_S, Answer, Hall, letter, text

from wipsie.kernel.errors import TooManyRequests
from wipsie.slices.mail.schemas.rules import DryRunRequest, DryRunView
from wipsie.slices.mail.service.rules.dry_run import AT_ONCE_MAX, CHUNK_MAILS, TIME_S_MAX, DryRun
from wipsie.slices.mail.service.rules.targets import RuleTargets
from wipsie.testing.clock import FakeClock

DATABASES = pytest.mark.parametrize("database_kind", ["sqlite", "postgresql"], indirect=True)
OpenHall = Callable[..., Awaitable[Hall]]
INVOICE = text("subject", "contains", "invoice")
HALF_DAY_S = 43_200


async def tried(hall: Hall, *conditions: dict[str, Any], **fields: Any) -> Answer:
    return await hall.ask("POST", f"{PATH}/dry-run", {"rule": {"conditions": list(conditions)}, **fields})


async def fill(hall: Hall, count: int) -> list[str]:
    """Mails half a day apart, the oldest first: every third is an invoice."""
    return [
        await hall.come(
            letter(
                f"{'Invoice' if number % 3 == 0 else 'Minutes'} {number}",
                sender=f"ann@{'bank' if number % 2 else 'shop'}.example",
                content="x" * 30_000 + " needle" if number == 6 else f"Text of {number}, Ärger.",
                timestamp_s=SENT_AT_S + number * HALF_DAY_S,
            )
        )
        for number in range(count)
    ]


@DATABASES
@pytest.mark.parametrize(
    "conditions",
    [
        [INVOICE],
        [INVOICE, text("sender", "domain", "bank.example", negate=True)],
        [text("text", "contains", "arger"), text("text", "glob", "*?7*", negate=True)],
        [{"kind": "size_over", "bytes": 1_000}],
        [text("text", "ends_with", "needle")],
        [{"kind": "has_attachment", "value": False}, text("list_id", "is", "x", negate=True)],
    ],
    ids=repr,
)
async def test_a_dry_run_says_what_the_rule_does_to_the_same_mails(
    hall: Hall, conditions: list[dict[str, Any]]
) -> None:
    await hall.write(*conditions)
    mails = await fill(hall, 12)
    done = [mail_id for mail_id in mails if await hall.hits(mail_id)]
    view = (await tried(hall, *conditions)).ok()
    assert [mail["id"] for mail in view["mails"]] == done[::-1]
    assert (view["looked_at"], view["matched"], view["is_complete"]) == (12, len(done), True)


@DATABASES
async def test_a_dry_run_shows_what_held_and_what_nearly_did_and_changes_nothing(hall: Hall) -> None:
    mails = await fill(hall, 6)
    rule = {
        "name": "tried",
        "conditions": [INVOICE, text("sender", "domain", "bank.example")],
        "actions": [{"kind": "tag", "tag": "x"}, {"kind": "forward", "queue": OUTSIDE}],
    }
    view = (await hall.ask("POST", f"{PATH}/dry-run", {"rule": rule})).ok()
    assert view["condition_counts"] == [2, 3]
    (mail,) = view["mails"]
    assert mail == {
        "id": mails[3],
        "subject": "Invoice 3",
        "sender": "ann@bank.example",
        "sent_at": "2023-09-02T21:38:21Z",
        "held": [True, True],
    }
    assert [(near["subject"], near["held"]) for near in view["near_misses"]] == [
        ("Minutes 5", [False, True]),
        ("Minutes 1", [False, True]),
        ("Invoice 0", [True, False]),
    ]
    assert await hall.published() == []
    assert [await hall.tags(mail_id) for mail_id in mails] == [{}] * 6
    assert (await hall.ask("GET", PATH)).ok()["data"] == []


@DATABASES
async def test_a_dry_run_looks_at_the_newest_or_at_a_period(hall: Hall) -> None:
    await fill(hall, 8)
    anything = {"kind": "has_attachment", "value": False}

    async def seen(**fields: Any) -> list[str]:
        view = (await tried(hall, anything, **fields)).ok()
        assert view["is_complete"]
        return [mail["subject"].split()[1] for mail in view["mails"]]

    assert await seen(newest=3) == ["7", "6", "5"]
    assert await seen(since="2023-09-03T09:38:21Z") == ["7", "6", "5", "4"]
    assert await seen(until="2023-09-03T09:38:21Z") == ["3", "2", "1", "0"]
    assert await seen(since="2023-09-02T00:00:00+02:00", until="2023-09-03T00:00:00+02:00") == ["3", "2"]
    assert await seen(since="2023-09-03T09:38:20.5Z", until="2023-09-03T09:38:21.5Z") == ["4"]
    assert await seen(since="2023-09-03T09:38:21.5Z", until="2023-09-03T21:38:21Z") == []
    assert await seen(since="2023-09-03T09:38:21Z", newest=1) == ["7"]
    assert await seen(since="0001-01-01T00:00:00+14:00", until="9999-12-31T23:59:59-14:00", newest=2) == ["7", "6"]
    assert await seen(since="2100-01-01T00:00:00Z") == []


@DATABASES
async def test_a_dry_run_goes_through_many_mails_and_shows_the_first_fifty(hall: Hall) -> None:
    count = 2 * CHUNK_MAILS + 7
    for number in range(count):
        # A second each, and some of them share one.
        await hall.come(letter(f"Invoice {number}", timestamp_s=SENT_AT_S + number // 3))
    view = (await tried(hall, INVOICE, newest=10_000)).ok()
    assert (view["looked_at"], view["matched"], len(view["mails"])) == (count, count, 50)
    assert len({mail["id"] for mail in view["mails"]}) == 50
    view = (await tried(hall, INVOICE, newest=CHUNK_MAILS + 1)).ok()
    assert (view["looked_at"], view["matched"]) == (CHUNK_MAILS + 1,) * 2


class HurriedClock(FakeClock):
    """Each look at it takes the time of half a dry run."""

    def monotonic(self) -> float:
        self.jump(TIME_S_MAX / 2)
        return super().monotonic()


async def test_a_dry_run_that_takes_too_long_ends_and_says_so(open_hall: OpenHall) -> None:
    hall = await open_hall(clock=HurriedClock())
    for number in range(CHUNK_MAILS + 20):
        await hall.come(letter(f"Invoice {number}", timestamp_s=SENT_AT_S + number))
    view = (await tried(hall, INVOICE)).ok()
    assert (view["looked_at"], view["is_complete"]) == (CHUNK_MAILS, False)


async def test_few_dry_runs_at_once_are_made_and_the_others_told_to_come_again(hall: Hall) -> None:
    await fill(hall, 3)
    dry_run = DryRun(hall.database, RuleTargets(hall.engine, hall.registry), hall.clock)
    request = msgspec.convert({"rule": {"conditions": [INVOICE]}}, DryRunRequest)
    runs = await asyncio.gather(*(dry_run.look(request) for _ in range(AT_ONCE_MAX + 2)), return_exceptions=True)
    assert [type(one) for one in runs] == [DryRunView] * AT_ONCE_MAX + [TooManyRequests] * 2
    assert (await dry_run.look(request)).matched == 1


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "none": ({"newest": 0}, "newest"),
    "too many": ({"newest": 10_001}, "newest"),
    "a time without zone": ({"since": "2023-09-01T00:00:00"}, "since"),
    "no condition": ({"rule": {"conditions": []}}, "rule.conditions"),
    "nothing to compare": (
        {"rule": {"conditions": [text("text", "is", " ")]}},
        "rule.conditions[0].value",
    ),
    "a target that is not there": (
        {"rule": {"conditions": [INVOICE], "actions": [{"kind": "forward", "queue": "mail"}]}},
        "rule.actions[0].queue",
    ),
    "an unknown member": ({"oldest": 5}, "oldest"),
}


@pytest.mark.parametrize("case", REFUSED)
async def test_a_dry_run_is_refused_as_the_rule_would_be(hall: Hall, case: str) -> None:
    fields, where = REFUSED[case]
    assert (await tried(hall, INVOICE, **fields)).refused(422, "VALIDATION_ERROR")["field"] == where
