"""Notices what goes wrong in the pipelines: dead letters that grow, a queue whose oldest message does not get its turn, a
breaker that stays open. Each is told once when it begins, again while it goes on, and once when it is over.

        well ── looks bad ──► failing ── again after `REPEAT_S` ──► failing
          ▲                      │
          └────── looks well ────┘        for dead letters: not grown for `CALM_S`
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

from wipsie.kernel import json
from wipsie.queue.contract import QueueCounts
from wipsie.queue.operations_signal import OperationsSignal, Problem

STUCK_AFTER_S = 300.0
"""A ready message that waited this long, and went on waiting since the last look, is stuck."""
REPEAT_S = 900.0
CALM_S = 900.0
_MOVED_ON = 0.5
"""Of the time between two looks: an oldest message that aged by less than this share made room for a younger one."""


class Trouble(msgspec.Struct, frozen=True):
    """One thing that goes wrong."""

    since_ms: int
    told_at_ms: int
    worse_at_ms: int
    """When it was last seen to grow."""


class Memory(msgspec.Struct, frozen=True, kw_only=True):
    """What the last look saw; kept between looks, so that any process may make the next."""

    at_ms: int = 0
    dead_letters: dict[str, int] = {}
    """By short name of the queue they came from."""
    oldest_age_s: dict[str, float] = {}
    troubles: dict[str, Trouble] = {}
    """By `OperationsSignal.key`."""

    def encode(self) -> str:
        """As text."""
        return json.encode_text(self)


_decoder = msgspec.json.Decoder(Memory)


def read_memory(text: str | None) -> Memory:
    """What `Memory.encode` wrote; an empty memory for nothing, and for what an other version wrote."""
    if text is None:
        return Memory()
    try:
        return _decoder.decode(text)
    except msgspec.DecodeError:
        return Memory()


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """One thing as it looks now."""

    problem: Problem
    subject_kind: Literal["queue", "breaker"]
    subject: str
    is_bad: bool
    grows: bool
    """Bad, and worse than at the last look."""
    sentence: str
    facts: dict[str, int | float | str]


def look_at_queues(
    counts: Mapping[str, QueueCounts], dead_letter_queues: Mapping[str, str], memory: Memory, now_ms: int
) -> tuple[list[Seen], Memory]:
    """How queues look, and the memory of it. `counts` by short name, `dead_letter_queues`: from queue to where its dead
    letters are."""
    seen: list[Seen] = []
    dead_letters: dict[str, int] = {}
    oldest_age_s: dict[str, float] = {}
    elapsed_s = (now_ms - memory.at_ms) / 1000
    for queue, dead_letter_queue in sorted(dead_letter_queues.items()):
        if (dead := counts.get(dead_letter_queue)) is None:
            continue
        dead_letters[queue] = dead.total
        before = memory.dead_letters.get(queue, dead.total)
        grown = dead.total - before
        seen.append(
            Seen(
                problem="dead_letters_growing",
                subject_kind="queue",
                subject=queue,
                is_bad=grown > 0,
                grows=grown > 0,
                sentence=f"{grown} more of {queue} failed for good; {dead.total} dead letters wait there.",
                facts={"dead_letters": dead.total, "grown_by": grown},
            )
        )
    for queue, found in sorted(counts.items()):
        if queue in dead_letter_queues.values():
            continue
        age_s = 0.0 if found.paused else found.oldest_ready_age_s or 0.0
        oldest_age_s[queue] = age_s
        stayed = age_s - memory.oldest_age_s.get(queue, 0.0) >= elapsed_s * _MOVED_ON
        was_stuck = f"queue_stuck:queue:{queue}" in memory.troubles
        # Stuck is who waits long and did not move; who was stuck is so until nobody waits long any more.
        is_bad = age_s >= STUCK_AFTER_S and (was_stuck or (stayed and memory.at_ms > 0))
        seen.append(
            Seen(
                problem="queue_stuck",
                subject_kind="queue",
                subject=queue,
                is_bad=is_bad,
                grows=False,
                sentence=f"{queue} does not move: its oldest message has waited for {age_s:.0f} s, {found.ready} wait.",
                facts={"oldest_ready_age_s": round(age_s, 1), "ready": found.ready, "leased": found.leased},
            )
        )
    return seen, msgspec.structs.replace(memory, at_ms=now_ms, dead_letters=dead_letters, oldest_age_s=oldest_age_s)


def look_at_breakers(status: Mapping[str, Mapping[str, object]]) -> list[Seen]:
    """How breakers look; `status` as `BreakerRegistry.status` gives it. Half-open is not well yet."""
    return [
        Seen(
            problem="breaker_open",
            subject_kind="breaker",
            subject=name[:200],
            is_bad=facts["state"] != "closed",
            grows=False,
            sentence=f"{name[:200]} is left alone: it failed {facts['failures_in_row']} times in a row.",
            facts={"state": str(facts["state"])},
        )
        for name, facts in sorted(status.items())
    ]


def judge(seen: Sequence[Seen], memory: Memory, now_ms: int) -> tuple[list[OperationsSignal], Memory]:
    """What is to be told of what was seen, and the memory of having told it. Troubles of things that were not looked at stay."""
    troubles = dict(memory.troubles)
    signals: list[OperationsSignal] = []
    for one in seen:
        signal = OperationsSignal(
            problem=one.problem,
            subject_kind=one.subject_kind,
            subject=one.subject,
            state="failing",
            sentence=one.sentence,
            noticed_at_ms=now_ms,
            facts=one.facts,
        )
        trouble = troubles.get(signal.key)
        if one.is_bad:
            if trouble is None or one.grows or now_ms - trouble.told_at_ms >= REPEAT_S * 1000:
                signals.append(signal)
                since_ms = now_ms if trouble is None else trouble.since_ms
                troubles[signal.key] = Trouble(since_ms, now_ms, now_ms)
        elif trouble is not None and _is_over(one, trouble, now_ms):
            del troubles[signal.key]
            minutes = (now_ms - trouble.since_ms) / 60_000
            sentence = f"{one.subject} is well again after {minutes:.0f} minutes."
            signals.append(msgspec.structs.replace(signal, state="recovered", sentence=sentence))
    return signals, msgspec.structs.replace(memory, troubles=troubles)


def _is_over(seen: Seen, trouble: Trouble, now_ms: int) -> bool:
    return seen.problem != "dead_letters_growing" or now_ms - trouble.worse_at_ms >= CALM_S * 1000
