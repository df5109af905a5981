"""The story: who does what when, as requests to the API. Six people keep a small shop's deliveries going.

A path or text may hold ``{name}``: the id of what an earlier act made under that name, or of a person.
"""

from __future__ import annotations

from typing import Any

import msgspec


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """One of the team."""

    key: str
    name: str
    role: str
    timezone: str
    reader_only: bool = False

    @property
    def email(self) -> str:
        """Where no mail ever arrives (RFC 2606)."""
        return f"{self.key}@demo.invalid"


class Act(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody asks the API for something."""

    day: int
    """0 is today, -1 yesterday."""
    at: str
    """Time of day in UTC."""
    who: str
    path: str
    body: dict[str, Any]
    method: str = "POST"
    made: str | None = None
    """Name for the id of what it makes."""


CAST = (
    Person(key="mara", name="Mara Lindqvist", role="admin", timezone="Europe/Stockholm"),
    Person(key="jun", name="Jun Okada", role="lead", timezone="Asia/Tokyo"),
    Person(key="ines", name="Inês Duarte", role="member", timezone="Europe/Lisbon"),
    Person(key="tobi", name="Tobi Adeyemi", role="member", timezone="Africa/Lagos"),
    Person(key="ravi", name="Ravi Menon", role="member", timezone="Asia/Kolkata"),
    Person(key="olga", name="Olga Brandt", role="auditor", timezone="Europe/Berlin", reader_only=True),
)


def _day(day: int, at: str, who: str, health: str, done: list[str], next_: list[str], notes: str = "") -> Act:
    body = {"health": health, "done": done, "next": next_, "notes": notes}
    return Act(day=day, at=at, who=who, path="/api/status", body=body)


def _move(day: int, at: str, who: str, path: str, to: str, **more: Any) -> Act:
    return Act(day=day, at=at, who=who, path=f"{path}/transitions", body={"to": to, **more})


_STATUS = (
    _day(
        -6,
        "08:10",
        "jun",
        "on_track",
        ["Planned the move of label printing to the queue"],
        ["Measure it with real orders"],
    ),
    _day(
        -6,
        "15:40",
        "ines",
        "on_track",
        ["Courier prices are read from their new page"],
        ["Ask the courier about holidays"],
    ),
    _day(-6, "16:05", "tobi", "on_track", ["Orders of the old shop are imported"], ["Compare the totals"]),
    _day(-5, "08:20", "jun", "on_track", ["Label printing takes 400 ms less"], ["Watch it over the weekend"]),
    _day(
        -5,
        "12:30",
        "ravi",
        "at_risk",
        ["Invoices are rendered in the worker"],
        ["Find out why two came twice"],
        "Two invoices went out twice. Not the queue: the button was pressed twice.",
    ),
    _day(-5, "16:00", "tobi", "on_track", ["Totals of the import agree to the cent"], ["Delete the old exports"]),
    _day(
        -4,
        "08:15",
        "jun",
        "at_risk",
        ["Found the slow part of label printing: fonts"],
        ["Talk to the courier with Inês"],
    ),
    _day(
        -4,
        "15:50",
        "ines",
        "at_risk",
        ["Wrote to the courier twice"],
        ["Write a third time"],
        "Without their test account I cannot go on.",
    ),
    _day(-4, "16:20", "tobi", "on_track", ["Old exports are gone"], ["Write down how the import went"]),
    _day(-3, "07:55", "jun", "off_track", ["Held the incident of the morning"], ["Postmortem"]),
    _day(-3, "13:10", "ravi", "on_track", ["The invoice button knows an Idempotency-Key"], ["Same for credit notes"]),
    _day(
        -3,
        "15:30",
        "ines",
        "off_track",
        ["Sent the waiting labels again by hand"],
        ["Get the test account"],
        "Forty parcels left a day late.",
    ),
    _day(-2, "08:05", "jun", "on_track", ["Postmortem is in review"], ["Second courier as a fallback"]),
    _day(-2, "12:45", "ravi", "on_track", ["Credit notes, too"], ["Month-end report"]),
    _day(-2, "16:10", "tobi", "on_track", ["How the import went is written down"], ["Fallback courier with Jun"]),
    _day(-1, "08:00", "jun", "on_track", ["Fallback courier answers in tests"], ["Switch it on for two days"]),
    _day(-1, "15:45", "ines", "at_risk", ["Courier promises the account for Monday"], ["Prepare the switch"]),
    _day(-1, "16:15", "tobi", "on_track", ["Fallback is on for parcels under 2 kg"], ["Look at the prices"]),
)

_INCIDENT = "/api/incidents"
_INCIDENTS = (
    Act(
        day=-3,
        at="06:12",
        who="ravi",
        path=_INCIDENT,
        made="labels",
        body={
            "title": "No labels are printed",
            "severity": "sev2",
            "summary": "The queue of labels grows; the courier's service answers 503.",
            "customer_impact": "Parcels of this morning leave later.",
            "affected": ["labels", "courier"],
            "lead": "{jun}",
        },
    ),
    _move(-3, "06:20", "jun", _INCIDENT + "/{labels}", "investigating"),
    Act(
        day=-3,
        at="06:35",
        who="jun",
        path=_INCIDENT + "/{labels}/updates",
        body={
            "condition": "212 labels wait, none is lost",
            "actions": "The breaker of the courier is open; waiting for them",
            "needs": "Somebody who can reach the courier by telephone",
            "next_update_in": "30m",
        },
    ),
    Act(
        day=-3,
        at="06:41",
        who="ines",
        path=_INCIDENT + "/{labels}/comments",
        body={"body": "I have their night number. @[Jun Okada]({jun}), calling now."},
    ),
    _move(-3, "06:58", "jun", _INCIDENT + "/{labels}", "identified"),
    Act(
        day=-3,
        at="06:58",
        who="jun",
        path=_INCIDENT + "/{labels}/timeline",
        body={
            "body": "Courier: a certificate of theirs ended at 06:00 UTC.",
            "pinned": True,
        },
    ),
    _move(-3, "07:25", "jun", _INCIDENT + "/{labels}", "mitigated"),
    _move(-3, "09:40", "jun", _INCIDENT + "/{labels}", "resolved"),
    Act(
        day=-3,
        at="10:05",
        who="jun",
        path=_INCIDENT + "/{labels}/follow-ups",
        made="fallback",
        body={"text": "A second courier as a fallback", "owner": "{tobi}"},
    ),
    Act(
        day=-3,
        at="10:06",
        who="jun",
        path=_INCIDENT + "/{labels}/follow-ups",
        body={"text": "Look at the courier's certificate once a day", "owner": "{ines}"},
    ),
    Act(day=-3, at="14:00", who="jun", path=_INCIDENT + "/{labels}/postmortem", body={"owner": "{jun}"}),
    Act(
        day=-5,
        at="11:02",
        who="tobi",
        path=_INCIDENT,
        made="twice",
        body={
            "title": "Two invoices were sent twice",
            "severity": "sev3",
            "summary": "The same order, the same amount, two numbers.",
            "affected": ["invoices"],
            "lead": "{ravi}",
        },
    ),
    _move(-5, "12:20", "ravi", _INCIDENT + "/{twice}", "identified"),
    _move(-3, "13:00", "ravi", _INCIDENT + "/{twice}", "resolved"),
    _move(-3, "13:30", "jun", _INCIDENT + "/{twice}", "closed"),
    Act(
        day=-1,
        at="17:20",
        who="ines",
        path=_INCIDENT,
        made="prices",
        body={
            "title": "Courier prices are a day old",
            "severity": "sev4",
            "summary": "Their page answers with yesterday's list.",
            "affected": ["prices"],
        },
    ),
)

_BLOCKER = "/api/blockers"
_BLOCKERS = (
    Act(
        day=-5,
        at="16:30",
        who="ines",
        path=_BLOCKER,
        made="account",
        body={
            "title": "No test account at the courier",
            "details": "Asked on the portal and by mail.",
            "severity": "hard",
            "waiting_on": {"kind": "external", "name": "Courier, partner desk"},
        },
    ),
    Act(
        day=-2,
        at="12:50",
        who="ravi",
        path=_BLOCKER,
        made="report",
        body={
            "title": "Month-end report needs the tax rates",
            "waiting_on": {"kind": "user", "id": "{mara}"},
        },
    ),
    Act(
        day=-4,
        at="09:00",
        who="tobi",
        path=_BLOCKER,
        made="exports",
        body={
            "title": "May the old exports be deleted?",
            "waiting_on": {"kind": "user", "id": "{mara}"},
        },
    ),
    _move(-4, "10:15", "mara", _BLOCKER + "/{exports}", "acknowledged"),
    _move(
        -4,
        "15:00",
        "tobi",
        _BLOCKER + "/{exports}",
        "resolved",
        text="Mara agrees; the backup keeps them a year.",
    ),
)

_DECISION = "/api/decisions"
_DECISIONS = (
    Act(
        day=-6,
        at="09:30",
        who="jun",
        path=_DECISION,
        made="queue",
        body={
            "title": "Labels are printed by a worker, not in the request",
            "status": "proposed",
            "context": "A slow printer made the shop slow.",
            "drivers": ["The shop answers in 300 ms", "No label is lost"],
            "options": [
                {"title": "In the request", "pros": ["Simple"], "cons": ["As slow as the printer"]},
                {
                    "title": "By a queue",
                    "pros": ["Retries", "The shop stays fast"],
                    "cons": ["A label comes seconds later"],
                },
            ],
            "chosen": 1,
            "outcome": "By a queue: a late label is better than a late page.",
            "consequences": ["The packing table shows what waits"],
            "confirmation": "The page of an order answers in 300 ms at the end of the month.",
            "decision_makers": ["{jun}", "{mara}"],
        },
    ),
    _move(-6, "14:10", "mara", _DECISION + "/{queue}", "accepted"),
    Act(
        day=-5,
        at="13:00",
        who="ravi",
        path=_DECISION,
        made="button",
        body={
            "title": "Whoever presses twice buys once",
            "status": "proposed",
            "context": "Two invoices went out twice, because a button was pressed twice.",
            "options": [
                {"title": "Disable the button for a second", "pros": ["Quick"], "cons": ["Only in browsers"]},
                {
                    "title": "An Idempotency-Key with each order",
                    "pros": ["Holds for scripts, too"],
                    "cons": ["A field more"],
                },
            ],
            "chosen": 1,
            "outcome": "A key with each order.",
            "consulted": ["{tobi}"],
        },
    ),
    _move(-4, "09:20", "jun", _DECISION + "/{button}", "accepted"),
    Act(
        day=-2,
        at="10:30",
        who="tobi",
        path=_DECISION,
        made="courier",
        body={
            "title": "A second courier for parcels under 2 kg",
            "status": "proposed",
            "context": "One courier is one certificate away from a day without parcels.",
            "drivers": ["No morning without labels"],
            "options": [
                {"title": "Stay with one", "cons": ["See INC-2"]},
                {
                    "title": "A second for small parcels",
                    "pros": ["Two thirds of all parcels"],
                    "cons": ["Two price lists"],
                },
            ],
            "chosen": 1,
            "outcome": "Try it for a week.",
            "informed": ["{mara}"],
        },
    ),
)

_TALK = (
    Act(
        day=-2,
        at="10:40",
        who="jun",
        path=_DECISION + "/{courier}/links",
        body={"relation": "caused_by", "to": {"kind": "incident", "id": "{labels}"}},
    ),
    Act(
        day=-2,
        at="11:00",
        who="ines",
        path=_DECISION + "/{courier}/comments",
        body={"body": "Their prices are better over 1 kg only. Shall we cut there?"},
    ),
    Act(
        day=-2,
        at="11:20",
        who="tobi",
        path=_DECISION + "/{courier}/comments",
        body={"body": "Half a euro on forty parcels. I would rather keep one rule."},
    ),
    Act(
        day=-4,
        at="16:00",
        who="jun",
        path=_BLOCKER + "/{account}/comments",
        body={"body": "I know somebody there and ask tomorrow."},
    ),
)


_SUMMARIES = tuple(Act(day=day, at="09:01", who="jun", path="/api/summaries/run", body={}) for day in range(-6, 1))


def story() -> list[Act]:
    """All acts, in order of time."""
    acts = [*_STATUS, *_INCIDENTS, *_BLOCKERS, *_DECISIONS, *_TALK, *_SUMMARIES]
    return sorted(acts, key=lambda act: (act.day, act.at))
