"""Settings of a function: those of Wipsie, with what differs where the only disk goes with its container."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from wipsie.app.settings import Settings, parsers
from wipsie.app.settings.variable import Section, variable
from wipsie.kernel.errors import ConfigurationError


@dataclass(frozen=True, kw_only=True, repr=False)
class FunctionSection(Section):
    """What only functions ask for."""

    poll_sources: str = variable(
        "POLL_SOURCES",
        parsers.text,
        "",
        about="What a schedule polls that brings no sources of its own.",
        accepts='a JSON list of URLs or of objects such as {"source_url": "https://example.org/a.csv", "poll_interval": 3600}',
    )
    report_failures: bool = variable(
        "LAMBDA_REPORT_FAILURES",
        parsers.boolean,
        True,
        written="true",
        about="How a batch of messages with failed ones ends. true: they are named in the answer, for event source mappings "
        "with ReportBatchItemFailures. false: the invocation fails, for mappings without.",
        accepts="true or false",
    )
    allow_anonymous: bool = variable(
        "LAMBDA_ALLOW_ANONYMOUS",
        parsers.boolean,
        False,
        written="false",
        about="Take API calls of which the gateway does not say who makes them.",
        accepts="true or false",
    )


@dataclass(frozen=True, kw_only=True)
class FunctionSettings:
    """Both together."""

    wipsie: Settings
    function: FunctionSection
    has_database: bool
    """DATABASE_URL is set: without, nothing is remembered beyond this container."""


def read_function_settings(values: Mapping[str, str]) -> FunctionSettings:
    """Settings from named values. ConfigurationError, one sentence that names the variable."""
    region = values.get("AWS_REGION") or values.get("AWS_DEFAULT_REGION") or "us-east-1"
    defaults = {
        # Lambda says where it runs, and its disk is not where a queue may be.
        "QUEUE_URL": f"sqs://{region}",
        "WIPSIE_DATA_DIR": str(Path(tempfile.gettempdir()) / "wipsie"),
        "WIPSIE_SLICES": "tasks",
        "LOG_FORMAT": "json",
    }
    given = {name: value for name, value in values.items() if value.strip()}
    settings = Settings.read({**defaults, **given})
    if settings.queue.url.startswith("sqlite:"):
        raise ConfigurationError(
            "QUEUE_URL names a file, which would go with the function's container, and its messages too; "
            "use sqs://region, or the URL of a PostgreSQL or Redis that other processes reach.",
            details={"setting": "QUEUE_URL"},
        )
    return FunctionSettings(wipsie=settings, function=FunctionSection.read(given), has_database="DATABASE_URL" in given)
