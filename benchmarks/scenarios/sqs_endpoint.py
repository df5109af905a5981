"""The SQS endpoint, durable, next to moto's server and to a server with canned answers: one process on one core each."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

import msgspec

from benchmarks.cores import children_on
from benchmarks.load.boto3_orders import BODY, PHASES, Boto3Order, Boto3Report
from benchmarks.load.generate import generate_load
from benchmarks.load.raw_client import Order
from benchmarks.load.report import LoadFailed, LoadReport, check
from benchmarks.scenario import Measurement, Outcome, Scenario, Size
from benchmarks.servers.process import Server, serve_module, serve_wipsie
from wipsie.testing.servers import MotoServer

RAW_BAR = 5_000
CANNED_BAR = 0.7
MOTO_BAR = 10.0
CONNECTIONS = 64
THREADS = (1, 8)
_SERVERS = ("Wipsie", "canned answers", "moto")
_QUEUE = "orders"


def measure(size: Size, directory: Path) -> Outcome:
    """The servers take turns on the first core, the load comes from the last; on one core they have to share it."""
    seconds = size.pick(full=4.0, quick=2.0, smoke=0.3)
    raw_seconds = size.pick(full=5.0, quick=3.0, smoke=1.0)
    rounds = size.pick(full=3, quick=1, smoke=1)
    cores = sorted(os.sched_getaffinity(0))
    server_core, load_core = cores[0], cores[-1]
    reports: dict[tuple[str, int], list[Boto3Report]] = {}
    raw: list[LoadReport] = []
    raw_canned: list[LoadReport] = []

    def drive(name: str, endpoint_url: str) -> None:
        for threads in THREADS:
            order = Boto3Order(
                endpoint_url=endpoint_url,
                queue=f"{_QUEUE}-{threads}",
                seconds=seconds,
                warm_up_s=seconds / 5,
                threads=threads,
                core=load_core,
            )
            reports.setdefault((name, threads), []).append(_by_boto3(order))

    def send_raw(server: Server) -> LoadReport:
        return check(generate_load(_raw_order(server.port, raw_seconds, load_core), directory))

    for number in range(rounds):
        with serve_wipsie(directory=directory / f"wipsie{number}", roles="api", core=server_core) as server:
            url = f"http://127.0.0.1:{server.port}"
            drive("Wipsie", url)
            _check_counts(url, {threads: reports["Wipsie", threads][-1] for threads in THREADS})
            raw.append(send_raw(server))
        with serve_module("benchmarks.servers.canned_sqs", directory=directory / "canned", core=server_core) as server:
            drive("canned answers", f"http://127.0.0.1:{server.port}")
            raw_canned.append(send_raw(server))
        moto = MotoServer(directory / f"moto{number}")
        (directory / f"moto{number}").mkdir()
        with children_on(server_core):
            moto.start()
        try:
            drive("moto", moto.endpoint_url)
        finally:
            moto.stop()
    return Outcome(
        measurements=[
            Measurement(
                name="SendMessage, raw client", value=median(one.rate for one in raw), unit="requests/s", bar=RAW_BAR
            ),
            Measurement(
                name="canned answers, raw client", value=median(one.rate for one in raw_canned), unit="requests/s"
            ),
            Measurement(
                name=f"SendMessage, raw client, {CONNECTIONS} connections, p99",
                value=median(one.p99_ms for one in raw),
                unit="ms",
                lower_is_better=True,
            ),
            *(one for threads in THREADS for one in _figures(reports, threads)),
        ],
        settings={
            "generator": raw[0].generator,
            "connections": CONNECTIONS,
            "boto3": reports["Wipsie", THREADS[0]][0].version,
            "moto": version("moto"),
            "measured_s": seconds,
            "rounds": rounds,
            "server_core": server_core,
            "load_core": load_core,
            "body_bytes": len(BODY),
            "wipsie_roles": "api",
        },
    )


def _figures(reports: dict[tuple[str, int], list[Boto3Report]], threads: int) -> list[Measurement]:
    told = f"{threads} thread" if threads == 1 else f"{threads} threads"
    figures: list[Measurement] = []
    for number, phase in enumerate(PHASES):
        rates = {name: median(report.phases[number].rate for report in reports[name, threads]) for name in _SERVERS}
        title = f"boto3, {told}, {phase}"
        figures += [Measurement(name=f"{title}: {name}", value=rates[name], unit="messages/s") for name in _SERVERS]
        figures += [
            Measurement(
                name=f"{title}: against canned answers",
                value=rates["Wipsie"] / rates["canned answers"],
                unit="ratio",
                bar=CANNED_BAR,
            ),
            Measurement(
                name=f"{title}: against moto", value=rates["Wipsie"] / rates["moto"], unit="ratio", bar=MOTO_BAR
            ),
        ]
    return figures


def _by_boto3(order: Boto3Order) -> Boto3Report:
    answer = subprocess.run(
        [sys.executable, "-m", "benchmarks.load.boto3_client"],
        input=msgspec.json.encode(order),
        stdout=subprocess.PIPE,
        timeout=(order.warm_up_s + order.seconds) * len(PHASES) + 60,
        check=True,
    )
    return msgspec.json.decode(answer.stdout, type=Boto3Report)


def _raw_order(port: int, seconds: float, core: int) -> Order:
    return Order(
        port=port,
        path="/",
        body=json.dumps(
            {"QueueUrl": f"http://127.0.0.1:{port}/000000000000/{_QUEUE}-{THREADS[0]}", "MessageBody": BODY}
        ),
        headers={"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": "AmazonSQS.SendMessage"},
        seconds=seconds,
        warm_up_s=seconds / 5,
        connections=CONNECTIONS,
        core=core,
    )


def _check_counts(endpoint_url: str, reports: dict[int, Boto3Report]) -> None:
    """What was acknowledged, and not deleted, is there. LoadFailed."""
    import boto3

    aws: Any = boto3  # it makes its clients at run time: there are no types
    keys = dict.fromkeys(("aws_access_key_id", "aws_secret_access_key"), "benchmark")
    client = aws.client("sqs", endpoint_url=endpoint_url, region_name="us-east-1", **keys)
    for threads, report in reports.items():
        url = client.get_queue_url(QueueName=f"{_QUEUE}-{threads}")["QueueUrl"]
        told = client.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        there = int(told["ApproximateNumberOfMessages"]) + int(told["ApproximateNumberOfMessagesNotVisible"])
        if there != report.sent - report.deleted:
            raise LoadFailed(f"{report.sent} were sent and {report.deleted} deleted, but {there} are there.")
    client.close()


SCENARIO = Scenario(
    name="sqs_endpoint",
    title="Amazon SQS endpoint, durable, one core",
    run=measure,
    time_limit_s=600,
    repeats_max=1,
    needs=("wrk",),
)
