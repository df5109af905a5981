"""What travels: settings as attributes and tags, messages as bodies and attributes, receipts, URLs. No server is needed."""

from __future__ import annotations

import base64

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wipsie.kernel.clock import SystemClock
from wipsie.kernel.errors import (
    ConfigurationError,
    InvalidInput,
    InvalidMessageContents,
    InvalidReceipt,
    MessageTooLarge,
    NotSupported,
    QueueNotFound,
    ReceiptExpired,
    StorageUnavailable,
    TooManyRequests,
    WipsieError,
)
from wipsie.kernel.ids import MessageId, QueueName, Receipt
from wipsie.queue.backends.sqs import envelope as envelopes
from wipsie.queue.backends.sqs.address import parse_address
from wipsie.queue.backends.sqs.attributes import ReceivedAttribute, attributes_bytes, split_attributes
from wipsie.queue.backends.sqs.connection import SqsConnection
from wipsie.queue.backends.sqs.directory import QueueDirectory
from wipsie.queue.backends.sqs.envelope import Envelope, decode_body, encode_body, read_envelope, write_envelope
from wipsie.queue.backends.sqs.faults import fault_for_code
from wipsie.queue.backends.sqs.large_bodies import is_key, new_key
from wipsie.queue.backends.sqs.opening import identify
from wipsie.queue.backends.sqs.parcel import SqsMessage, compose, pack, to_key, unpack
from wipsie.queue.backends.sqs.queue_settings import check_settings, read_settings, to_attributes, to_tags
from wipsie.queue.backends.sqs.receipts import read_receipt, write_receipt
from wipsie.queue.contract import Attribute, DeadLetter, DeadLetterCause, NewMessage, Priority, QueueSettings

QUEUE = QueueName("wipsie-orders")
MESSAGE_BYTES = 1024 * 1024
quick = settings(max_examples=40, deadline=None)
XML = {*"\t\n\r"}


def is_xml(text: str) -> bool:
    """By the words of the specification: #x9 | #xA | #xD | [#x20-#xD7FF] | [#xE000-#xFFFD] | [#x10000-#x10FFFF]."""
    return all(
        one in XML or 0x20 <= ord(one) <= 0xD7FF or 0xE000 <= ord(one) <= 0xFFFD or ord(one) >= 0x10000 for one in text
    )


# Settings


def there_and_back(settings: QueueSettings) -> QueueSettings:
    arn = None if settings.dead_letter_queue is None else f"arn:aws:sqs:us-east-1:1:{settings.dead_letter_queue}"
    attributes = to_attributes(settings, dead_letter_arn=arn, message_bytes=MESSAGE_BYTES)
    if settings.fifo:
        attributes["FifoQueue"] = "true"
    return read_settings(settings.name, attributes, to_tags(settings, MESSAGE_BYTES))


@quick
@given(
    visibility_timeout_s=st.floats(0, 43_200),
    retention_s=st.integers(60, 1_209_600),
    delay_s=st.floats(0, 100_000_000),
    dead_letter_queue=st.sampled_from([None, "wipsie-orders-dlq"]),
    max_receive_count=st.integers(1, 1000),
    aging_s=st.floats(0, 1e9),
    message_bytes_max=st.integers(1, 10_000_000),
    paused=st.booleans(),
    tags=st.dictionaries(
        st.from_regex(r"[\w .:/=+@-]{1,40}", fullmatch=True),
        st.from_regex(r"[\w .:/=+@-]{0,40}", fullmatch=True),
        max_size=5,
    ),
)
def test_settings_come_back_as_they_went(tags: dict[str, str], **fields: object) -> None:
    tags = {key: value.strip("\n") for key, value in tags.items() if not key.lower().startswith(("aws:", "wipsie:"))}
    settings = msgspec.convert({"name": QUEUE, "tags": tags, **fields}, QueueSettings)
    check_settings(settings)
    assert there_and_back(settings) == settings


