"""AWS Lambda functions over the same parts as API and worker: events in, messages and outcomes out.

`deploy/lambda/functions/` holds what Lambda loads: a file of a few lines for each function.
"""

from __future__ import annotations

from wipsie.app.lambda_functions.function import LambdaFunction
from wipsie.app.lambda_functions.poller import poll_sources
from wipsie.app.lambda_functions.processor import process_tasks

__all__ = ["LambdaFunction", "data_poller", "task_processor"]


def data_poller() -> LambdaFunction:
    """The function that turns schedules, API calls and new S3 objects into messages on the queue `data_polling`."""
    return LambdaFunction(poll_sources)


def task_processor() -> LambdaFunction:
    """The function that runs the worker's handlers for messages of Amazon SQS, and sends what an API call or an invocation
    asks for."""
    return LambdaFunction(process_tasks)
