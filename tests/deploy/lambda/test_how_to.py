"""What docs/how-to/lambda.md says of rights, settings and files is so."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from lambda_bench import FUNCTIONS, Context, MakeFunction, document

from wipsie.app.lambda_functions.poller import poll_sources
from wipsie.app.lambda_functions.processor import process_tasks
from wipsie.app.lambda_functions.settings import FunctionSection
from wipsie.app.parts import Parts
from wipsie.app.settings.settings import all_variables
from wipsie.kernel import json
from wipsie.kernel.ids import new_message_id
from wipsie.queue.contract import NewMessage
from wipsie.testing.simulators.aws_lambda import Invoked, RuntimeApi, SqsMapping

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "how-to" / "lambda.md").read_text("utf-8")
# The parts of a policy: batches need the right to the single action.
SEND, SETTLE = [json.decode(block) for block in re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)]


def rights(*policies: Any) -> set[str]:
    """Actions of Amazon SQS that policies allow."""
    found: set[str] = set()
    for statement in (one for policy in policies for one in policy["Statement"]):
        actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        found |= {action.removeprefix("sqs:") for action in actions if action.startswith("sqs:")}
    return found


def used(actions: set[str]) -> set[str]:
    return {action.removesuffix("Batch") for action in actions}


async def test_sending_needs_no_right_that_the_page_does_not_give(
    make_function: MakeFunction, context: Context, sqs_actions: set[str]
) -> None:
    await make_function(poll_sources)(document("function_url"), context)
    assert "SendMessage" in used(sqs_actions)
    assert used(sqs_actions) <= rights(SEND)


async def test_settling_needs_no_right_that_the_page_does_not_give(
    make_function: MakeFunction, context: Context, parts: Parts, sqs_url: str, sqs_actions: set[str]
) -> None:
    bench = make_function(process_tasks)
    later = {"source_url": "http://name-that-does-not-exist.invalid/x.csv", "poll_interval": 60}
    for data in (later, {"source_url": "nonsense"}):
        body = json.encode_text({"task_type": "data_polling", "data": data})
        queue = parts.engine.resolve("data_polling")
        await parts.engine.send(NewMessage(queue=queue, body=body, message_id=new_message_id()))
    async with SqsMapping(RuntimeApi(), sqs_url, "wipsie-data-polling") as mapping:
        event = await mapping.receive()
        assert event is not None
        answer = await bench(event, context)
        await mapping.settle(event, Invoked(request_id="r", answer=answer))
    assert len(answer["batchItemFailures"]) == 1
    assert {"ChangeMessageVisibility", "DeleteMessage", "SendMessage"} <= used(sqs_actions)
    assert used(sqs_actions) <= rights(SEND, SETTLE)


def test_every_setting_of_the_page_is_one_and_those_of_functions_are_on_it() -> None:
    table = PAGE[PAGE.index("## Settings") : PAGE.index("## Rights")]
    named = {
        name
        for row in re.findall(r"^\| (`[^|]*`)", table, re.MULTILINE)
        for name in re.findall("[A-Z][A-Z0-9_]{3,}", row)
    }
    ours = {variable.name for _, variable in FunctionSection.variables()}
    assert ours <= named
    assert named - ours <= {variable.name for variable in all_variables()} | {"LOG_LEVEL"}


def test_what_is_left_out_of_packages_is_in_the_lock() -> None:
    lines = (FUNCTIONS.parent / "left_out.txt").read_text("utf-8").splitlines()
    left_out = {line.split()[0] for line in lines if line and not line.startswith("#")}
    lock = (ROOT / "requirements" / "runtime.lock").read_text("utf-8")
    assert left_out <= set(re.findall(r"^([a-z0-9-]+)==", lock, re.MULTILINE))