def test_settings_of_a_fifo_queue_come_back_as_they_went() -> None:
    settings = QueueSettings(name=QueueName("line.fifo"), fifo=True, content_based_deduplication=True, delay_s=900.0)
    check_settings(settings)
    assert there_and_back(settings) == settings


def test_what_only_we_keep_fits_the_characters_and_sizes_of_tags() -> None:
    settings = QueueSettings(
        name=QUEUE,
        visibility_timeout_s=0.1,
        delay_s=1.5,
        aging_s=1e-9,
        message_bytes_max=77,
        paused=True,
        max_receive_count=1,
    )
    for key, value in to_tags(settings, MESSAGE_BYTES).items():
        assert len(key) <= 128
        assert len(value) <= 256
        assert all(one.isalnum() or one in " _.:/=+-@" for one in key + value)


def test_an_attribute_changed_by_hand_wins_over_our_tag() -> None:
    settings = QueueSettings(name=QUEUE, visibility_timeout_s=2.5, delay_s=10_000.0)
    attributes = to_attributes(settings, dead_letter_arn=None, message_bytes=MESSAGE_BYTES)
    attributes |= {"VisibilityTimeout": "77", "DelaySeconds": "5"}
    found = read_settings(QUEUE, attributes, to_tags(settings, MESSAGE_BYTES))
    assert (found.visibility_timeout_s, found.delay_s) == (77.0, 5.0)


def test_a_foreign_queue_is_read_with_whatever_it_has() -> None:
    attributes = {"VisibilityTimeout": "5", "RedrivePolicy": "not json", "MaximumMessageSize": "262144"}
    found = read_settings(QUEUE, attributes, {"wipsie:aging_s": "soon", "team": "night", "aws:stack": "s"})
    assert found == QueueSettings(
        name=QUEUE, visibility_timeout_s=5.0, message_bytes_max=262_144, tags={"team": "night"}
    )


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"key_concurrency": 2}, NotSupported),
        ({"max_messages": 10}, NotSupported),
        ({"deduplication_window_s": 60.0}, NotSupported),
        ({"content_based_deduplication": True}, NotSupported),
        ({"visibility_timeout_s": 43_201.0}, InvalidInput),
        ({"retention_s": 59}, InvalidInput),
        ({"max_receive_count": 1001}, InvalidInput),
        ({"name": QueueName("two words")}, InvalidInput),
        ({"name": QueueName("line.fifo")}, InvalidInput),
        ({"fifo": True}, InvalidInput),
        ({"tags": {"wipsie:paused": "true"}}, InvalidInput),
        ({"tags": {"aws:x": "y"}}, InvalidInput),
        ({"tags": {"key": "{json}"}}, InvalidInput),
        ({"tags": {"key": "v" * 257}}, InvalidInput),
        ({"tags": {str(index): "" for index in range(51)}}, InvalidInput),
    ],
)
def test_settings_nobody_could_keep_are_refused(change: dict[str, object], error: type[Exception]) -> None:
    with pytest.raises(error):
        check_settings(msgspec.structs.replace(QueueSettings(name=QUEUE), **change))


# Messages


@quick
@given(st.text(min_size=1))
def test_a_body_travels_as_text_that_sqs_takes_and_comes_back_as_it_was(body: str) -> None:
    text, encoding = encode_body(body)
    assert is_xml(text)
    assert decode_body(text, encoding) == body
    assert (text == body) == is_xml(body), "a body that SQS takes is left readable"


@quick
@given(st.text(), st.text(), st.text())
def test_our_attribute_holds_any_text_as_characters_that_sqs_takes(reason: str, traceback: str, key: str) -> None:
    cause = DeadLetterCause(code="REJECTED", reason=reason, traceback=traceback)
    envelope = Envelope(
        message_id=MessageId("m"),
        queue=QUEUE,
        sequence_number=1,
        deduplication_id=key,
        dead_letter=DeadLetter(origin=QUEUE, dead_at_ms=1, cause=cause),
    )
    text = write_envelope(envelope)
    assert is_xml(text)
    assert read_envelope(text) == envelope


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "[]",
        '{"message_id": "m", "queue": "q", "sequence_number": -1}',
        '{"message_id": 7}',
        '{"message_id": "x"}',
        '{"wipsie": true}',
    ],
)
def test_a_foreign_attribute_of_our_name_is_not_ours(text: str) -> None:
    assert read_envelope(text) is None


