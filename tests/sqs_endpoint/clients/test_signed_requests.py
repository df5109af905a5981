"""Each client signs in its own way; where signatures are asked for, all of them are understood."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from celery_worker import CeleryWorker, sender, settings
from client_process import ClientProcess, Refusal
from foreign_clients import KINDS, Kind

from wipsie.testing.process import WipsieProcess

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]
Start = Callable[..., WipsieProcess]
Key = tuple[str, str]
BODY = "ünïcödé + 漢字 = 😀 ~*()'! %20 &amp;"
ATTRIBUTES = {"a.b": {"DataType": "String", "StringValue": "x y/z"}, "raw": {"DataType": "Binary", "BinaryValue": b"b"}}


async def command(wipsie: WipsieProcess, *words: str) -> str:
    """What `wipsie …` prints, on the data of a process."""
    process = await asyncio.create_subprocess_exec(
        *(str(Path(sys.executable).with_name("wipsie")), *words),
        env={"PATH": "/usr/bin:/bin", "HOME": str(wipsie.data_dir), "WIPSIE_DATA_DIR": str(wipsie.data_dir)},
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0
    return output.decode()


async def new_key(wipsie: WipsieProcess) -> Key:
    """A key for what tests make there."""
    await command(wipsie, "users", "create", "ada@example.org", "--name", "Ada", "--role", "admin")
    made = await command(
        wipsie, "keys", "create", "ada@example.org", "--name", "shop", "--sqs", "--allow", "*:shop-*", "--json"
    )
    key: dict[str, str] = json.loads(made)
    return key["access_key_id"], key["secret"]


def walk(kind: Kind, url: str, key: Key, folder: Path) -> None:
    """One client does what needs bodies, lists and long polls signed."""
    folder.mkdir()
    client = ClientProcess(kind.command(), endpoint_url=url, folder=folder, cwd=kind.folder, key=key)
    try:
        queue = client.call("CreateQueue", QueueName=f"shop-{folder.name}", tags={"a b": "c/d"})["QueueUrl"]
        entry: dict[str, Any] = {"Id": "1", "MessageBody": BODY, "MessageAttributes": ATTRIBUTES}
        assert client.call("SendMessageBatch", QueueUrl=queue, Entries=[entry])["Successful"]
        (message,) = client.call("ReceiveMessage", QueueUrl=queue, WaitTimeSeconds=10, MessageAttributeNames=["All"])[
            "Messages"
        ]
        assert (message["Body"], message["MessageAttributes"]) == (BODY, ATTRIBUTES)
        client.call("DeleteMessage", QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
        with pytest.raises(Refusal) as refused:
            client.call("PurgeQueue", QueueUrl="wipsie-default")
        assert refused.value.code in ("AccessDenied", "AccessDeniedException")
    finally:
        client.close()


async def work(url: str, key: Key, folder: Path, environment: Path) -> None:
    """A worker of Celery's, which signs what it receives with by itself, gets a task and sends it anew."""
    queue = f"queue.{folder.name}"
    options = settings(queue_name_prefix="shop-")
    worker = CeleryWorker(url, folder, [queue], settings=options, environment=environment, key=key)
    worker.process.start()
    try:
        with sender(url, key=key, queue_name_prefix="shop-") as app:
            app.send_task("retried", ["ünïcödé"], queue=queue)
        await worker.wait_until_told("ünïcödé", "try 1", "try 2", "try 3")
    finally:
        worker.process.kill()


async def test_every_client_signs_as_it_should_and_stays_within_its_rights(start_wipsie: Start, tmp_path: Path) -> None:
    wipsie = start_wipsie(["api"], environment={"SQS_ENDPOINT_SIGNATURES": "required"})
    await wipsie.wait_until_healthy()
    url, key = wipsie.base_url, await new_key(wipsie)
    there = {name: kind for name, kind in KINDS.items() if not kind.environment or (kind.folder / ".ready").exists()}
    for number, kind in enumerate(there.values()):
        await asyncio.to_thread(walk, kind, url, key, tmp_path / f"client-{number}")
    await work(url, key, tmp_path / "new", Path(sys.prefix))
    if "boto3-1.34.89" in there:
        await work(url, key, tmp_path / "old", KINDS["boto3-1.34.89"].folder)
    missing = KINDS.keys() - there.keys()
    if missing:
        pytest.skip(f"Done without {sorted(missing)}, which are not there: `make test` makes them.")
