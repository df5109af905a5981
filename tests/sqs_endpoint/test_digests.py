"""Digests, against vectors that others published."""

from __future__ import annotations

import base64

import pytest

from wipsie.queue.contract import Attribute
from wipsie.sqs_endpoint.digests import md5_of_attributes

TEXT = {"attribName1": Attribute("attribValue 1")}
NUMBER = {"customNumberTypeAttrib": Attribute("4563442423554324324264524243.32543234", "Number.float")}
BINARY = {"binaryAttribute": Attribute(base64.b64encode(b"Hello binary world!").decode(), "Binary")}
TIMESTAMP = {"timestamp": Attribute("1493147359900", "Number")}


@pytest.mark.parametrize(
    ("attributes", "digest"),
    [
        (TEXT, "19e27d4e946b072f3f58da80d94fd778"),
        (NUMBER, "9fe1b90bbd9965bdf77bac517c7d2495"),
        (BINARY, "31a92b15d92f8db860eda32aceb656c3"),
        ({**TEXT, **NUMBER, **BINARY}, "c932db14a896c663f83c260297d594ff"),
        (TIMESTAMP, "235c5c510d26fb653d073faed50ae77c"),
    ],
)
def test_the_digest_of_attributes_is_what_other_sdks_compute(attributes: dict[str, Attribute], digest: str) -> None:
    assert md5_of_attributes(attributes) == digest
