"""AWS Lambda: runs Wipsie's handlers for messages of Amazon SQS, and sends tasks. Handler: task_processor.handler"""

from __future__ import annotations

from typing import Any

from wipsie.app.lambda_functions import task_processor

# Reads nothing and opens nothing yet; what the first call opens is kept for the next ones.
_function = task_processor()


def handler(event: Any, context: Any) -> Any:
    """What Lambda calls. The events it takes and its answers: docs/how-to/lambda.md."""
    return _function(event, context)
