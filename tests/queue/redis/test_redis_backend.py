"""What only the Redis backend promises: shared script calls, wake-ups over the network, one time for all machines."""

from __future__ import annotations

import asyncio
import re
import time
from functools import partial

import pytest
from redis_places import QUEUE, WrongClock, acknowledge, message, opened, plain, sent

from wipsie.kernel.clock import SystemClock
from wipsie.kernel.errors import ConfigurationError, ShuttingDown
from wipsie.kernel.ids import QueueName
from wipsie.queue.backend_kit import receiving
from wipsie.queue.backends.redis import RedisQueueBackend
from wipsie.queue.contract import MessageState, QueueSettings, VisibilityChange
from wipsie.testing.eventually import eventually
from wipsie.testing.servers.redis import RedisServer


async def test_calls_waiting_at_one_moment_share_script_calls(redis_server: RedisServer) -> None:
    async with opened(redis_server) as backend:
        before = await script_calls(redis_server)
        await asyncio.gather(*(backend.send([message()]) for _ in range(500)))
        assert await script_calls(redis_server) - before <= 10
        before = await script_calls(redis_server)
        received = await asyncio.gather(*(backend.receive(QUEUE, max_messages=5) for _ in range(100)))
        await asyncio.gather(*(acknowledge(backend, deliveries) for deliveries in received))
        assert await script_calls(redis_server) - before <= 10
        assert (await backend.counts(QUEUE)).total == 0


async def test_a_stopped_backend_finishes_what_it_took_and_refuses_more(redis_server: RedisServer) -> None:
    async with opened(redis_server, namespace="test-stop") as backend:
        sends = [asyncio.create_task(backend.send([message()])) for _ in range(50)]
        await asyncio.sleep(0)
    assert len(await asyncio.gather(*sends)) == 50
    with pytest.raises(ShuttingDown):
        await backend.send([message()])
    with pytest.raises(ShuttingDown):
        await backend.queue_settings(QUEUE)
    async with opened(redis_server, namespace="test-stop") as again:
        assert (await again.counts(QUEUE)).ready == 50


async def test_waiting_receivers_cost_next_to_no_processor_time(redis_server: RedisServer) -> None:
    async with opened(redis_server) as backend:
        tasks = [asyncio.create_task(backend.receive(QUEUE, wait_s=20.0)) for _ in range(100)]
        await asyncio.sleep(0.2)
        wall, spent = time.monotonic(), time.process_time()
        await asyncio.sleep(0.8)
        share = (time.process_time() - spent) / (time.monotonic() - wall)
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        assert share < 0.2, f"100 waiting receivers took {share:.0%} of a processor"


