from __future__ import annotations

from typing import Any

import pytest
from lambda_bench import Context, MakeFunction, document

from wipsie.app.lambda_functions.events import UnsupportedEvent
from wipsie.app.lambda_functions.poller import poll_sources
from wipsie.kernel import json
from wipsie.kernel.errors import ConfigurationError, InvalidInput, StorageUnavailable


def urls(bodies: list[dict[str, Any]]) -> list[str]:
    return sorted(body["data"]["source_url"] for body in bodies)


async def test_a_schedule_polls_the_configured_sources_once_however_often_it_is_delivered(
    make_function: MakeFunction, context: Context
) -> None:
    bench = make_function(
        poll_sources,
        POLL_SOURCES='["https://example.org/a.csv", {"source_url": "https://example.org/b", "poll_interval": 60}]',
    )
    answer = await bench(document("scheduled_rule"), context)
    assert (answer["status"], answer["queue"], answer["message_count"]) == ("sent", "data_polling", 2)
    again = await bench(document("scheduled_rule"), context)
    assert [one["message_id"] for one in again["messages"]] == [one["message_id"] for one in answer["messages"]]
    bodies = await bench.sent("data_polling")
    assert urls(bodies) == ["https://example.org/a.csv", "https://example.org/b"]
    assert {(body["source"], body["task_type"], body["request_id"]) for body in bodies} == {
        ("lambda", "data_polling", context.aws_request_id)
    }


async def test_a_schedule_of_eventbridge_scheduler_brings_its_own_sources(
    make_function: MakeFunction, context: Context
) -> None:
    bench = make_function(poll_sources)
    assert (await bench(document("scheduler"), context))["message_count"] == 2
    assert [body["data"]["poll_interval"] for body in await bench.sent("data_polling")] == [3600, 60]


async def test_a_function_without_a_database_sends_and_claims_to_recognise_nothing(
    make_function: MakeFunction, context: Context
) -> None:
    bench = make_function(poll_sources, DATABASE_URL=None)
    event = {"source_url": "https://example.org/a.csv"}
    for _ in range(2):
        assert (await bench(event, context))["message_count"] == 1
    assert len(await bench.sent("data_polling")) == 2
    call = document("api_gateway_v1")
    call["headers"]["Idempotency-Key"] = "order-1"
    answer = await bench(call, context)
    assert answer["statusCode"] == 422
    assert "DATABASE_URL" in json.decode(answer["body"])["error"]["message"]


async def test_an_api_call_is_answered_with_what_was_sent(make_function: MakeFunction, context: Context) -> None:
    bench = make_function(poll_sources)
    answer = await bench(document("api_gateway_v1"), context)
    assert (answer["statusCode"], answer["isBase64Encoded"]) == (200, False)
    assert answer["headers"]["X-Request-ID"] == document("api_gateway_v1")["requestContext"]["requestId"]
    sent = json.decode(answer["body"])
    (body,) = await bench.sent("data_polling")
    assert sent["messages"][0]["message_id"] == body["id"]
    assert (await bench(document("function_url"), context))["statusCode"] == 200
    assert len(await bench.sent("data_polling")) == 3


async def test_an_api_call_that_is_repeated_with_its_key_is_stored_once(
    make_function: MakeFunction, context: Context
) -> None:
    bench = make_function(poll_sources)
    call = document("api_gateway_v1")
    call["headers"]["Idempotency-Key"] = "order-1"
    first, second = [json.decode((await bench(call, context))["body"]) for _ in range(2)]
    assert first["messages"][0]["message_id"] == second["messages"][0]["message_id"]
    call["body"] = '{"source_url": "https://example.org/another.csv"}'
    assert (await bench(call, context))["statusCode"] == 409
    call["headers"]["Idempotency-Key"] = "x" * 200
    assert (await bench(call, context))["statusCode"] == 422
    assert len(await bench.sent("data_polling")) == 1


