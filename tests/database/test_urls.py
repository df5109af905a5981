from __future__ import annotations

from pathlib import Path

import pytest

from wipsie.database.urls import parse_database_url
from wipsie.kernel.errors import ConfigurationError


def test_three_slashes_are_a_relative_file_and_four_an_absolute_one() -> None:
    assert parse_database_url("sqlite:///data/wipsie.db").path == Path("data/wipsie.db")
    assert parse_database_url("sqlite:////var/lib/wipsie.db").path == Path("/var/lib/wipsie.db")
    assert parse_database_url("sqlite:////var/lib/wipsie.db").driver_url == "sqlite+aiosqlite:////var/lib/wipsie.db"


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg"])
def test_postgresql_is_reached_by_the_async_driver(scheme: str) -> None:
    url = parse_database_url(f"{scheme}://wipsie:secret@db.internal:5433/wipsie")
    assert (url.dialect, url.path) == ("postgresql", None)
    assert url.driver_url == "postgresql+asyncpg://wipsie:secret@db.internal:5433/wipsie"


@pytest.mark.parametrize(
    "url", ["mysql://host/name", "wipsie.db", "", "sqlite://", "sqlite:///", "sqlite:///:memory:", "postgresql:///name"]
)
def test_a_url_that_names_no_place_is_refused_with_the_setting(url: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        parse_database_url(url)
    assert refused.value.details["setting"] == "DATABASE_URL"
