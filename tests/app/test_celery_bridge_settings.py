"""Where the Celery bridge finds its broker, and what it says when it cannot."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from wipsie.app.celery_bridge import CeleryBridge, broker_of, build_celery_app
from wipsie.app.settings import Settings
from wipsie.kernel.errors import ConfigurationError

ENDPOINT = "sqs://eu-west-1?endpoint_url=http%3A%2F%2F127.0.0.1%3A4566"


@pytest.mark.parametrize(
    ("values", "endpoint_url", "region"),
    [
        ({}, "http://127.0.0.1:8000", "us-east-1"),
        ({"API_HOST": "0.0.0.0", "API_PORT": "9000"}, "http://127.0.0.1:9000", "us-east-1"),
        ({"API_HOST": "::", "AWS_REGION": "eu-central-1"}, "http://[::1]:8000", "eu-central-1"),
        ({"AWS_ENDPOINT_URL": "https://queues.example/sqs"}, "https://queues.example/sqs", "us-east-1"),
        ({"CELERY_BROKER_URL": "sqs://"}, "http://127.0.0.1:8000", "us-east-1"),
        (
            {"CELERY_BROKER_URL": "sqs://key:sec@queues:81/", "AWS_ENDPOINT_URL": "http://x"},
            "http://queues:81",
            "us-east-1",
        ),
        ({"QUEUE_URL": "sqs://eu-west-1"}, None, "eu-west-1"),
        ({"QUEUE_URL": ENDPOINT}, "http://127.0.0.1:4566", "eu-west-1"),
        ({"QUEUE_URL": "sqs://eu-west-1", "AWS_ENDPOINT_URL_SQS": "http://x:1"}, "http://x:1", "eu-west-1"),
    ],
)
def test_the_broker_stands_before_the_queues_of_queue_url(
    values: dict[str, str], endpoint_url: str | None, region: str, tmp_path: Path
) -> None:
    settings = Settings.read({"WIPSIE_DATA_DIR": str(tmp_path), **values})
    assert broker_of(settings) == (endpoint_url, region)


def test_an_api_on_any_free_port_has_to_run_or_be_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="API_PORT is 0"):
        broker_of(Settings.read({"WIPSIE_DATA_DIR": str(tmp_path), "API_PORT": "0"}))


@pytest.mark.parametrize(
    "url", ["redis://127.0.0.1", "sqs://a b", "sqs://host:port", "sqs://host/path", "sqs://key@host"]
)
def test_a_broker_that_speaks_no_sqs_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError, match="CELERY_BROKER_URL"):
        Settings.read({"CELERY_BROKER_URL": url})


def test_a_queue_without_a_handler_ends_the_start_in_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from celery import signals

    monkeypatch.setenv("WIPSIE_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("WORKER_QUEUES", "letters")
    monkeypatch.chdir(tmp_path)
    app: Any = build_celery_app()

    class Instance:
        """A worker that is about to start."""

    instance: Any = Instance()
    instance.app = app
    on_start: Any = signals.celeryd_init
    with pytest.raises(SystemExit):
        on_start.send(sender="somebody", instance=instance, conf=app.conf)
    assert "The Celery bridge cannot start: WORKER_QUEUES names 'letters'" in capsys.readouterr().err


def test_importing_the_worker_reads_and_opens_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUEUE_URL", "nonsense")
    monkeypatch.chdir(tmp_path)
    app: Any = build_celery_app()
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(ConfigurationError):
        CeleryBridge().defaults()
    monkeypatch.delenv("QUEUE_URL")
    assert {"process_default_message", "process_data_polling", "process_task", "send_notification"} <= set(app.tasks)
