"""The variables of mail are enough by themselves: a queue, a bucket and a parameter that are there already are used."""

from __future__ import annotations

import pytest

from wipsie.app.objects import build_blobs, build_mail_blobs
from wipsie.app.queues import queue_names
from wipsie.app.settings import Settings
from wipsie.kernel.errors import ConfigurationError

AMAZON = "https://sqs.us-west-1.amazonaws.com/123456789012/EmailQueue"
LOCAL = "http://127.0.0.1:5000/123456789012/EmailQueue"


def test_the_queue_says_which_service_all_queues_are_kept_in() -> None:
    settings = Settings.read({"SQS_QUEUE_URL": AMAZON, "AWS_REGION": "eu-central-1"})
    assert settings.queue.url == "sqs://us-west-1"
    assert settings.mail.queue_name == "EmailQueue"
    assert settings.queue.endpoint_url == ""
    assert queue_names(settings).stored("mail") == "EmailQueue"
    assert queue_names(settings).stored("data_polling") == "wipsie-data-polling"


def test_the_older_and_the_chinese_addresses_of_amazon_are_known() -> None:
    assert Settings.read({"SQS_QUEUE_URL": "https://us-west-2.queue.amazonaws.com/1/q"}).queue.url == "sqs://us-west-2"
    chinese = "https://sqs.cn-north-1.amazonaws.com.cn/1/q"
    assert Settings.read({"SQS_QUEUE_URL": chinese}).queue.url == "sqs://cn-north-1"


def test_a_queue_that_is_not_amazons_is_asked_where_it_is_unless_an_endpoint_is_named() -> None:
    assert Settings.read({"SQS_QUEUE_URL": LOCAL, "AWS_REGION": "us-west-1"}).queue.url == "sqs://us-west-1"
    assert Settings.read({"SQS_QUEUE_URL": LOCAL}).queue.endpoint_url == "http://127.0.0.1:5000"
    named = {"SQS_QUEUE_URL": LOCAL, "AWS_ENDPOINT_URL": "http://moto:5000"}
    assert Settings.read(named).queue.endpoint_url == "http://moto:5000"
    assert Settings.read({**named, "AWS_ENDPOINT_URL_SQS": "http://sqs:1"}).queue.endpoint_url == "http://sqs:1"


def test_a_queue_url_of_another_kind_contradicts_it() -> None:
    with pytest.raises(ConfigurationError, match="QUEUE_URL and SQS_QUEUE_URL"):
        Settings.read({"SQS_QUEUE_URL": AMAZON, "QUEUE_URL": "redis://127.0.0.1"})
    assert Settings.read({"SQS_QUEUE_URL": AMAZON, "QUEUE_URL": "sqs://eu-west-1"}).queue.url == "sqs://eu-west-1"


def test_the_bucket_is_the_place_of_the_archive_and_of_all_objects_that_have_no_other() -> None:
    alone = Settings.read({"S3_BUCKET_NAME": "mails"})
    assert alone.blobs.url == "s3://mails"
    blobs = build_blobs(alone)
    assert build_mail_blobs(alone, blobs) is blobs
    both = Settings.read({"S3_BUCKET_NAME": "mails", "BLOB_URL": "s3://others/here"})
    assert both.blobs.url == "s3://others/here"
    blobs = build_blobs(both)
    assert build_mail_blobs(both, blobs) is not blobs
    neither = Settings.read({})
    blobs = build_blobs(neither)
    assert build_mail_blobs(neither, blobs) is blobs


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("30", 30.0), ("5s", 5.0), ("0", 0.0), ("2m", 120.0)],
    ids=["plain", "unit", "none", "minutes"],
)
def test_the_poll_interval_is_in_seconds_unless_it_says_otherwise(text: str, seconds: float) -> None:
    assert Settings.read({"SQS_POLL_INTERVAL": text}).mail.poll_interval_s == seconds


def test_tokens_are_not_shown() -> None:
    shown = Settings.read({"MAIL_TOKEN": "$DJISA<$#45ex3RtYr", "MAIL_TOKEN_PREVIOUS": "old"}).shown()
    assert (shown["MAIL_TOKEN"], shown["MAIL_TOKEN_PREVIOUS"]) == ("***", "***")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SQS_QUEUE_URL", "EmailQueue"),
        ("SQS_QUEUE_URL", "https://example.org/"),
        ("SQS_QUEUE_URL", "https://example.org/1/no name"),
        ("MAIL_DOMAINS", "@,foo bar"),
        ("MAIL_TRUSTED_SERVERS", "a b"),
        ("MAIL_SES_TOPIC_ARNS", "foo"),
        ("MAIL_SES_BUCKETS", "UPPER"),
        ("S3_BUCKET_NAME", "No_Such"),
        ("SQS_POLL_INTERVAL", "-1"),
        ("METRICS_PORT", "70000"),
        ("MAIL_OLDEST", "yesterday"),
        ("WIPSIE_SLICES", "mail,post"),
    ],
)
def test_a_wrong_value_is_named(name: str, value: str) -> None:
    with pytest.raises(ConfigurationError, match=f"^{name} is '{value}'; it must be "):
        Settings.read({name: value})
