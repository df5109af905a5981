"""Whatever a body holds: every update of it is read, and one that is broken costs none of the others."""

from __future__ import annotations

import json
import random
import time
from itertools import repeat
from typing import Any, cast

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from webhook_samples import NUMBER_ID, USER_ID, WA_ID, as_meta_writes, message, numbered, value, webhook

from wipsie.slices.vault.domain.whatsapp.errors import ApiError
from wipsie.slices.vault.domain.whatsapp.updates import (
    UPDATES_MAX,
    IncomingMessage,
    NumberTrouble,
    OtherChange,
    OurNumber,
    Pricing,
    StatusUpdate,
    Unreadable,
    Update,
    read_updates,
)

NUMBER = OurNumber(phone_number_id=NUMBER_ID, display_number="15550177000", account_id="310000000000077")


def text(number: int) -> dict[str, Any]:
    return message("text", {"body": f"text {number}"}, id=f"wamid.{number}")


def status(number: int, name: str = "sent") -> dict[str, Any]:
    return {"id": f"wamid.O{number}", "status": name, "timestamp": "1795300071", "recipient_id": WA_ID}


def ids(updates: tuple[Update, ...]) -> list[str]:
    return [
        one.id if isinstance(one, IncomingMessage) else one.message_id if isinstance(one, StatusUpdate) else "?"
        for one in updates
    ]


def test_all_messages_and_statuses_of_all_changes_of_all_entries_are_read() -> None:
    entry = json.loads(webhook(value([text(1), text(2)], [status(1)]), value(None, [status(2), status(3)])))["entry"]
    body = as_meta_writes({"object": "whatsapp_business_account", "entry": [*entry, *entry]})
    assert ids(read_updates(body)) == ["wamid.1", "wamid.2", "wamid.O1", "wamid.O2", "wamid.O3"] * 2


def test_a_thousand_mixed_updates_are_read_well_within_the_time_there_is() -> None:
    elements = [text(number) for number in range(500)]
    body = webhook(value(elements, [status(number) for number in range(500)]))
    began = time.perf_counter()
    found = read_updates(body)
    assert time.perf_counter() - began < 0.5
    assert len(set(ids(found))) == 1000


def test_a_status_is_read_with_its_price_and_what_we_gave_it() -> None:
    element = {
        **status(1, "delivered"),
        "recipient_user_id": USER_ID,
        "biz_opaque_callback_data": "outbox:91",
        "pricing": {"billable": False, "pricing_model": "PMP", "type": "free_customer_service", "category": "service"},
    }
    (found,) = read_updates(webhook(value(None, [element])))
    assert found == StatusUpdate(
        message_id="wamid.O1",
        status="delivered",
        number=NUMBER,
        at_s=1795300071,
        recipient_wa_id=WA_ID,
        recipient_user_id=USER_ID,
        reference="outbox:91",
        pricing=Pricing(category="service", type="free_customer_service", model="PMP", is_billable=False),
    )


def test_a_failed_status_has_its_reason() -> None:
    error = {
        "code": 131047,
        "title": "Re-engagement message",
        "error_data": {"details": "More than 24 hours have passed."},
    }
    (found,) = read_updates(webhook(value(None, [{**status(9, "failed"), "errors": [error]}], contacts=())))
    assert isinstance(found, StatusUpdate)
    assert found.errors == (
        ApiError(code=131047, title="Re-engagement message", details="More than 24 hours have passed."),
    )


def test_trouble_of_the_number_is_told_beside_its_messages() -> None:
    found = read_updates(webhook(value([text(1)], errors=[{"code": 130429, "title": "Rate limit hit"}])))
    assert isinstance(found[0], IncomingMessage)
    assert found[1:] == (NumberTrouble(errors=(ApiError(code=130429, title="Rate limit hit"),), number=NUMBER),)


def test_changes_of_other_fields_are_named() -> None:
    (found,) = read_updates(webhook({"event": "APPROVED"}, field="message_template_status_update"))
    assert found == OtherChange(field="message_template_status_update", number=OurNumber(account_id="310000000000077"))


BROKEN: list[Any] = [None, 5, "text", [], {}, {"id": 1, "type": "text"}, {"id": "x", "from": WA_ID, "type": "text"}]


@pytest.mark.parametrize("broken", BROKEN, ids=numbered())
def test_one_broken_element_is_told_of_in_its_place_and_costs_none_of_the_others(broken: Any) -> None:
    found = read_updates(webhook(value([text(1), broken, text(2)], [status(1), broken, status(2)])))
    assert ids(found) == ["wamid.1", "?", "wamid.2", "wamid.O1", "?", "wamid.O2"]
    assert [one.where for one in found if isinstance(one, Unreadable)] == [
        "entry[0].changes[0].value.messages[1]",
        "entry[0].changes[0].value.statuses[1]",
    ]