async def test_a_send_of_another_process_wakes_a_receiver_that_would_not_look_again(
    redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Nobody looks by himself any more: only the wake-up brings the message.
    monkeypatch.setattr(receiving, "RECHECK_S", 3600.0)
    async with (
        opened(redis_server, namespace="test-wake") as left,
        opened(redis_server, namespace="test-wake") as right,
    ):
        for _ in range(5):
            before = await script_calls(redis_server)
            waiting = asyncio.create_task(left.receive(QUEUE, wait_s=60.0))
            await eventually(partial(has_run_scripts_since, redis_server, before), 20.0, "the receiver has looked")
            await right.send([message()])
            assert len(await asyncio.wait_for(waiting, 20.0)) == 1
            await acknowledge(left, waiting.result())


async def test_machines_whose_clocks_differ_by_a_minute_agree_on_leases_and_delays(redis_server: RedisServer) -> None:
    early, late = WrongClock(-60.0), WrongClock(60.0)
    async with (
        opened(redis_server, clock=early, namespace="test-clocks") as left,
        opened(redis_server, clock=late, namespace="test-clocks") as right,
    ):
        true_ms = SystemClock.now_ms()
        (result,) = sent(await left.send([message("leased")]))
        assert abs(result.sent_at_ms - true_ms) < 1000
        (held,) = await left.receive(QUEUE, visibility_timeout_s=30.0)
        assert await right.receive(QUEUE) == [], "a lease of 30 s is over for a clock that is two minutes ahead"
        assert await left.delete([(QUEUE, held.receipt)]) == [None]
        await right.send([message("delayed", delay_s=1.0)])
        assert await left.receive(QUEUE) == []
        (delivery,) = await left.receive(QUEUE, wait_s=5.0)
        assert delivery.body == "delayed"
        assert 900 <= delivery.waiting_since_ms - delivery.sent_at_ms <= 1100


async def test_scripts_that_redis_forgot_are_given_to_it_again(redis_server: RedisServer) -> None:
    async with opened(redis_server) as backend:
        await backend.send([message("before")])
        await plain(redis_server, "SCRIPT", "FLUSH")
        await asyncio.gather(*(backend.send([message("after")]) for _ in range(300)))
        assert (await backend.counts(QUEUE)).ready == 301


async def test_namespaces_do_not_see_each_other(redis_server: RedisServer) -> None:
    async with opened(redis_server) as left, opened(redis_server) as right:
        await left.send([message()])
        assert (await right.counts(QUEUE)).total == 0
        assert await right.receive(QUEUE) == []


async def test_all_keys_of_a_namespace_lie_in_one_slot_of_a_cluster(redis_server: RedisServer) -> None:
    namespace = "test-slot"
    async with opened(redis_server, namespace=namespace, key_concurrency=1) as backend:
        await backend.send([message(group_id="g", deduplication_id="k"), message(delay_s=9.0), message()])
        await backend.receive(QUEUE)
        keys = await plain(redis_server, "KEYS", f"*{namespace}*")
        assert keys
        assert all(key.startswith(f"{{{namespace}}}:".encode()) for key in keys)


async def test_a_queue_created_anew_by_another_process_is_the_new_one(redis_server: RedisServer) -> None:
    async with (
        opened(redis_server, namespace="test-anew") as left,
        opened(redis_server, namespace="test-anew") as right,
    ):
        await left.send([message("old")])
        await right.delete_queue(QUEUE)
        await right.create_queue(QueueSettings(name=QUEUE, message_bytes_max=50))
        (result, refusal) = await left.send([message("new"), message("x" * 60)])
        assert sent([result])
        assert not hasattr(refusal, "sequence_number"), "the limit of the new queue counts"
        (delivery,) = await left.receive(QUEUE)
        assert delivery.body == "new"
        await acknowledge(left, [delivery])


async def test_a_message_dead_lettered_into_a_queue_that_does_not_exist_stays(redis_server: RedisServer) -> None:
    missing = QueueName("wipsie-nowhere")
    async with opened(redis_server, dead_letter_queue=missing, max_receive_count=1) as backend:
        await backend.send([message("poison")])
        (delivery,) = await backend.receive(QUEUE, visibility_timeout_s=0.0)
        with pytest.raises(Exception, match="wipsie-nowhere"):
            await backend.receive(QUEUE)
        await backend.create_queue(QueueSettings(name=missing))
        assert await backend.receive(QUEUE) == []
        (dead,) = await backend.receive(missing)
        assert dead.message_id == delivery.message_id


@pytest.mark.slow
async def test_large_messages_are_received_in_bounded_answers_and_none_is_left_out(redis_server: RedisServer) -> None:
    async with opened(redis_server) as backend:
        body = "x" * 1_000_000
        sent(await backend.send([message(body) for _ in range(40)]))
        first = await backend.receive(QUEUE, max_messages=40)
        assert 0 < len(first) < 40
        deliveries = first
        while len(deliveries) < 40:
            more = await backend.receive(QUEUE, max_messages=40)
            assert more
            deliveries += more
        assert len({delivery.message_id for delivery in deliveries}) == 40


@pytest.mark.slow
async def test_raising_and_lifting_the_key_limit_frees_a_deep_backlog(redis_server: RedisServer) -> None:
    async with opened(redis_server, key_concurrency=1) as backend:
        for start in range(0, 3000, 1000):
            await backend.send([message(f"{start + index}", group_id=f"g{index % 700}") for index in range(1000)])
        assert (await backend.counts(QUEUE)).ready == 700
        await backend.change_queue(QueueSettings(name=QUEUE, key_concurrency=2))
        assert (await backend.counts(QUEUE)).ready == 1400
        await backend.change_queue(QueueSettings(name=QUEUE))
        counts = await backend.counts(QUEUE)
        assert (counts.ready, counts.blocked) == (3000, 0)
        # What was counted meanwhile is right when a limit comes back.
        await backend.change_queue(QueueSettings(name=QUEUE, key_concurrency=1))
        seen = 0
        while deliveries := await backend.receive(QUEUE, max_messages=1000):
            seen += len(deliveries)
            await acknowledge(backend, deliveries)
        assert seen == 3000


@pytest.mark.slow
async def test_a_purge_of_many_messages_holds_nobody_up(redis_server: RedisServer) -> None:
    async with opened(redis_server) as backend:
        for _ in range(100):
            await backend.send([message("x" * 100) for _ in range(1000)])
        slowest = 0.0
        purge = asyncio.create_task(backend.purge(QUEUE))
        while not purge.done():
            started = time.monotonic()
            await backend.receive(QUEUE)
            slowest = max(slowest, time.monotonic() - started)
        assert purge.result() >= 100_000 - 1000
        assert slowest < 0.5, f"a call took {slowest:.2f} s beside the purge"


async def test_states_are_looked_up_in_long_queues(redis_server: RedisServer) -> None:
    async with opened(redis_server) as backend:
        await backend.send([message(f"{index}") for index in range(1200)])
        leased = await backend.receive(QUEUE, max_messages=3)
        await backend.send([message("later", delay_s=60.0)])
        (last,) = await backend.peek(QUEUE, state=MessageState.DELAYED)
        assert last.body == "later"
        seen = await backend.peek(QUEUE, state=MessageState.LEASED, limit=100)
        assert [one.message_id for one in seen] == [one.message_id for one in leased]
        assert len(await backend.peek(QUEUE, limit=5000)) == 1201
        assert len(await backend.peek(QUEUE, limit=5000, state=MessageState.READY)) == 1197
        assert await backend.peek(QUEUE, message_id=last.message_id) == [last]


async def test_a_queue_is_looked_through_over_gaps_and_leaves_nothing_behind(redis_server: RedisServer) -> None:
    dead = QueueName("wipsie-dead")
    async with opened(redis_server, namespace="test-gaps") as backend:
        for start in range(0, 4000, 1000):
            await backend.send([message(f"{start + index}") for index in range(1000)])
        held = [one for _ in range(4) for one in await backend.receive(QUEUE, max_messages=1000)]
        # The second and third thousand go altogether, of the others each hundredth stays.
        stays = [one for one in held if one.sequence_number % 100 == 0 and not 1000 <= one.sequence_number < 3000]
        kept = {one.sequence_number for one in stays}
        await acknowledge(backend, [one for one in held if one.sequence_number not in kept])
        seen: list[int] = []
        while page := await backend.peek(QUEUE, limit=7, after_sequence_number=seen[-1] if seen else 0):
            seen += [one.sequence_number for one in page]
        assert seen == sorted(kept)
        await backend.create_queue(QueueSettings(name=dead))
        assert await backend.change_visibility([VisibilityChange(one.queue, one.receipt, 0.0) for one in stays]) == [
            None
        ] * len(stays)
        steps, after, moved = 0, 0, 0
        while after is not None:
            step = await backend.redrive(QUEUE, destination=dead, limit=4, after_sequence_number=after)
            steps, after, moved = steps + 1, step.next_sequence_number, moved + step.moved
        assert (moved, steps) == (len(stays), len(stays) // 4 + 1)
        assert [one.body for one in await backend.peek(dead, limit=100)] == [one.body for one in stays]
        assert await backend.purge(dead) == len(stays)
        await backend.delete_queue(dead)
        await backend.delete_queue(QUEUE)
        left = await plain(redis_server, "KEYS", "{test-gaps}:*")
        assert set(left) == {b"{test-gaps}:layout", b"{test-gaps}:queue_id"}
        await backend.create_queue(QueueSettings(name=QUEUE))


async def test_the_queues_of_a_newer_wipsie_are_refused_with_a_sentence(redis_server: RedisServer) -> None:
    await plain(redis_server, "SET", "{test-newer}:layout", "999")
    backend = RedisQueueBackend(redis_server.url(), clock=SystemClock(), namespace="test-newer")
    with pytest.raises(ConfigurationError, match="999"):
        await backend.start()
    await backend.stop()


@pytest.mark.parametrize(
    "url", ["redis://localhost:port/0", "http://localhost", "redis://:geheim@localhost/0?max_connections=4"]
)
def test_a_url_that_cannot_be_used_is_refused_by_the_name_of_its_setting(url: str) -> None:
    with pytest.raises(ConfigurationError, match="QUEUE_URL") as refusal:
        RedisQueueBackend(url, clock=SystemClock())
    assert "geheim" not in refusal.value.message


async def has_run_scripts_since(server: RedisServer, before: int) -> bool:
    return await script_calls(server) > before


async def script_calls(server: RedisServer) -> int:
    """How many scripts the server has run."""
    statistics = (await plain(server, "INFO", "commandstats")).decode()
    return sum(int(calls) for calls in re.findall(r"^cmdstat_eval(?:sha)?:calls=(\d+)", statistics, re.MULTILINE))
