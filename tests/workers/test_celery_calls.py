"""Calls in Celery's own protocol among plain messages: read, refused in a sentence, or left alone."""

from __future__ import annotations

import base64
import contextlib
import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from wipsie.workers.celery_bridge.celery_calls import UnusableCall, read_call

NOW_MS = 1_800_000_000_000
MESSAGE = {"task_type": "default", "data": {"n": 1}}


def envelope(
    task: object = "process_task",
    arguments: Any = None,
    *,
    outer_base64: bool = True,
    content_type: str = "application/json",
    **headers: Any,
) -> str:
    content: object = [[MESSAGE], {}, {"chain": None}] if arguments is None else arguments
    text = json.dumps(
        {
            "body": base64.b64encode(json.dumps(content).encode()).decode(),
            "content-type": content_type,
            "content-encoding": "utf-8",
            "headers": {"task": task, "id": "some-id", "eta": None, "expires": None, **headers},
            "properties": {"body_encoding": "base64", "delivery_mode": 2},
        }
    )
    return base64.b64encode(text.encode()).decode() if outer_base64 else text


@pytest.mark.parametrize("outer_base64", [True, False])
def test_a_call_of_a_task_of_ours_is_its_message_with_the_id_of_the_call(*, outer_base64: bool) -> None:
    call = read_call(envelope(outer_base64=outer_base64), NOW_MS)
    assert call is not None
    assert call.task == "process_task"
    assert json.loads(call.body) == {"id": "some-id", **MESSAGE}
    assert call.not_before_ms is None


def test_the_message_may_be_named_and_keeps_an_id_of_its_own() -> None:
    call = read_call(envelope(arguments=[[], {"message": {"id": "mine", **MESSAGE}}, {}]), NOW_MS)
    assert call is not None
    assert json.loads(call.body)["id"] == "mine"


def test_its_time_is_kept() -> None:
    call = read_call(envelope(eta="2027-01-15T08:00:01+00:00"), NOW_MS)
    assert call is not None
    assert call.not_before_ms == NOW_MS + 1000


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (envelope("shop.bill"), "'shop.bill'; here only process_default_message"),
        (envelope(arguments=[[], {}, {}]), "takes one argument"),
        (envelope(arguments=[[1], {}, {}]), "takes one argument"),
        (envelope(arguments=[[MESSAGE], {"more": 1}, {}]), "takes one argument"),
        (envelope(arguments=[[MESSAGE], {}, {"chain": [{"task": "next"}]}]), "part of a chain"),
        (envelope(arguments={"args": []}), "protocol 2"),
        (envelope(content_type="application/x-python-serialize"), "only JSON is read"),
        (envelope(expires="2027-01-15T07:59:59+00:00"), "expired at"),
        (envelope(eta="tomorrow"), "'tomorrow' is no time"),
    ],
)
def test_what_cannot_be_run_is_refused_in_a_sentence(body: str, words: str) -> None:
    with pytest.raises(UnusableCall, match=words):
        read_call(body, NOW_MS)


@pytest.mark.parametrize(
    "body",
    [
        '{"properties": {"a": 1}}',
        '{"properties": [1], "body": "x", "headers": {"task": "process_task"}, "content-type": "application/json"}',
        '{"task": "process_task", "args": [{}]}',
        envelope(["no", "name"]),
        base64.b64encode(b'{"plain": "object"}').decode(),
        "eyJ but no base64",
        "ey==",
        '{"headers": ' * 3000 + "1" + "}" * 3000,
    ],
)
def test_what_is_no_call_is_left_alone(body: str) -> None:
    assert read_call(body, NOW_MS) is None


def _some_envelope(parts: tuple[Any, Any, dict[str, Any]]) -> str:
    task, arguments, headers = parts
    return envelope(task, arguments, **{f"x-{name}": value for name, value in headers.items()})


_json: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
_bodies = st.one_of(
    st.text(),
    _json.map(json.dumps),
    st.binary().map(lambda raw: base64.b64encode(raw).decode()),
    _json.map(lambda value: base64.b64encode(json.dumps(value).encode()).decode()),
    st.tuples(_json, _json, st.dictionaries(st.text(), _json)).map(_some_envelope),
)


@given(body=_bodies)
@example(body="\ud800")
@example(body="{\ud800")
def test_no_body_brings_anything_but_a_message_a_refusal_or_nothing(body: str) -> None:
    with contextlib.suppress(UnusableCall):
        call = read_call(body, NOW_MS)
        assert call is None or isinstance(json.loads(call.body), dict)
