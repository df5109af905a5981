"""Event documents as Amazon writes them, Wipsie's own SQS to send to, and functions over it."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from lambda_bench import Bench, Context, MakeFunction, document
from starlette.types import Receive, Scope, Send

from wipsie.app.application import Application
from wipsie.app.lambda_functions import LambdaFunction
from wipsie.app.lambda_functions.function import Serve
from wipsie.app.lambda_functions.settings import read_function_settings
from wipsie.app.lambda_functions.workshop import Workshop
from wipsie.app.parts import Parts, build_parts
from wipsie.app.settings import Settings
from wipsie.kernel.clock import SystemClock
from wipsie.telemetry.logging import configure_logging
from wipsie.testing.served import served


@pytest.fixture
def event() -> Callable[[str], dict[str, Any]]:
    """An event document by name."""
    return document


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The AWS chain finds these credentials and nothing of this machine; the log is as tests have it afterwards."""
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_SQS", "AWS_SESSION_TOKEN", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    yield
    configure_logging("WARNING")


@pytest.fixture
async def parts(tmp_path: Path, migrated_database_url: str) -> AsyncIterator[Parts]:
    """A Wipsie with queues and a database."""
    settings = Settings.read({"WIPSIE_DATA_DIR": str(tmp_path / "data"), "DATABASE_URL": migrated_database_url})
    settings.data_dir.mkdir(mode=0o700)
    parts = build_parts(settings)
    await parts.database.start()
    await parts.engine.start()
    await parts.engine.declare([queue for one in parts.slices for queue in one.queues])
    yield parts
    for one in parts.slices:
        for stop in one.on_stop:
            await stop()
    await parts.engine.stop()
    await parts.database.stop()


@pytest.fixture
def sqs_actions() -> set[str]:
    """What was asked of the endpoint so far, by the names of Amazon's actions."""
    return set()


@pytest.fixture
async def sqs_url(parts: Parts, sqs_actions: set[str]) -> AsyncIterator[str]:
    """Its endpoint of Amazon SQS."""
    api = Application(parts, ("api",)).build_api()

    async def recording(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            headers: list[tuple[bytes, bytes]] = scope["headers"]
            sqs_actions.update(value.decode().rpartition(".")[2] for name, value in headers if name == b"x-amz-target")
        await api(scope, receive, send)

    async with served(recording) as url:
        yield url


@pytest.fixture
def values(sqs_url: str, tmp_path: Path, migrated_database_url: str) -> dict[str, str]:
    """The settings of a function over that Wipsie."""
    return {
        "AWS_REGION": "us-east-1",
        "AWS_ENDPOINT_URL_SQS": sqs_url,
        "WIPSIE_DATA_DIR": str(tmp_path / "function"),
        "DATABASE_URL": migrated_database_url,
        "LOG_FILE": str(tmp_path / "function.log"),
    }


@pytest.fixture
async def workshop(aws: None, values: dict[str, str]) -> AsyncIterator[Workshop]:
    """The parts of a function, open, in the test's own loop."""
    workshop = Workshop(read_function_settings({**values, "POLLING_ALLOWED_HOSTS": "127.0.0.1"}), SystemClock())
    await workshop.open_all()
    yield workshop
    await workshop.close()


@pytest.fixture
async def make_function(aws: None, parts: Parts, values: dict[str, str]) -> AsyncIterator[MakeFunction]:
    """`make_function(poll_sources, POLL_SOURCES="…")` makes a function over that Wipsie; None leaves a variable out."""
    made: list[LambdaFunction] = []

    def make(serve: Serve, **changes: str | None) -> Bench:
        settings = {name: value for name, value in {**values, **changes}.items() if value is not None}
        function = LambdaFunction(serve, values=settings)
        made.append(function)
        return Bench(function, parts)

    yield make
    for function in made:
        await asyncio.to_thread(function.close)


@pytest.fixture
def context() -> Context:
    """Lambda's context of an invocation with half a minute left."""
    return Context(30.0)
