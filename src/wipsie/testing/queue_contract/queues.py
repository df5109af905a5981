"""Contract: creating, changing, listing and deleting queues."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

import msgspec
import pytest

from wipsie.kernel.errors import InvalidInput, NotSupported, QueueExists, QueueNotFound
from wipsie.kernel.ids import Receipt
from wipsie.testing.queue_contract.workbench import QueueBench, refused


@pytest.mark.asyncio
class TestQueues:
    async def test_a_created_queue_remembers_all_its_settings(self, bench: QueueBench) -> None:
        dead = await bench.queue("orders-dlq")
        wanted = bench.settings(
            visibility_timeout_s=45.0,
            retention_s=3600,
            delay_s=5.0,
            dead_letter_queue=dead,
            max_receive_count=4,
            tags={"team": "night"},
        )
        assert await bench.backend.create_queue(wanted) == wanted
        assert await bench.backend.queue_settings(wanted.name) == wanted

    async def test_creating_the_same_queue_again_changes_nothing(self, bench: QueueBench) -> None:
        settings = bench.settings(visibility_timeout_s=45.0)
        await bench.backend.create_queue(settings)
        await bench.put(settings.name, "kept")
        assert await bench.backend.create_queue(settings) == settings
        assert (await bench.take_one(settings.name)).body == "kept"

    async def test_creating_a_queue_with_other_settings_names_the_field_that_differs(self, bench: QueueBench) -> None:
        settings = bench.settings(visibility_timeout_s=45.0)
        await bench.backend.create_queue(settings)
        with pytest.raises(QueueExists) as refusal:
            await bench.backend.create_queue(msgspec.structs.replace(settings, visibility_timeout_s=46.0))
        assert "visibility_timeout_s" in f"{refusal.value.message} {refusal.value.details}"
        assert await bench.backend.queue_settings(settings.name) == settings

    async def test_a_change_replaces_the_settings(self, bench: QueueBench) -> None:
        settings = bench.settings(visibility_timeout_s=45.0)
        await bench.backend.create_queue(settings)
        changed = msgspec.structs.replace(settings, visibility_timeout_s=7.0, tags={"new": "yes"})
        await bench.backend.change_queue(changed)
        assert await bench.backend.queue_settings(settings.name) == changed
        await bench.put(settings.name, "hello")
        delivery = await bench.take_one(settings.name)
        assert delivery.lease_until_ms - delivery.received_at_ms == 7000

    async def test_a_standard_queue_cannot_become_fifo(self, bench: QueueBench) -> None:
        settings = bench.settings()
        await bench.backend.create_queue(settings)
        with pytest.raises((InvalidInput, NotSupported)):
            await bench.backend.change_queue(msgspec.structs.replace(settings, fifo=True))

    async def test_queues_are_listed_by_name(self, bench: QueueBench) -> None:
        for short in ("pears", "apples", "plums"):
            await bench.queue(short)
        names = [settings.name for settings in await bench.backend.list_queues()]
        ours = [name for name in names if name.startswith(bench.name(""))]
        assert ours == [bench.name("apples"), bench.name("pears"), bench.name("plums")]
        assert names == sorted(names)

    async def test_a_deleted_queue_takes_its_messages_along(self, bench: QueueBench) -> None:
        queue, other = await bench.queue(), await bench.queue("other")
        await bench.put(queue, "lost", "leased")
        await bench.put(other, "stays")
        await bench.take_one(queue)
        await bench.backend.delete_queue(queue)
        assert queue not in [settings.name for settings in await bench.backend.list_queues()]
        assert (await bench.take_one(other)).body == "stays"

    async def test_a_queue_created_anew_starts_empty(self, bench: QueueBench) -> None:
        bench.needs("exact_counts")
        queue = await bench.queue()
        await bench.put(queue, "old", "old too")
        await bench.take_one(queue)
        await bench.backend.delete_queue(queue)
        assert await bench.queue() == queue
        await bench.check_counts(queue)
        await bench.put(queue, "new")
        assert await bench.bodies(queue) == ["new"]

    async def test_every_verb_names_a_queue_that_does_not_exist(self, bench: QueueBench) -> None:
        ghost = bench.name("ghost")
        backend = bench.backend
        calls: list[Coroutine[Any, Any, object]] = [
            backend.queue_settings(ghost),
            backend.delete_queue(ghost),
            backend.change_queue(bench.settings("ghost")),
            backend.receive(ghost),
            backend.receive(ghost, wait_s=1.0),
            backend.counts(ghost),
            backend.purge(ghost),
        ]
        if bench.capabilities.peek:
            calls.append(backend.peek(ghost))
        for call in calls:
            with pytest.raises(QueueNotFound) as refusal:
                await call
            assert ghost in f"{refusal.value.message} {refusal.value.details}"

    async def test_a_receipt_for_a_queue_that_does_not_exist_is_refused_alone(self, bench: QueueBench) -> None:
        queue = await bench.queue()
        await bench.put(queue, "hello")
        delivery = await bench.take_one(queue)
        outcomes = await bench.backend.delete(
            [(bench.name("ghost"), Receipt(delivery.receipt)), (queue, delivery.receipt)]
        )
        assert outcomes[0] is not None
        assert outcomes[1] is None

    async def test_a_fifo_queue_is_kept_or_refused_honestly(self, bench: QueueBench) -> None:
        settings = bench.settings("line", fifo=True)
        if bench.capabilities.fifo:
            assert (await bench.backend.create_queue(settings)).fifo
        else:
            with pytest.raises(NotSupported):
                await bench.backend.create_queue(settings)

    async def test_key_concurrency_is_kept_or_refused_honestly(self, bench: QueueBench) -> None:
        settings = bench.settings(key_concurrency=2)
        if bench.capabilities.key_concurrency:
            assert (await bench.backend.create_queue(settings)).key_concurrency == 2
        else:
            with pytest.raises(NotSupported):
                await bench.backend.create_queue(settings)

    async def test_a_largest_number_of_messages_is_kept_or_refused_honestly(self, bench: QueueBench) -> None:
        settings = bench.settings(max_messages=2)
        if bench.capabilities.exact_counts:
            assert (await bench.backend.create_queue(settings)).max_messages == 2
        else:
            with pytest.raises(NotSupported):
                await bench.backend.create_queue(settings)

    async def test_what_a_protocol_notes_at_a_queue_is_kept_or_refused_honestly(self, bench: QueueBench) -> None:
        notes = {"Policy": '{"Version": "2012-10-17", "Für": "<alle> & \\"jeden\\""}', "Empty": ""}
        settings = bench.settings(protocol_attributes=notes)
        if bench.capabilities.protocol_attributes:
            assert (await bench.backend.create_queue(settings)).protocol_attributes == notes
            changed = msgspec.structs.replace(settings, protocol_attributes={"Policy": ""})
            await bench.backend.change_queue(changed)
            assert await bench.backend.queue_settings(settings.name) == changed
        else:
            with pytest.raises(NotSupported):
                await bench.backend.create_queue(settings)

    async def test_a_window_of_deduplication_is_kept_or_refused_honestly(self, bench: QueueBench) -> None:
        settings = bench.settings(deduplication_window_s=3600.0)
        if bench.capabilities.deduplication:
            assert (await bench.backend.create_queue(settings)).deduplication_window_s == 3600.0
        else:
            with pytest.raises(NotSupported):
                await bench.backend.create_queue(settings)

    async def test_a_send_to_a_queue_that_does_not_exist_is_refused(self, bench: QueueBench) -> None:
        (outcome,) = await bench.backend.send([bench.message(bench.name("ghost"))])
        refused(outcome, QueueNotFound)
