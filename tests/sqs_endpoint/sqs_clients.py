"""Clients of boto3 in both protocols."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree as ET

import boto3
import botocore.session
from botocore.config import Config
from botocore.loaders import Loader

Sqs = Any
"""A client of boto3, which makes its methods at run time."""
NewQueue = Callable[..., str]
"""The fixture `new_queue`."""

_CONFIG: Any = Config(retries={"total_max_attempts": 1}, read_timeout=30)
_CREDENTIALS = {
    "aws_access_key_id": "AKIAANYTHING",
    "aws_secret_access_key": "goes",
    "region_name": "eu-central-1",
}

# The names lists and maps have in forms and XML, as the model of the service said while SDKs spoke the Query protocol.
_LIST_NAMES = {
    "AttributeNameList": "AttributeName",
    "MessageAttributeNameList": "MessageAttributeName",
    "MessageSystemAttributeList": "MessageSystemAttributeName",
    "SendMessageBatchRequestEntryList": "SendMessageBatchRequestEntry",
    "SendMessageBatchResultEntryList": "SendMessageBatchResultEntry",
    "DeleteMessageBatchRequestEntryList": "DeleteMessageBatchRequestEntry",
    "DeleteMessageBatchResultEntryList": "DeleteMessageBatchResultEntry",
    "ChangeMessageVisibilityBatchRequestEntryList": "ChangeMessageVisibilityBatchRequestEntry",
    "ChangeMessageVisibilityBatchResultEntryList": "ChangeMessageVisibilityBatchResultEntry",
    "BatchResultErrorEntryList": "BatchResultErrorEntry",
    "MessageList": "Message",
    "QueueUrlList": "QueueUrl",
    "TagKeyList": "TagKey",
    "ActionNameList": "ActionName",
    "ListMessageMoveTasksResultEntryList": "ListMessageMoveTasksResultEntry",
    "AWSAccountIdList": "AWSAccountId",
}
_MAP_NAMES = {
    "QueueAttributeMap": ("Attribute", "Name", "Value"),
    "MessageSystemAttributeMap": ("Attribute", "Name", "Value"),
    "MessageBodyAttributeMap": ("MessageAttribute", "Name", "Value"),
    "MessageBodySystemAttributeMap": ("MessageSystemAttribute", "Name", "Value"),
    "TagMap": ("Tag", "Key", "Value"),
}


def query_model(model: dict[str, Any]) -> dict[str, Any]:
    """The model of the service as it was before it spoke JSON: the same operations, written as forms and XML."""
    model = copy.deepcopy(model)
    model["metadata"] |= {"protocol": "query", "protocols": ["query"]}
    for key in ("awsQueryCompatible", "jsonVersion", "targetPrefix"):
        model["metadata"].pop(key, None)
    for name, operation in model["operations"].items():
        if "output" in operation:
            operation["output"]["resultWrapper"] = f"{name}Result"
    for name, shape in model["shapes"].items():
        if name in _LIST_NAMES:
            shape["member"]["locationName"] = _LIST_NAMES[name]
        if name in _MAP_NAMES:
            _, shape["key"]["locationName"], shape["value"]["locationName"] = _MAP_NAMES[name]
        for member in shape.get("members", {}).values():
            if member["shape"] in _MAP_NAMES:
                member["locationName"] = _MAP_NAMES[member["shape"]][0]
    return model


class _QueryLoader(Loader):
    def load_service_model(self, service_name: str, type_name: str, api_version: str | None = None) -> Any:
        library: Any = super()
        model: Any = library.load_service_model(service_name, type_name, api_version)
        return query_model(model) if (service_name, type_name) == ("sqs", "service-2") else model


def make_client(url: str, protocol: str = "json", **options: Any) -> Sqs:
    """A client as a program makes it, of the protocol of newer or of older SDKs."""
    library: Any = botocore.session
    session: Any = library.get_session()
    if protocol == "query":
        session.register_component("data_loader", _QueryLoader())
    aws: Any = boto3
    return aws.Session(botocore_session=session).client(
        "sqs", endpoint_url=url, config=_CONFIG, **{**_CREDENTIALS, **options}
    )


def receive_all(sqs: Sqs, queue: str, **options: Any) -> list[dict[str, Any]]:
    """What a queue gives now."""
    return sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, **options).get("Messages", [])


def read_xml(text: bytes) -> ET.Element:
    """An answer in XML."""
    return ET.fromstring(text)  # noqa: S314  ours: the server under test wrote it