_SAFE = st.text(st.characters(exclude_categories=["Cs"]))
_TYPES = st.sampled_from(
    ["String", "Number", "Binary", "String.note", "Number.float", "Binary.png", "Wrong", "String.\x01", ""]
)
_VALUES = st.one_of(_SAFE, st.binary().map(lambda content: base64.b64encode(content).decode()), st.floats().map(str))


@quick
@given(st.dictionaries(_SAFE, st.builds(Attribute, value=_VALUES, data_type=_TYPES), max_size=10))
def test_attributes_come_back_as_they_went_whatever_sqs_takes_of_them(attributes: dict[str, Attribute]) -> None:
    message = NewMessage(queue=QUEUE, body="hello", message_id=MessageId("m"), attributes=attributes)
    parcel = pack(message, sequence_number=7, delay_ms=0, not_before_ms=None)
    content = compose(parcel, deduplication_id=None, delay_s=None).content
    native = content["MessageAttributes"]
    assert len(native) <= 10
    for name, attribute in native.items():
        assert is_xml(name + attribute["DataType"] + attribute.get("StringValue", ""))
        assert attribute.get("StringValue") != ""
        assert attribute.get("BinaryValue") != b""
    received = msgspec.convert(
        {"MessageId": "s", "ReceiptHandle": "r", "Body": content["MessageBody"], "MessageAttributes": native},
        SqsMessage,
    )
    assert unpack(received, QUEUE).attributes == attributes


def test_attributes_that_any_client_understands_stay_attributes() -> None:
    attributes = {
        "tenant": Attribute(value="north"),
        "size": Attribute(value="-1.5e3", data_type="Number.float"),
        "scan": Attribute(value="AAEC", data_type="Binary"),
    }
    native, rest = split_attributes(attributes)
    assert native == {
        "tenant": {"DataType": "String", "StringValue": "north"},
        "size": {"DataType": "Number.float", "StringValue": "-1.5e3"},
        "scan": {"DataType": "Binary", "BinaryValue": b"\x00\x01\x02"},
    }
    assert rest == {}
    assert attributes_bytes(native) == (6 + 6 + 5) + (4 + 12 + 6) + (4 + 6 + 3)


@pytest.mark.parametrize("name", ["wipsie", "AWS.trace", "amazon.x", ".a", "a.", "a..b", "größe", "a b", "", "n" * 257])
def test_names_that_sqs_refuses_travel_inside_ours(name: str) -> None:
    assert split_attributes({name: Attribute(value="v")}) == ({}, {name: Attribute(value="v")})


def test_the_tenth_attribute_makes_place_for_ours() -> None:
    native, rest = split_attributes({f"a{index}": Attribute(value="v") for index in range(10)})
    assert (len(native), len(rest)) == (9, 1)


@pytest.mark.parametrize("body", ["plain text", "[1, 2]", '{"task": "t"}', "eyJib2R5IjogImJYTm4ifQ==", " "])
def test_a_foreign_message_has_the_id_that_sqs_gave_it_and_its_body_as_it_is(body: str) -> None:
    received = SqsMessage(
        message_id="sqs-id", receipt_handle="r", body=body, attributes={"SentTimestamp": "1700000000123"}
    )
    parcel = unpack(received, QUEUE)
    assert (parcel.body, parcel.envelope.message_id, parcel.envelope.priority) == (body, "sqs-id", Priority.MEDIUM)
    assert parcel.envelope.accepted_at_ms == 1_700_000_000_123
    assert parcel.envelope.queue == QUEUE


