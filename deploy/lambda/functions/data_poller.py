"""AWS Lambda: schedules, API calls and new S3 objects become messages on the queue data_polling. Handler: data_poller.handler"""

from __future__ import annotations

from typing import Any

from wipsie.app.lambda_functions import data_poller

# Reads nothing and opens nothing yet; what the first call opens is kept for the next ones.
_function = data_poller()


def handler(event: Any, context: Any) -> Any:
    """What Lambda calls. The events it takes and its answers: docs/how-to/lambda.md."""
    return _function(event, context)