def test_half_characters_wrong_bytes_and_endless_numbers_spoil_their_own_value_alone() -> None:
    body = webhook(value([text(1), text(2), text(3), text(4)]))
    body = body.replace(b"text 1", rb"cut \ud83d").replace(b"text 2", b"\xff\xfe")
    body = body.replace(b'"1795300000"', b"1" * 5_000, 1).replace(b'"1795300000"', b"1e999", 1)
    found = read_updates(body)
    assert ids(found) == ["wamid.1", "wamid.2", "wamid.3", "wamid.4"]
    # All of it can be kept as UTF-8 JSON.
    assert msgspec.json.decode(msgspec.json.encode(found), type=tuple[Update, ...]) == found


@pytest.mark.parametrize(
    "change",
    [
        value(None, None),
        {},
        None,
        [],
        {"messages": {}},
        {"messages": "none", "statuses": 5},
    ],
    ids=numbered(),
)
def test_a_change_without_updates_is_told_of(change: Any) -> None:
    found = read_updates(webhook(change))
    assert found
    assert all(isinstance(one, Unreadable) for one in found)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"{",
        b'{"object":"page","entry":[]}',
        b'{"object":"whatsapp_business_account","entry":{}}',
        b'{"object":"whatsapp_business_account","entry":[5]}',
        b'{"object":"whatsapp_business_account","entry":[{"changes":[{"value":{}}]}]}',
        b"[" * 100_000,
        b"\xff\xfe",
        b'{"a":' * 50_000,
    ],
    ids=numbered(),
)
def test_a_body_that_is_none_of_metas_is_one_update_that_cannot_be_read(body: bytes) -> None:
    (found,) = read_updates(body)
    assert isinstance(found, Unreadable)


def test_reasons_quote_nothing_of_the_body() -> None:
    body = b'{"object":"whatsapp_business_account","entry":[{"changes":[{"field":"Asha 15550100123","value":{}}]} Asha'
    found = (*read_updates(body), *read_updates(body[:-5] + b"]}"))
    reasons = [one.reason for one in found if isinstance(one, Unreadable)]
    assert len(reasons) == 2
    assert not any("Asha" in reason or "1555" in reason for reason in reasons)


def test_a_body_of_more_updates_than_anybody_sends_is_read_up_to_a_bound() -> None:
    found = read_updates(webhook(value([*repeat(5, UPDATES_MAX + 500)])))
    assert len(found) == UPDATES_MAX + 1


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.sampled_from(["text", "1"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


def assert_read(body: bytes) -> None:
    found = read_updates(body)
    assert msgspec.json.decode(msgspec.json.encode(found), type=tuple[Update, ...]) == found


@given(json_values | st.binary(max_size=60))
def test_no_json_and_no_bytes_raise(content: Any) -> None:
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    assert read_updates(body)
    assert_read(body)


NAMES = [
    "object", "entry", "id", "changes", "field", "value", "metadata", "contacts", "messages", "statuses", "errors", "from",
    "from_user_id", "type", "text", "body", "image", "interactive", "button_reply", "list_reply", "system", "context", "code",
    "error_data", "status", "timestamp", "wa_id", "user_id", "profile", "name", "pricing", "reaction", "location", "button",
]  # fmt: skip
shaped = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.sampled_from(NAMES)
    | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=6),
    max_leaves=20,
)


@given(st.lists(shaped, max_size=4), st.lists(shaped, max_size=4), shaped)
def test_nothing_of_the_right_shape_raises_either(messages: list[Any], statuses: list[Any], contacts: Any) -> None:
    found = read_updates(
        webhook(value([*messages, text(1)], [*statuses, status(1)], contacts=None) | {"contacts": contacts})
    )
    # The two good ones are there whatever stands around them.
    assert {"wamid.1", "wamid.O1"} <= set(ids(found))
    assert len(found) >= len(messages) + len(statuses) + 2


SAMPLES = [
    text(1),
    message("document", {"id": "5", "filename": "a.pdf", "sha256": "x"}),
    message("interactive", {"type": "button_reply", "button_reply": {"id": "a", "title": "b"}}),
    message("system", {"type": "user_changed_number", "wa_id": "1", "previous_user_id": "IN.1"}),
    message("unsupported", errors=[{"code": 131051, "error_data": {"details": "x"}}]),
    message("contacts", [{"name": {}, "phones": [{"wa_id": "1"}], "origin": "contact_request"}]),
]


def spoiled(node: Any, dice: random.Random, junk: Any) -> Any:
    """A copy in which one value, at any depth, is something else."""
    if isinstance(node, dict) and node and dice.random() < 0.8:
        members = cast("dict[str, Any]", node)
        name = dice.choice([*members])
        return {**members, name: spoiled(members[name], dice, junk)}
    if isinstance(node, list) and node and dice.random() < 0.8:
        items = cast("list[Any]", node)
        position = dice.randrange(len(items))
        return [spoiled(one, dice, junk) if index == position else one for index, one in enumerate(items)]
    return junk


@settings(max_examples=300)
@given(st.sampled_from(SAMPLES), st.randoms(use_true_random=False), json_values)
def test_a_message_with_anything_in_any_place_of_it_costs_none_of_the_others(
    sample: dict[str, Any], dice: random.Random, junk: Any
) -> None:
    found = read_updates(webhook(value([text(7), spoiled(sample, dice, junk), text(8)])))
    assert ids(found)[0] == "wamid.7"
    assert ids(found)[-1] == "wamid.8"
    assert len(found) == 3
