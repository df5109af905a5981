"""Any sequence of sends, receives with and without attempt ids, deletes and visibility changes leaves a FIFO queue where a small
model says."""

from __future__ import annotations

import asyncio
import itertools
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from direct_calls import DirectCalls
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from wipsie.database import Database
from wipsie.kernel.ids import QueueName
from wipsie.queue.backends.sqlite import SqliteQueueBackend
from wipsie.queue.engine import QueueEngine
from wipsie.queue.names import QueueNames
from wipsie.sqs_endpoint.actions.change_message_visibility import (
    ChangeMessageVisibilityInput,
    change_message_visibility,
)
from wipsie.sqs_endpoint.actions.delete_message import DeleteMessageInput, delete_message
from wipsie.sqs_endpoint.actions.queue_lifecycle import CreateQueueInput, create_queue
from wipsie.sqs_endpoint.actions.receive_message import ReceiveMessageInput, receive_message
from wipsie.sqs_endpoint.actions.send_message import SendMessageInput, send_message
from wipsie.sqs_endpoint.errors import INVALID_PARAMETER, SqsError
from wipsie.sqs_endpoint.receive_attempts import REPEATABLE_S
from wipsie.testing.clock import FakeClock

GROUPS = ("a", "b", "c")
SECONDS = (0, 1, 30, 100, 299, 300)
VISIBILITIES_S = (None, None, 0, 100, 1000)
ATTEMPTS = ("one", "one", "one", "two", None)


@dataclass
class Message:
    """One message of the model."""

    body: str
    group: str
    handle: str | None = None
    """Of its last delivery."""
    lease_until_ms: int = 0
    count: int = 0


@dataclass
class Attempt:
    """What an attempt id stands for."""

    until_ms: int
    got: list[tuple[Message, str, int]]
    """Messages, with handle and lease end as they were left."""


@dataclass
class Model:
    """A FIFO queue that delivers the first of each free group, and repeats an attempt while nobody touched what it got."""

    groups: dict[str, list[Message]] = field(default_factory=lambda: {group: [] for group in GROUPS})
    attempts: dict[str, Attempt] = field(default_factory=dict[str, Attempt])

    def heads(self, now_ms: int) -> dict[str, Message]:
        """What may be delivered now, by body."""
        firsts = [messages[0] for messages in self.groups.values() if messages]
        return {one.body: one for one in firsts if one.lease_until_ms <= now_ms}

    def held_by(self, handle: str) -> Message | None:
        """The message a handle still acknowledges."""
        messages = itertools.chain.from_iterable(self.groups.values())
        return next((one for one in messages if one.handle == handle), None)

    def repeats(self, attempt_id: str, now_ms: int) -> Attempt | None:
        """The attempt that a receive repeats."""
        attempt = self.attempts.get(attempt_id)
        if attempt is None or now_ms >= attempt.until_ms:
            return None
        return None if now_ms >= min(lease for _, _, lease in attempt.got) else attempt

    def is_touched(self, attempt: Attempt) -> bool:
        """Whether one of its messages was deleted, returned, kept or delivered to another since."""
        return any(
            self.held_by(handle) is not message or message.lease_until_ms != lease
            for message, handle, lease in attempt.got
        )


class Place:
    """The endpoint's actions over a file, in a loop of its own."""

    def __init__(self, folder: Path) -> None:
        self.clock = FakeClock()
        self.runner = asyncio.Runner()
        self._numbers = itertools.count(1)
        backend = SqliteQueueBackend(folder / "queue.db", clock=self.clock, synchronous="NORMAL")
        self.engine = QueueEngine(backend, clock=self.clock, names=QueueNames())
        self.database = Database(f"sqlite:///{folder}/wipsie.db", clock=self.clock, synchronous="NORMAL")
        self.runner.run(self.engine.start())
        self.runner.run(self.database.start())
        self._calls = DirectCalls(self.engine, self.database)

    def run(self, action: Any, given: Any) -> dict[str, Any]:
        return self.runner.run(self._calls.run(action, given))

    def new_queue(self) -> str:
        name = f"queue-{next(self._numbers)}.fifo"
        attributes = {"FifoQueue": "true", "ContentBasedDeduplication": "true", "VisibilityTimeout": "30"}
        self.run(create_queue, CreateQueueInput(queue_name=name, attributes=attributes))
        return name

    def close(self) -> None:
        self.runner.run(self.database.stop())
        self.runner.run(self.engine.stop())
        self.runner.close()


