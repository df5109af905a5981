"""The committed description of the API is the one this code gives."""

from __future__ import annotations

import json
from pathlib import Path

from wipsie.app.openapi import openapi_document

REFERENCE = Path(__file__).parents[2] / "docs" / "reference" / "openapi.json"


def test_the_committed_openapi_is_up_to_date() -> None:
    assert REFERENCE.read_text("utf-8") == openapi_document(), "run: wipsie openapi > docs/reference/openapi.json"


def test_every_endpoint_of_the_specification_is_described() -> None:
    document = json.loads(REFERENCE.read_text("utf-8"))
    assert document["openapi"].startswith("3.1")
    described = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    assert described >= {
        ("GET", "/"),
        ("GET", "/health"),
        ("GET", "/health/ready"),
        ("GET", "/metrics"),
        ("GET", "/sqs/queues"),
        ("POST", "/sqs/send"),
        ("GET", "/sqs/receive/{queue_name}"),
        ("DELETE", "/sqs/message/{queue_name}"),
        ("POST", "/sqs/test-message"),
    }
