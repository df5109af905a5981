"""Rules of keys for queues: what they can say, and that they never reach further than their owner."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wipsie.auth.queue_rights import (
    ALWAYS,
    CONSUME,
    GROUPS,
    MANAGE,
    PERMISSION_OF,
    READ,
    SEND,
    QueueRights,
    check_rules,
    matches,
    read_rule,
)
from wipsie.auth.rights import Extent
from wipsie.kernel.errors import InvalidInput
from wipsie.sqs_endpoint.actions.table import OPERATIONS

ADMIN: dict[str, Extent] = dict.fromkeys((READ, SEND, CONSUME, MANAGE), Extent.ALL)
LEAD: dict[str, Extent] = dict.fromkeys((READ, SEND, CONSUME), Extent.ALL)


def test_every_action_of_the_service_stands_in_one_group_and_takes_one_permission() -> None:
    assert sorted(PERMISSION_OF) == sorted(OPERATIONS)
    assert sum(len(actions) for actions in GROUPS.values()) == len(PERMISSION_OF)


@pytest.mark.parametrize("action", sorted(PERMISSION_OF))
def test_a_rule_for_one_action_allows_this_action_alone(action: str) -> None:
    rights = QueueRights([f"{action}:orders"], ADMIN)
    allowed = {one for one in PERMISSION_OF if rights.may(one, "orders")}
    assert allowed == {action} | ALWAYS, "and to know of the queue"
    assert not any(rights.may(one, "invoices") for one in PERMISSION_OF)


@pytest.mark.parametrize("group", sorted(GROUPS))
def test_a_group_is_its_actions(group: str) -> None:
    rights = QueueRights([f"{group}:orders"], ADMIN)
    assert {one for one in PERMISSION_OF if rights.may(one, "orders")} == {*GROUPS[group], *ALWAYS}


def test_rules_add_up_queue_by_queue() -> None:
    rights = QueueRights(["send:orders*", "receive,delete:invoices", " DeleteMessage , send : x.fifo "], ADMIN)
    assert rights.may("SendMessageBatch", "orders-2026")
    assert rights.may("DeleteMessageBatch", "invoices")
    assert rights.may("DeleteMessage", "x.fifo")
    assert not rights.may("ReceiveMessage", "orders-2026")
    assert not rights.may("SendMessage", "invoices")
    assert not rights.may("SendMessage", "my-orders")
    assert rights.may_somewhere("ReceiveMessage")
    assert not rights.may_somewhere("PurgeQueue")


def test_a_key_may_what_its_owner_may_now() -> None:
    rules = ["*:*", "manage:orders"]
    assert QueueRights(rules, ADMIN).may("PurgeQueue", "orders")
    lead = QueueRights(rules, LEAD)
    assert lead.may("SendMessage", "orders")
    assert not lead.may("PurgeQueue", "orders")
    nobody = QueueRights(rules, {READ: Extent.OWN})
    assert not any(nobody.may(one, "orders") for one in PERMISSION_OF)


def test_a_rule_of_another_version_allows_nothing() -> None:
    rights = QueueRights(["MakeCoffee:*", "nonsense", "send:orders"], ADMIN)
    assert {one for one in PERMISSION_OF if rights.may(one, "orders")} == {*GROUPS["send"], *ALWAYS}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "send",
        ":orders",
        "send:",
        "sending:orders",
        "send,:orders",
        "SENDMESSAGE:q",
        "send:a b",
        "send:a?",
        "send:[a]",
        "send:" + "a" * 101,
        "send:" + "*" * 9,
        "send:orders:more",
        "send:é",
        "send," * 80 + ":q",
    ],
)
def test_what_is_no_rule_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(InvalidInput, match="rule"):
        read_rule(text)


def test_new_rules_name_nothing_their_owner_may_not_do() -> None:
    assert check_rules(["send:orders*", "send:orders*", "*:*"], LEAD) == ["send:orders*", "*:*"]
    for rule in ("manage:orders", "send,PurgeQueue:orders"):
        with pytest.raises(InvalidInput, match="its owner lacks queues:manage"):
            check_rules([rule], LEAD)
    with pytest.raises(InvalidInput, match="its owner lacks"):
        check_rules(["*:*"], {})
    with pytest.raises(InvalidInput, match="1 to 50 rules"):
        check_rules([f"send:q{number}" for number in range(51)], ADMIN)


@given(pattern=st.text("ab*", max_size=8), name=st.text("ab", max_size=10))
def test_a_star_stands_for_any_characters_and_for_none(pattern: str, name: str) -> None:
    wanted = re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), name) is not None
    assert matches(pattern, name) == wanted


def test_what_is_remembered_has_a_bound() -> None:
    rights = QueueRights(["send:*"], ADMIN)
    assert all(rights.may("SendMessage", f"q{number}") for number in range(3_000))
    assert len(rights) <= 1_000
    before = len(rights)
    assert rights.may("SendMessage", "q" * 1_000_000)
    assert len(rights) == before