def test_a_foreign_message_moved_by_a_redrive_policy_knows_its_origin() -> None:
    arn = "arn:aws:sqs:eu-west-1:123456789012:shop-orders"
    received = SqsMessage(message_id="s", receipt_handle="r", body="b", attributes={"DeadLetterQueueSourceArn": arn})
    assert unpack(received, QUEUE).envelope.queue == "shop-orders"


def letter(queue: str, dead: DeadLetter | None = None) -> SqsMessage:
    """A message of ours that was put into `queue`."""
    envelope = Envelope(message_id=MessageId("m"), queue=QueueName(queue), sequence_number=7_000, dead_letter=dead)
    attribute = ReceivedAttribute(data_type="String", string_value=write_envelope(envelope))
    system = {"ApproximateReceiveCount": "6", "ApproximateFirstReceiveTimestamp": "9"}
    return SqsMessage("s", "r", "b", system, {"wipsie": attribute})


@pytest.fixture
def directory() -> QueueDirectory:
    address = parse_address("sqs://us-east-1")
    return QueueDirectory(
        SqsConnection(address), clock=SystemClock(), settings_s=1.0, prefix="", message_bytes_max=MESSAGE_BYTES
    )


def test_a_message_found_in_another_queue_was_moved_by_its_receive_limit(directory: QueueDirectory) -> None:
    dead = identify(letter("orders"), QueueName("orders-dlq"), directory).envelope.dead_letter
    assert dead is not None
    assert (dead.origin, dead.cause.code, dead.dead_at_ms) == ("orders", "RECEIVE_LIMIT", 9)
    assert "5 times" in dead.cause.reason


def test_a_letter_that_amazon_sent_home_is_no_letter_any_more(directory: QueueDirectory) -> None:
    cause = DeadLetterCause(code="REJECTED", reason="no")
    dead = DeadLetter(origin=QueueName("orders"), dead_at_ms=1, cause=cause)
    home = identify(letter("orders-dlq", dead), QueueName("orders"), directory).envelope
    assert (home.dead_letter, home.redrive_count) == (None, 1)
    elsewhere = identify(letter("orders-dlq", dead), QueueName("workshop"), directory).envelope
    assert elsewhere.dead_letter == dead


@pytest.mark.parametrize(
    ("code", "text", "error"),
    [
        ("ReceiptHandleIsInvalid", "The input receipt handle is invalid.", ReceiptExpired),
        ("AWS.SimpleQueueService.MessageNotInflight", "", ReceiptExpired),
        (
            "InvalidParameterValue",
            "Value x for parameter ReceiptHandle is invalid. Reason: It has expired.",
            ReceiptExpired,
        ),
        ("InvalidParameterValue", "Total VisibilityTimeout for the message is beyond the limit", InvalidInput),
        ("AWS.SimpleQueueService.NonExistentQueue", "", QueueNotFound),
        ("QueueDoesNotExist", "", QueueNotFound),
        ("OverLimit", "Too many messages in flight", TooManyRequests),
        ("KMS.ThrottlingException", "", TooManyRequests),
        ("KMS.AccessDeniedException", "", StorageUnavailable),
        ("InvalidMessageContents", "Invalid characters", InvalidMessageContents),
        ("AWS.SimpleQueueService.BatchRequestTooLong", "", MessageTooLarge),
        ("SomethingNew", "what", InvalidInput),
    ],
)
def test_what_sqs_says_becomes_an_error_of_ours(code: str, text: str, error: type[WipsieError]) -> None:
    fault = fault_for_code(code, text, is_server=False, queue="orders", action="DeleteMessageBatch")
    assert isinstance(fault, error)
    assert fault.message.endswith(".")


def test_a_fault_of_the_server_is_no_fault_of_the_sender() -> None:
    fault = fault_for_code("SomethingNew", "", is_server=True, queue="orders", action="SendMessageBatch")
    assert isinstance(fault, StorageUnavailable)
    assert fault.retry_after_s is not None


