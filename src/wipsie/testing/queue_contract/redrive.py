"""Contract: bringing dead letters back."""

from __future__ import annotations

import pytest

from wipsie.kernel.errors import QueueNotFound
from wipsie.kernel.ids import MessageId
from wipsie.queue.contract import DeadLetterCause, RedriveFilter, RedriveStep
from wipsie.testing.queue_contract.workbench import QueueBench


@pytest.mark.asyncio
class TestRedrive:
    async def test_dead_letters_return_to_their_origin_with_id_and_body(self, bench: QueueBench) -> None:
        queue, dead = await bench.queue_with_dead_letters()
        (message_id,) = await bench.put(queue, "again")
        await bench.dead_letter_one(await bench.take_one(queue))
        step = await bench.backend.redrive(dead)
        assert step == RedriveStep(moved=1, skipped=0, next_sequence_number=None)
        delivery = await bench.take_one(queue)
        assert (delivery.message_id, delivery.body) == (message_id, "again")
        assert await bench.nothing_ready(dead)

    async def test_a_redriven_message_starts_anew_and_is_marked(self, bench: QueueBench) -> None:
        queue, dead = await bench.queue_with_dead_letters(max_receive_count=5)
        await bench.put(queue, "again")
        for round_number in range(1, 4):
            first = await bench.take_one(queue)
            assert first.receive_count == 1
            assert first.redrive_count == round_number - 1
            await bench.change_one(first, 0)
            assert await bench.dead_letter_one(await bench.take_one(queue)) is None
            assert (await bench.backend.redrive(dead)).moved == 1
        delivery = await bench.take_one(queue)
        assert (delivery.receive_count, delivery.redrive_count) == (1, 3)
        assert delivery.dead_letter is None, "back in its origin it is no dead letter any more"

    async def test_a_shared_dead_letter_queue_returns_each_message_to_its_own_origin(self, bench: QueueBench) -> None:
        dead = await bench.queue("shared-dlq")
        left = await bench.queue("left", dead_letter_queue=dead)
        right = await bench.queue("right", dead_letter_queue=dead)
        await bench.dead_letters(left, "l1", "l2")
        await bench.dead_letters(right, "r1")
        assert (await bench.backend.redrive(dead)).moved == 3
        assert sorted(await bench.bodies(left)) == ["l1", "l2"]
        assert await bench.bodies(right) == ["r1"]

    async def test_a_destination_takes_all_of_them(self, bench: QueueBench) -> None:
        queue, dead = await bench.queue_with_dead_letters()
        workshop = await bench.queue("workshop")
        await bench.dead_letters(queue, "a", "b")
        assert (await bench.backend.redrive(dead, destination=workshop)).moved == 2
        assert sorted(await bench.bodies(workshop)) == ["a", "b"]
        assert await bench.nothing_ready(queue)

    async def test_a_message_written_straight_into_the_queue_needs_a_destination(self, bench: QueueBench) -> None:
        dead, workshop = await bench.queue("lonely-dlq"), await bench.queue("workshop")
        await bench.put(dead, "no origin")
        step = await bench.backend.redrive(dead)
        assert (step.moved, step.skipped) == (0, 1)
        assert (await bench.backend.redrive(dead, destination=workshop)).moved == 1
        assert await bench.bodies(workshop) == ["no origin"]

    async def test_a_filter_moves_what_matches_and_skips_the_rest(self, bench: QueueBench) -> None:
        queue, dead = await bench.queue_with_dead_letters()
        await bench.dead_letters(queue, "slow", code="TIMED_OUT", reason="took 301 s")
        await bench.dead_letters(queue, "bad column", code="RETRIES_EXHAUSTED", reason="ValueError: no such column")
        await bench.dead_letters(queue, "bad row", code="RETRIES_EXHAUSTED", reason="ValueError: no such row")
        step = await bench.backend.redrive(dead, matching=RedriveFilter(cause_code="TIMED_OUT"))
        assert (step.moved, step.skipped) == (1, 2)
        assert await bench.bodies(queue) == ["slow"]
        step = await bench.backend.redrive(
            dead, matching=RedriveFilter(cause_code="RETRIES_EXHAUSTED", reason_contains="column")
        )
        assert (step.moved, step.skipped) == (1, 1)
        assert await bench.bodies(queue) == ["bad column"]

    async def test_a_reason_is_matched_as_plain_text(self, bench: QueueBench) -> None:
        queue, dead = await bench.queue_with_dead_letters()
        await bench.dead_letters(queue, "percent", reason="disk 100% full")
        await bench.dead_letters(queue, "none", reason="disk 100 times full")
        assert (await bench.backend.redrive(dead, matching=RedriveFilter(reason_contains="100% full"))).moved == 1
        assert (await bench.backend.redrive(dead, matching=RedriveFilter(reason_contains="disk_100"))).moved == 0
        assert await bench.bodies(queue) == ["percent"]

    async def test_messages_may_be_chosen_by_id(self, bench: QueueBench) -> None:
        queue, dead = await bench.queue_with_dead_letters()
        chosen: list[MessageId] = []
        for body in "abc":
            chosen += await bench.put(queue, body)
            await bench.dead_letter_one(await bench.take_one(queue))
        step = await bench.backend.redrive(dead, matching=RedriveFilter(message_ids=frozenset({chosen[1]})))
        assert step.moved == 1
        assert await bench.bodies(queue) == ["b"]

    async def test_messages_may_be_chosen_by_the_time_they_died(self, bench: QueueBench) -> None:
        queue, dead = await bench.queue_with_dead_letters()
        await bench.dead_letters(queue, "yesterday")
        await bench.pass_time(bench.unit_s / 10)
        boundary_ms = bench.clock.now_ms()
        await bench.pass_time(bench.unit_s / 10)
        await bench.dead_letters(queue, "today")
        step = await bench.backend.redrive(dead, matching=RedriveFilter(dead_before_ms=boundary_ms))
        assert (step.moved, step.skipped) == (1, 1)
        assert await bench.bodies(queue) == ["yesterday"]

    async def test_leased_dead_letters_stay_with_their_owner(self, bench: QueueBench) -> None:
        queue, dead = await bench.queue_with_dead_letters()
        await bench.dead_letters(queue, "a", "b")
        held = await bench.take_one(dead)
        step = await bench.backend.redrive(dead)
        assert step.moved == 1
        # Who cannot look does not see what is leased.
        assert step.skipped == (1 if bench.capabilities.peek else 0)
        assert len(await bench.bodies(queue)) == 1
        assert await bench.delete_one(dead, held.receipt) is None

    async def test_steps_are_bounded_and_go_on_where_the_last_one_ended(self, bench: QueueBench) -> None:
        queue, dead = await bench.queue_with_dead_letters()
        for index in range(7):
            await bench.dead_letters(queue, f"{index}", code="ODD" if index % 2 else "EVEN")
        seen: list[RedriveStep] = []
        after: int | None = 0
        while after is not None and len(seen) < 20:
            step = await bench.backend.redrive(
                dead, matching=RedriveFilter(cause_code="ODD"), limit=2, after_sequence_number=after
            )
            assert step.moved <= 2
            seen.append(step)
            after = step.next_sequence_number
        assert sum(step.moved for step in seen) == 3
        assert sum(step.skipped for step in seen) == 4
        assert len(seen) > 1
        assert sorted(await bench.bodies(queue)) == ["1", "3", "5"]

    async def test_the_oldest_dead_letters_go_first(self, bench: QueueBench) -> None:
        bench.needs("priority")  # A backend that keeps no priority promises no order either.
        queue, dead = await bench.queue_with_dead_letters()
        await bench.dead_letters(queue, "a", "b", "c")
        assert (await bench.backend.redrive(dead, limit=2)).moved == 2
        assert sorted(await bench.bodies(queue)) == ["a", "b"]

    async def test_receipts_of_a_dead_letter_end_with_its_redrive(self, bench: QueueBench) -> None:
        queue, dead = await bench.queue_with_dead_letters(visibility_timeout_s=bench.unit_s)
        await bench.dead_letters(queue, "a")
        stale = await bench.take_one(dead)
        await bench.change_one(stale, 0)
        assert (await bench.backend.redrive(dead)).moved == 1
        assert await bench.delete_one(dead, stale.receipt) is not None
        assert await bench.bodies(queue) == ["a"]

    async def test_a_message_dead_lettered_again_carries_the_new_cause(self, bench: QueueBench) -> None:
        queue, dead = await bench.queue_with_dead_letters()
        await bench.dead_letters(queue, "a", reason="first")
        await bench.backend.redrive(dead)
        cause = DeadLetterCause(code="REJECTED", reason="second")
        assert await bench.dead_letter_one(await bench.take_one(queue), cause) is None
        delivery = await bench.take_one(dead)
        assert delivery.dead_letter is not None
        assert delivery.dead_letter.cause == cause
        assert delivery.redrive_count == 1

    async def test_an_empty_queue_is_seen_to_its_end(self, bench: QueueBench) -> None:
        dead = await bench.queue("empty-dlq")
        assert await bench.backend.redrive(dead) == RedriveStep(moved=0, skipped=0, next_sequence_number=None)

    async def test_unknown_queues_are_named(self, bench: QueueBench) -> None:
        queue, dead = await bench.queue_with_dead_letters()
        await bench.dead_letters(queue, "a")
        with pytest.raises(QueueNotFound):
            await bench.backend.redrive(bench.name("ghost"))
        with pytest.raises(QueueNotFound):
            await bench.backend.redrive(dead, destination=bench.name("ghost"))
        assert len(await bench.drain(dead)) == 1, "nothing may be lost on the way to a queue that does not exist"

    async def test_dead_letters_of_a_deleted_origin_stay(self, bench: QueueBench) -> None:
        queue, dead = await bench.queue_with_dead_letters()
        await bench.dead_letters(queue, "orphan")
        await bench.backend.delete_queue(queue)
        step = await bench.backend.redrive(dead)
        assert (step.moved, step.skipped) == (0, 1)
        assert await bench.bodies(dead) == ["orphan"]
