"""Text of a variable to its value; every parser raises ValueError when the text does not fit."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

_TRUE = ("true", "1", "yes", "on")
_FALSE = ("false", "0", "no", "off")


def text(value: str) -> str:
    """As it is."""
    return value


def path(value: str) -> Path:
    """A path; ``~`` is the home folder."""
    return Path(value).expanduser()


def boolean(value: str) -> bool:
    """``true`` or ``false``, in the usual spellings."""
    lowered = value.lower()
    if lowered in _TRUE:
        return True
    if lowered in _FALSE:
        return False
    raise ValueError(value)


def integer(least: int, most: int) -> Callable[[str], int]:
    """A whole number within bounds."""

    def parse(value: str) -> int:
        number = int(value)
        if not least <= number <= most:
            raise ValueError(value)
        return number

    return parse


def hex_keys(bytes_min: int) -> Callable[[str], tuple[str, ...]]:
    """A comma list of keys in hex digits, each of at least so many bytes."""

    def parse(value: str) -> tuple[str, ...]:
        keys = tuple(part.strip() for part in value.split(","))
        if any(len(bytes.fromhex(key)) < bytes_min for key in keys):
            raise ValueError
        return keys

    return parse


def process_count(value: str) -> int:
    """A number of processes; ``auto`` is one per core this process may use."""
    if value.lower() == "auto":
        return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return integer(1, 256)(value)


def duration_s(least_s: float, most_s: float) -> Callable[[str], float]:
    """Seconds within bounds, written as ``30``, ``30s``, ``5m`` or ``2h``."""

    def parse(value: str) -> float:
        from wipsie.kernel.durations import parse_duration_s

        seconds = parse_duration_s(value)
        if not least_s <= seconds <= most_s:
            raise ValueError(value)
        return seconds

    return parse


def hours_of_day(value: str) -> tuple[int, int]:
    """From one time of the day to a later one, ``9:00-17:00``, as minutes after midnight; the day ends at 24:00."""
    match = re.fullmatch(r"(\d{1,2}):([0-5]\d)\s*-\s*(\d{1,2}):([0-5]\d)", value)
    if match is None:
        raise ValueError(value)
    start, end = (int(match[group]) * 60 + int(match[group + 1]) for group in (1, 3))
    if not start < end <= 24 * 60:
        raise ValueError(value)
    return start, end


def crontab(value: str) -> str:
    """A crontab expression, by its looks: what it means is checked where it is used, since that takes a while to import."""
    if not re.fullmatch(r"@[a-z]+|[\dA-Za-z*/,-]+( +[\dA-Za-z*/,-]+){4}", value):
        raise ValueError(value)
    return value


def time_zone(value: str) -> str:
    """The name of a time zone this machine knows."""
    try:
        ZoneInfo(value)
    except (LookupError, OSError) as error:
        raise ValueError(value) from error
    return value


def integer_or(word: str, least: int, most: int) -> Callable[[str], int | None]:
    """A whole number within bounds, or a word that stands for none."""
    number = integer(least, most)
    return lambda value: None if value.lower() == word else number(value)


def matching(pattern: str) -> Callable[[str], str]:
    """A text of a form."""
    form = re.compile(pattern)

    def parse(value: str) -> str:
        if not form.fullmatch(value):
            raise ValueError(value)
        return value

    return parse


def one_of(*words: str, upper: bool = False) -> Callable[[str], str]:
    """One of some words, in any case."""

    def parse(value: str) -> str:
        word = value.upper() if upper else value.lower()
        if word not in words:
            raise ValueError(value)
        return word

    return parse


def words(*known: str) -> Callable[[str], tuple[str, ...]]:
    """A comma list without repeats; only of `known` words when some are given."""

    def parse(value: str) -> tuple[str, ...]:
        found = tuple(dict.fromkeys(word.strip() for word in value.split(",") if word.strip()))
        if not found or (known and not set(found) <= set(known)):
            raise ValueError(value)
        return found

    return parse


def words_like(pattern: str) -> Callable[[str], tuple[str, ...]]:
    """A comma list of words that all have a form."""
    form = re.compile(pattern)

    def parse(value: str) -> tuple[str, ...]:
        found = words()(value)
        if not all(form.fullmatch(word) for word in found):
            raise ValueError(value)
        return found

    return parse


def text_list(value: str) -> tuple[str, ...]:
    """A JSON list of texts, or a comma list."""
    if not value.startswith("["):
        return words()(value)
    items: object = json.loads(value)
    if not isinstance(items, list):
        raise ValueError(value)
    checked = cast("list[object]", items)
    if not all(isinstance(item, str) for item in checked):
        raise ValueError(value)
    return tuple(cast("list[str]", checked))


def queue_prefix(value: str) -> str:
    """What queue names may begin with."""
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,40}", value):
        raise ValueError(value)
    return value


def origin(value: str) -> str:
    """Scheme, host and port of a web server, without a slash at its end."""
    parsed = urlsplit(value)
    if parsed.scheme not in ("http", "https") or not parsed.hostname or parsed.path.strip("/"):
        raise ValueError(value)
    if parsed.query or parsed.fragment or "@" in parsed.netloc or parsed.port == 0:
        raise ValueError(value)
    return f"{parsed.scheme}://{parsed.netloc}"


def queue_address(value: str) -> str:
    """The URL of an SQS queue: ends in its name."""
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ValueError(value)
    if not re.fullmatch(r"(/[^/]+)*/[A-Za-z0-9_-]{1,80}(\.fifo)?/?", parts.path):
        raise ValueError(value)
    return value


def token(value: str) -> str:
    """A secret that is not guessed in an afternoon."""
    if len(value) < 8:
        raise ValueError
    return value


def bucket(value: str) -> str:
    """The name of an S3 bucket."""
    if not re.fullmatch(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", value):
        raise ValueError(value)
    return value


def day_start_s(value: str) -> int:
    """A day as its first second in UTC, since 1970."""
    return max(0, int(datetime.combine(date.fromisoformat(value), time(), UTC).timestamp()))


def secrets(value: str) -> tuple[str, ...]:
    """A comma list of secrets; whether they are good is for who uses them to say."""
    return tuple(part.strip() for part in value.split(","))


_CELERY_BROKER = re.compile(r"sqs://([^/@:]+:[^/@]+@)?([A-Za-z0-9.-]+(:\d{1,5})?)?/?")


def celery_broker(value: str) -> str:
    """A broker of Celery's that speaks SQS, over plain HTTP where it names a host."""
    if not _CELERY_BROKER.fullmatch(value):
        raise ValueError(value)
    return value


def url(*schemes: str) -> Callable[[str], str]:
    """A URL of one of some schemes."""

    def parse(value: str) -> str:
        scheme, separator, rest = value.partition("://")
        if not separator or scheme.lower() not in schemes or not rest:
            raise ValueError(value)
        return value

    return parse