@pytest.mark.parametrize(
    "key", ["vault/secret.pdf", "queue-bodies/../vault/a", "queue-bodies/a/b/c", "queue-bodies/a", ""]
)
def test_a_foreign_envelope_cannot_name_objects_of_others(key: str) -> None:
    envelope = Envelope(message_id=MessageId("m"), queue=QUEUE, sequence_number=1, large_body=key)
    assert read_envelope(write_envelope(envelope)) is None


@quick
@given(st.text(min_size=1, max_size=128))
def test_keys_of_large_bodies_are_ours_whatever_the_message_id(message_id: str) -> None:
    key = new_key(QueueName("line.fifo"), MessageId(message_id))
    assert is_key(key)
    assert new_key(QueueName("line.fifo"), MessageId(message_id)) != key


@quick
@given(st.text(min_size=1, max_size=128))
def test_a_key_is_always_one_that_sqs_takes(text: str) -> None:
    key = to_key(text)
    assert 1 <= len(key) <= 128
    assert all(0x21 <= ord(one) <= 0x7E for one in key)
    assert key == to_key(text)


def test_a_group_in_any_language_comes_back_in_its_own_words() -> None:
    message = NewMessage(queue=QUEUE, body="b", message_id=MessageId("m"), group_id="Kundin Ü / 7")
    parcel = pack(message, sequence_number=7, delay_ms=0, not_before_ms=None)
    content = compose(parcel, deduplication_id=None, delay_s=None).content
    assert content["MessageGroupId"].startswith("sha256:")
    received = msgspec.convert(
        {
            "MessageId": "s",
            "ReceiptHandle": "r",
            "Body": "b",
            "Attributes": {"MessageGroupId": content["MessageGroupId"]},
            "MessageAttributes": content["MessageAttributes"],
        },
        SqsMessage,
    )
    assert unpack(received, QUEUE).group_id == "Kundin Ü / 7"


def test_a_body_that_claims_an_encoding_it_has_not_is_left_alone() -> None:
    assert decode_body("not base64!", "base64") == "not base64!"
    assert envelopes.is_sendable("not base64!")


# Receipts


@quick
@given(_SAFE, st.one_of(st.none(), _SAFE.filter(bool)))
def test_a_receipt_holds_the_handle_and_the_key_of_a_large_body(handle: str, key: str | None) -> None:
    handle = handle or "h"
    assert read_receipt(QUEUE, write_receipt(QUEUE, handle, key)) == (handle, key)


@quick
@given(_SAFE)
def test_other_text_is_no_receipt(text: str) -> None:
    with pytest.raises(InvalidReceipt):
        read_receipt(QUEUE, Receipt(text))


def test_a_receipt_belongs_to_its_queue() -> None:
    with pytest.raises(InvalidReceipt):
        read_receipt(QueueName("other"), write_receipt(QUEUE, "handle", None))


# URLs


def test_the_url_names_the_region_and_the_host() -> None:
    address = parse_address("sqs://eu-central-1?endpoint_url=http%3A%2F%2F127.0.0.1%3A5000&poll_s=20&prefix=shop-")
    assert (address.region, address.endpoint_url) == ("eu-central-1", "http://127.0.0.1:5000")
    assert (address.poll_s, address.prefix) == (20, "shop-")
    assert parse_address("sqs://").region is None


@pytest.mark.parametrize(
    "url",
    [
        "sqs://KEY:secret@us-east-1",
        "sqs://us-east-1/queue",
        "sqs://us_east",
        "https://sqs.us-east-1.amazonaws.com",
        "sqs://us-east-1?poll_s=21",
        "sqs://us-east-1?poll_s=soon",
        "sqs://us-east-1?settings_s=0",
        "sqs://us-east-1?message_bytes_max=9999999",
        "sqs://us-east-1?endpoint_url=127.0.0.1",
        "sqs://us-east-1?region=eu-west-1",
    ],
)
def test_a_wrong_url_says_what_to_write(url: str) -> None:
    with pytest.raises(ConfigurationError, match=r"sqs://|endpoint_url|a number from") as refusal:
        parse_address(url)
    assert "secret" not in refusal.value.message
