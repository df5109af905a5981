"""boto3 as load: a client in a closed loop per thread, in a process of its own.

Run as `python -m benchmarks.load.boto3_client`: the order as JSON on standard input, the report as JSON on standard output.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import boto3
import msgspec
from botocore.config import Config

from benchmarks.load.boto3_orders import BATCH, BODY, PHASES, Boto3Order, Boto3Report, PhaseReport
from benchmarks.load.report import LoadFailed

_AWS: Any = boto3  # it makes its clients at run time: there are no types
_KEYS = dict.fromkeys(("aws_access_key_id", "aws_secret_access_key"), "benchmark")
_ENTRIES = [{"Id": str(number), "MessageBody": BODY} for number in range(BATCH)]


class Boto3Load:
    """What one call of each phase does. Each returns how many messages it moved. LoadFailed when one was refused or missing."""

    def __init__(self, order: Boto3Order) -> None:
        # Nothing is tried again: a refusal must not hide in a slower success.
        config = Config(max_pool_connections=order.threads, retries={"total_max_attempts": 1}, read_timeout=30)
        self.client = _AWS.client(
            "sqs",
            endpoint_url=order.endpoint_url,
            region_name="us-east-1",
            config=config,
            **_KEYS,
        )
        self.url = self.client.create_queue(QueueName=order.queue, Attributes={"VisibilityTimeout": "600"})["QueueUrl"]

    def send(self) -> int:
        self.client.send_message(QueueUrl=self.url, MessageBody=BODY)
        return 1

    def send_batch(self) -> int:
        answer = self.client.send_message_batch(QueueUrl=self.url, Entries=_ENTRIES)
        return _all_of_them(answer)

    def receive_and_delete(self) -> int:
        (message,) = self._receive(1)
        self.client.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])
        return 1

    def receive_and_delete_batch(self) -> int:
        entries = [
            {"Id": str(number), "ReceiptHandle": message["ReceiptHandle"]}
            for number, message in enumerate(self._receive(BATCH))
        ]
        return _all_of_them(self.client.delete_message_batch(QueueUrl=self.url, Entries=entries))

    def _receive(self, count: int) -> list[dict[str, Any]]:
        messages = self.client.receive_message(QueueUrl=self.url, MaxNumberOfMessages=count).get("Messages", [])
        if len(messages) != count:
            raise LoadFailed(f"A queue with enough messages gave {len(messages)} instead of {count}.")
        return messages


def _all_of_them(answer: dict[str, Any]) -> int:
    if len(answer.get("Successful", [])) != BATCH:
        raise LoadFailed(f"Not all of a batch were accepted: {answer.get('Failed')}")
    return BATCH


def run_phase(
    name: str, step: Callable[[], int], order: Boto3Order, available: int | None = None
) -> tuple[PhaseReport, int]:
    """The phase as measured, and how many messages it moved with its warm-up. It ends early before it has moved all of
    `available`. The first failure of a thread is raised."""
    totals = [0] * order.threads
    measured = [0] * order.threads
    failures: list[Exception] = []
    started = time.perf_counter()
    measure_from = started + order.warm_up_s
    until = measure_from + order.seconds
    most = None if available is None else available - order.threads * BATCH

    def loop(number: int) -> None:
        try:
            # One call at least, however slow the server is: a rate of nothing has no ratio.
            while ((now := time.perf_counter()) < until or not measured[number]) and not failures:
                if most is not None and sum(totals) > most:
                    return
                moved = step()
                totals[number] += moved
                if now >= measure_from:
                    measured[number] += moved
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=loop, args=(number,)) for number in range(order.threads)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    # The last calls end after the time: they are counted, so their time is too.
    seconds = time.perf_counter() - measure_from
    return PhaseReport(name=name, messages=sum(measured), seconds=seconds), sum(totals)


def carry_out(order: Boto3Order) -> Boto3Report:
    """All phases, one after the other."""
    load = Boto3Load(order)
    phases: list[PhaseReport] = []
    sent = deleted = 0
    for name, step in zip(PHASES[:2], (load.send, load.send_batch), strict=True):
        report, moved = run_phase(name, step, order)
        phases.append(report)
        sent += moved
    # Whatever little a slow server took: each thread can make a few calls of both kinds.
    while sent < 4 * order.threads * BATCH:
        sent += load.send_batch()
    for name, step in zip(PHASES[2:], (load.receive_and_delete, load.receive_and_delete_batch), strict=True):
        report, moved = run_phase(name, step, order, sent - deleted)
        phases.append(report)
        deleted += moved
    load.client.close()
    return Boto3Report(version=_AWS.__version__, phases=phases, sent=sent, deleted=deleted)


def main() -> None:
    """Read the order, carry it out, write the report."""
    order = msgspec.json.decode(sys.stdin.buffer.read(), type=Boto3Order)
    if order.core is not None:
        os.sched_setaffinity(0, {order.core})
    sys.stdout.buffer.write(msgspec.json.encode(carry_out(order)))


if __name__ == "__main__":
    main()
