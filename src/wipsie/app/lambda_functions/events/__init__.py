"""The events that Amazon gives to Lambda functions, read into typed values. Pure: nothing here knows of queues or stores.

Shapes: AWS Lambda developer guide (services that invoke functions), EventBridge and S3 user guides; facts only.
"""

from __future__ import annotations

from wipsie.app.lambda_functions.events.gateway import ApiCall
from wipsie.app.lambda_functions.events.objects import NewObjects, S3Object
from wipsie.app.lambda_functions.events.recognise import Direct, Event, UnsupportedEvent, read_event
from wipsie.app.lambda_functions.events.schedule import Scheduled
from wipsie.app.lambda_functions.events.sqs import SqsBatch, SqsRecord

__all__ = [
    "ApiCall",
    "Direct",
    "Event",
    "NewObjects",
    "S3Object",
    "Scheduled",
    "SqsBatch",
    "SqsRecord",
    "UnsupportedEvent",
    "read_event",
]
