"""What a ``sqs://`` URL says: region, endpoint and how eagerly to poll."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, urlsplit

import msgspec

from wipsie.kernel.errors import ConfigurationError
from wipsie.queue.backends.sqs.sqs_limits import MESSAGE_BYTES_MAX, WAIT_S_MAX

_REGION = re.compile(r"[a-z0-9-]{0,40}")
_OPTIONS = "endpoint_url, poll_s, settings_s, message_bytes_max and prefix"


class SqsAddress(msgspec.Struct, frozen=True):
    """Where the queues are. `region` None: as the AWS configuration says."""

    region: str | None
    endpoint_url: str | None = None
    """None: Amazon's, or what AWS_ENDPOINT_URL_SQS and AWS_ENDPOINT_URL say."""
    poll_s: int = 5
    """Longest single long poll, in seconds. A stop waits for the polls under way, so that nothing they lease is lost: short
    ones stop sooner, long ones (up to 20) cost fewer requests."""
    settings_s: float = 15.0
    """How long the settings of a queue are trusted, in seconds: what another process changed is seen within this time."""
    message_bytes_max: int = MESSAGE_BYTES_MAX
    """The largest message the server takes, attributes included: 262144 at servers that have not followed Amazon yet."""
    prefix: str = ""
    """Only queues whose names begin so are listed."""


def parse_address(url: str) -> SqsAddress:
    """Read ``sqs://us-east-1?endpoint_url=…&poll_s=…``. ConfigurationError that says what to write."""
    parts = urlsplit(url)
    if parts.scheme != "sqs" or parts.path not in ("", "/") or not _REGION.fullmatch(parts.netloc):
        what = "Keys do not belong into the URL: the normal AWS chain finds them. " if "@" in parts.netloc else ""
        raise ConfigurationError(f"{what}Write QUEUE_URL as sqs://region, for example sqs://us-east-1.")
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    address = SqsAddress(
        region=parts.netloc or None,
        endpoint_url=_endpoint_url(options.pop("endpoint_url", "")),
        poll_s=int(_number("poll_s", options.pop("poll_s", "5"), 1, WAIT_S_MAX)),
        settings_s=_number("settings_s", options.pop("settings_s", "15"), 0.1, 3600),
        message_bytes_max=int(
            _number(
                "message_bytes_max", options.pop("message_bytes_max", str(MESSAGE_BYTES_MAX)), 1024, MESSAGE_BYTES_MAX
            )
        ),
        prefix=options.pop("prefix", ""),
    )
    if options:
        raise ConfigurationError(f"QUEUE_URL has an option '{next(iter(options))}'; sqs:// knows {_OPTIONS}.")
    return address


def _endpoint_url(text: str) -> str | None:
    if text and urlsplit(text).scheme not in ("http", "https"):
        raise ConfigurationError("endpoint_url in QUEUE_URL must begin with http:// or https://.")
    return text or None


def _number(name: str, text: str, least: float, most: float) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not least <= value <= most:
        raise ConfigurationError(f"{name} in QUEUE_URL must be a number from {least:.7g} to {most:.7g}.")
    return value