def machine(place: Place) -> type[RuleBasedStateMachine]:
    class FifoMachine(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            self.queue = place.new_queue()
            self.model = Model()
            self.bodies = itertools.count(1)
            self.handles: list[str] = []
            for group in GROUPS:
                self.send(group)
                self.send(group)

        @property
        def now_ms(self) -> int:
            return place.clock.now_ms()

        @rule(group=st.sampled_from(GROUPS))
        def send_one(self, group: str) -> None:
            self.send(group)

        def send(self, group: str) -> None:
            body = f"{group}{next(self.bodies)}"
            place.run(send_message, SendMessageInput(queue_url=self.queue, message_body=body, message_group_id=group))
            self.model.groups[group].append(Message(body, group))

        @rule(
            most=st.sampled_from([10, 1]),
            visibility_s=st.sampled_from(VISIBILITIES_S),
            attempt_id=st.sampled_from(ATTEMPTS),
        )
        def receive(self, most: int, visibility_s: int | None, attempt_id: str | None) -> None:
            given = ReceiveMessageInput(
                queue_url=self.queue,
                max_number_of_messages=most,
                visibility_timeout=visibility_s,
                receive_request_attempt_id=attempt_id,
                attribute_names=["ApproximateReceiveCount"],
            )
            repeated = None if attempt_id is None else self.model.repeats(attempt_id, self.now_ms)
            if repeated is not None and self.model.is_touched(repeated):
                with pytest.raises(SqsError) as refusal:
                    place.run(receive_message, given)
                assert refusal.value.kind is INVALID_PARAMETER
                return
            answer = place.run(receive_message, given).get("Messages", [])
            until_ms = self.now_ms + (30 if visibility_s is None else visibility_s) * 1000
            if repeated is None:
                got = self._delivered(answer, most, until_ms)
                note_until_ms = self.now_ms + REPEATABLE_S * 1000
            else:
                assert [one["ReceiptHandle"] for one in answer] == [handle for _, handle, _ in repeated.got]
                assert [one["Body"] for one in answer] == [message.body for message, _, _ in repeated.got]
                got = [message for message, _, _ in repeated.got]
                note_until_ms = repeated.until_ms
            for message, shown in zip(got, answer, strict=True):
                message.lease_until_ms = until_ms
                assert shown["Attributes"] == {"ApproximateReceiveCount": str(message.count)}
            if attempt_id is not None and got:
                noted = [(one, one.handle or "", until_ms) for one in got]
                self.model.attempts[attempt_id] = Attempt(note_until_ms, noted)

        def _delivered(self, answer: list[dict[str, Any]], most: int, until_ms: int) -> list[Message]:
            heads = self.model.heads(self.now_ms)
            assert len(answer) == min(most, len(heads))
            got = [heads[one["Body"]] for one in answer]
            for message, shown in zip(got, answer, strict=True):
                assert shown["ReceiptHandle"] not in self.handles
                message.handle = shown["ReceiptHandle"]
                message.count += 1
                self.handles.append(shown["ReceiptHandle"])
            return got

        @precondition(lambda self: self.handles)
        @rule(data=st.data())
        def delete(self, data: st.DataObject) -> None:
            handle = data.draw(st.sampled_from(self.handles[-4:]))
            message = self.model.held_by(handle)
            given = DeleteMessageInput(queue_url=self.queue, receipt_handle=handle)
            if message is None:
                with pytest.raises(SqsError):
                    place.run(delete_message, given)
                return
            place.run(delete_message, given)
            self.model.groups[message.group].remove(message)

        @precondition(lambda self: self.handles)
        @rule(data=st.data(), seconds=st.sampled_from(SECONDS))
        def change(self, data: st.DataObject, seconds: int) -> None:
            handle = data.draw(st.sampled_from(self.handles[-4:]))
            message = self.model.held_by(handle)
            given = ChangeMessageVisibilityInput(
                queue_url=self.queue, receipt_handle=handle, visibility_timeout=seconds
            )
            if message is None:
                with pytest.raises(SqsError):
                    place.run(change_message_visibility, given)
                return
            place.run(change_message_visibility, given)
            message.lease_until_ms = self.now_ms + seconds * 1000

        @rule(seconds=st.sampled_from(SECONDS))
        def advance(self, seconds: int) -> None:
            place.clock.jump(seconds)

        @invariant()
        def holds_what_was_sent_and_not_deleted(self) -> None:
            stored = place.runner.run(place.engine.counts(QueueName(self.queue)))
            assert stored.total == sum(len(messages) for messages in self.model.groups.values())

    return FifoMachine


@pytest.fixture
def place(tmp_path: Path, migrated_sqlite_file: Path) -> Iterator[Place]:
    shutil.copy(migrated_sqlite_file, tmp_path / "wipsie.db")
    place = Place(tmp_path)
    yield place
    place.close()


def test_a_fifo_queue_ends_where_the_model_ends(place: Place) -> None:
    profile = settings(
        max_examples=50,
        stateful_step_count=30,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
    )
    run_state_machine_as_test(machine(place), settings=profile)