WRONG_CALLS: list[tuple[dict[str, Any], int, str]] = [
    ({"body": None}, 400, "INVALID_JSON"),
    ({"body": "{"}, 400, "INVALID_JSON"),
    ({"body": "{}", "isBase64Encoded": True}, 422, "VALIDATION_ERROR"),
    ({"body": "[]"}, 422, "VALIDATION_ERROR"),
    ({"body": '{"source_url": "ftp://example.org"}'}, 422, "VALIDATION_ERROR"),
    ({"body": '{"sources": []}'}, 422, "VALIDATION_ERROR"),
    ({"body": '{"source_url": "https://example.org", "sources": []}'}, 422, "VALIDATION_ERROR"),
    ({"httpMethod": "GET"}, 405, "METHOD_NOT_ALLOWED"),
    ({"requestContext": {"identity": {"userArn": None}}}, 401, "UNAUTHORIZED"),
]


async def test_a_wrong_api_call_gets_the_envelope_and_sends_nothing(
    make_function: MakeFunction, context: Context
) -> None:
    bench = make_function(poll_sources)
    for changes, status, code in WRONG_CALLS:
        answer = await bench({**document("api_gateway_v1"), **changes}, context)
        error = json.decode(answer["body"])["error"]
        assert (answer["statusCode"], error["code"]) == (status, code), changes
        assert set(error) == {"code", "message", "details", "timestamp", "request_id"}
    assert await bench.sent("data_polling") == []


async def test_anonymous_calls_are_taken_where_the_settings_say_so(
    make_function: MakeFunction, context: Context
) -> None:
    bench = make_function(poll_sources, LAMBDA_ALLOW_ANONYMOUS="true")
    event = document("api_gateway_v1")
    event["requestContext"]["identity"] = None
    assert (await bench(event, context))["statusCode"] == 200


async def test_each_new_object_of_s3_becomes_a_source_once(make_function: MakeFunction, context: Context) -> None:
    bench = make_function(poll_sources)
    for _ in range(2):
        assert (await bench(document("s3_notice"), context))["message_count"] == 2
    assert (await bench(document("s3_eventbridge"), context))["message_count"] == 1
    assert (await bench(document("s3_test"), context))["message_count"] == 0
    assert urls(await bench.sent("data_polling")) == [
        "s3://measurements/in/March%202026/%C3%BCbersicht%201%2B1.csv",
        "s3://measurements/in/a%2Bb%20c.csv?versionId=v2",
        "s3://measurements/in/large.json?versionId=v1.x",
    ]


async def test_what_cannot_be_polled_is_an_error_of_the_invocation(
    make_function: MakeFunction, context: Context
) -> None:
    bench = make_function(poll_sources)
    with pytest.raises(ConfigurationError, match="POLL_SOURCES"):
        await bench(document("scheduled_rule"), context)
    with pytest.raises(InvalidInput, match=r"sources\[1\]"):
        await bench({"sources": ["https://example.org", 7]}, context)
    for name in ("sqs_batch", "load_balancer", "sns_notice"):
        with pytest.raises(UnsupportedEvent, match="data_poller takes"):
            await bench(document(name), context)
    assert await bench.sent("data_polling") == []


async def test_configured_sources_that_cannot_be_used_are_named(make_function: MakeFunction, context: Context) -> None:
    for text in ("nonsense", "[]", '["ftp://example.org"]', "{}"):
        with pytest.raises(ConfigurationError, match="POLL_SOURCES cannot be used"):
            await make_function(poll_sources, POLL_SOURCES=text)(document("scheduled_rule"), context)


async def test_a_queue_in_a_file_is_refused_since_it_would_go_with_the_container(
    make_function: MakeFunction, context: Context
) -> None:
    with pytest.raises(ConfigurationError, match="QUEUE_URL names a file"):
        await make_function(poll_sources, QUEUE_URL="sqlite:////tmp/q.db")({"source_url": "https://a.org"}, context)


@pytest.mark.slow
async def test_a_store_that_is_away_is_told_and_asked_again_at_the_next_call(
    make_function: MakeFunction, context: Context, port: int
) -> None:
    bench = make_function(poll_sources, AWS_ENDPOINT_URL_SQS=f"http://127.0.0.1:{port}")
    with pytest.raises(StorageUnavailable):
        await bench({"source_url": "https://example.org/a.csv"}, context)
    answer = await bench(document("api_gateway_v1"), Context(30.0))
    assert answer["statusCode"] == 503
    assert int(answer["headers"]["Retry-After"]) >= 1
