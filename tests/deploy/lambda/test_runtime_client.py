"""The functions as Lambda runs them: a process under Amazon's runtime client, fed by the runtime API."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest
from lambda_bench import FUNCTIONS, document

from wipsie.app.parts import Parts, build_parts
from wipsie.app.settings import Settings
from wipsie.kernel import json
from wipsie.testing.eventually import eventually
from wipsie.testing.servers import MotoServer
from wipsie.testing.simulators.aws_lambda import FunctionProcess, RuntimeApi, SqsMapping
from wipsie.testing.simulators.http_source import HttpSource

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

START_S_MAX = 90.0
"""Cold, on a machine that is busy with other tests."""


@asynccontextmanager
async def running(name: str, tmp_path: Path, environment: dict[str, str]) -> AsyncGenerator[RuntimeApi]:
    """A function in a process of its own, and the API that feeds it."""
    async with (
        RuntimeApi() as api,
        FunctionProcess(
            folder=FUNCTIONS,
            handler=f"{name}.handler",
            runtime_api=api.address,
            log=tmp_path / f"{name}.log",
            environment={"AWS_EC2_METADATA_DISABLED": "true", **environment},
            python_path=without_what_is_left_out(tmp_path),
        ),
    ):
        yield api


def without_what_is_left_out(tmp_path: Path) -> Path:
    """A folder that hides the packages which `deploy/lambda/left_out.txt` keeps out of the smallest package."""
    lines = (FUNCTIONS.parent / "left_out.txt").read_text("utf-8").splitlines()
    left_out = {line.split()[0] for line in lines if line and not line.startswith("#")}
    modules = [
        module
        for module, packages in packages_distributions().items()
        if {name.lower().replace("_", "-") for name in packages} <= left_out
    ]
    assert {"polars", "apsw", "PIL", "uvloop"} <= set(modules)
    folder = tmp_path / "hidden"
    folder.mkdir(exist_ok=True)
    # What stands in sys.modules as None cannot be imported.
    (folder / "sitecustomize.py").write_text(f"import sys\nsys.modules.update(dict.fromkeys({modules!r}))\n", "utf-8")
    return folder


async def invoke(api: RuntimeApi, event: Any) -> Any:
    """Its answer. AssertionError when the function failed."""
    invoked = await api.invoke(event, timeout_s=START_S_MAX, patience_s=START_S_MAX)
    assert invoked.error is None, invoked.error
    return invoked.answer


async def test_a_schedule_ends_in_a_finished_poll(
    parts: Parts, sqs_url: str, tmp_path: Path, migrated_database_url: str
) -> None:
    environment = {
        "AWS_ENDPOINT_URL_SQS": sqs_url,
        "DATABASE_URL": migrated_database_url,
        "POLLING_ALLOWED_HOSTS": "127.0.0.1",
        "BLOB_URL": parts.settings.blobs.url,
    }
    async with HttpSource() as source:
        source.serve("/a.json", b'[{"a": 1}, {"a": 2}]')
        environment["POLL_SOURCES"] = json.encode_text([source.url("/a.json")])
        async with running("data_poller", tmp_path, environment) as api:
            sent = await invoke(api, document("scheduled_rule"))
            # The same container again, with the same loop and the same connections.
            again = await invoke(api, document("scheduled_rule"))
            nothing_there = json.encode_text({"source_url": source.url("/nothing")})
            call = await invoke(api, {**document("api_gateway_v1"), "body": nothing_there})
            wrong = await api.invoke(document("sns_notice"), patience_s=START_S_MAX)
        ids = [[one["message_id"] for one in answer["messages"]] for answer in (sent, again)]
        assert ids[0] == ids[1]
        assert (call["statusCode"], json.decode(call["body"])["message_count"]) == (200, 1)
        assert wrong.error is not None
        assert wrong.error["errorType"] == "UnsupportedEvent"
        assert "data_poller takes" in wrong.error["errorMessage"]
        async with (
            running("task_processor", tmp_path, environment) as api,
            SqsMapping(api, sqs_url, "wipsie-data-polling") as mapping,
        ):
            invoked = await mapping.pump(timeout_s=START_S_MAX)
    assert invoked is not None
    # Where nothing is to be had, the message is dead-lettered: neither stays.
    assert (invoked.error, invoked.answer) == (None, {"batchItemFailures": []})
    (run,) = await parts.run_log.runs_of(sent["messages"][0]["message_id"])
    assert run.status == "succeeded", run.error
    assert json.decode(run.result or "{}")["items"] == 2


async def test_an_object_in_s3_ends_in_a_finished_poll_over_amazons_services(
    aws: None, moto_server: MotoServer, tmp_path: Path, migrated_database_url: str
) -> None:
    endpoint = moto_server.endpoint_url
    bucket = await _bucket_with(moto_server, "in/March 2026/ü.csv", b"a,b\n1,2\n3,4\n5,6\n")
    environment = {
        "AWS_ENDPOINT_URL": endpoint,
        "DATABASE_URL": migrated_database_url,
        "SQS_QUEUE_PREFIX": f"t{os.urandom(4).hex()}-",
        "POLLING_S3_BUCKETS": bucket,
        "BLOB_URL": f"s3://{bucket}/kept",
        "WIPSIE_DATA_DIR": str(tmp_path / "function"),
    }
    parts = build_parts(Settings.read({"QUEUE_URL": "sqs://us-east-1", "WIPSIE_SLICES": "tasks", **environment}))
    await parts.engine.start([queue for one in parts.slices for queue in one.queues])
    await parts.database.start()
    try:
        event = document("s3_notice")
        event["Records"] = event["Records"][:1]
        event["Records"][0]["s3"] |= {"bucket": {"name": bucket}}
        event["Records"][0]["s3"]["object"] |= {"key": "in/March+2026/%C3%BC.csv"}
        async with running("data_poller", tmp_path, environment) as api:
            sent = await invoke(api, event)
        async with (
            running("task_processor", tmp_path, environment) as api,
            SqsMapping(api, endpoint, parts.engine.resolve("data_polling")) as mapping,
        ):
            invoked = await mapping.pump(timeout_s=START_S_MAX)
        assert invoked is not None
        assert (invoked.error, invoked.answer) == (None, {"batchItemFailures": []})
        (run,) = await parts.run_log.runs_of(sent["messages"][0]["message_id"])
        assert run.status == "succeeded", run.error
        result = json.decode(run.result or "{}")
        assert (result["items"], result["source_url"]) == (3, f"s3://{bucket}/in/March%202026/%C3%BC.csv")
        assert (await parts.engine.counts(parts.engine.resolve("data_polling"))).total == 0
    finally:
        for one in parts.slices:
            for stop in one.on_stop:
                await stop()
        await parts.engine.stop()
        await parts.database.stop()


async def test_a_handler_that_is_not_there_is_told_before_any_event(tmp_path: Path) -> None:
    async with (
        RuntimeApi() as api,
        FunctionProcess(
            folder=FUNCTIONS, handler="data_pollr.handler", runtime_api=api.address, log=tmp_path / "log"
        ) as process,
    ):
        await eventually(lambda: bool(api.init_errors), START_S_MAX, "the process says that it cannot start")
        assert await process.wait(START_S_MAX) == 1
    assert api.init_errors[0]["errorType"] == "Runtime.ImportModuleError"


async def _bucket_with(moto_server: MotoServer, key: str, content: bytes) -> str:
    """A new bucket with an object that somebody else put there."""
    import asyncio

    import boto3

    bucket = f"measurements-{os.urandom(4).hex()}"

    def put() -> None:
        aws: Any = boto3  # it makes its clients at run time: there are no types
        keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
        client = aws.client("s3", endpoint_url=moto_server.endpoint_url, region_name="us-east-1", **keys)
        client.create_bucket(Bucket=bucket)
        client.put_object(Bucket=bucket, Key=key, Body=content, ContentType="text/csv")
        client.close()

    await asyncio.to_thread(put)
    return bucket
