from __future__ import annotations

from pathlib import Path

import pytest

from wipsie.database.urls import CONNECT_TIMEOUT_S, ServerAddress, parse_database_url
from wipsie.kernel.errors import ConfigurationError


def server(url: str) -> ServerAddress:
    place = parse_database_url(url)
    assert (place.dialect, place.path) == ("postgresql", None)
    assert place.server is not None
    return place.server


def test_three_slashes_are_a_relative_file_and_four_an_absolute_one() -> None:
    assert parse_database_url("sqlite:///data/wipsie.db").path == Path("data/wipsie.db")
    assert parse_database_url("sqlite:////var/lib/wipsie.db").path == Path("/var/lib/wipsie.db")
    assert parse_database_url("sqlite:////var/lib/wipsie.db").driver_url == "sqlite+aiosqlite:////var/lib/wipsie.db"


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg", "postgresql+asyncpg"])
def test_postgresql_is_reached_by_the_async_driver_whatever_driver_the_url_names(scheme: str) -> None:
    found = server(f"{scheme}://wipsie:secret@db.internal:5433/wipsie")
    assert found.dsn == "postgresql://wipsie:secret@db.internal:5433/wipsie?application_name=wipsie"
    assert found.connect_timeout_s == CONNECT_TIMEOUT_S


def test_what_is_shown_of_a_url_holds_no_user_and_no_password() -> None:
    assert (
        server("postgresql://wipsie:p%40ss@db.internal:5433/wipsie?sslmode=require").shown == "db.internal:5433/wipsie"
    )


def test_options_of_other_tools_are_understood_or_left_out() -> None:
    found = server(
        "postgresql://u:p@h/n?sslmode=require&connect_timeout=7&channel_binding=require&application_name=team&keepalives=1"
    )
    assert found.dsn == "postgresql://u:p@h/n?sslmode=require&application_name=team"
    assert found.connect_timeout_s == 7


def test_several_hosts_and_socket_folders_are_places_too() -> None:
    several = server("postgresql://u:p@one:5432,two:5433/n?target_session_attrs=read-write")
    assert "one:5432,two:5433" in several.dsn
    assert "target_session_attrs=read-write" in several.dsn
    assert server("postgresql:///n?host=/var/run/postgresql").shown == "/var/run/postgresql/n"


def test_a_pooler_is_told_by_an_option() -> None:
    assert server("postgresql://u:p@h/n?pooler=transaction").is_behind_pooler
    assert "pooler" not in server("postgresql://u:p@h/n?pooler=transaction").dsn
    assert not server("postgresql://u:p@h/n?pooler=session").is_behind_pooler


@pytest.mark.parametrize(
    "url",
    [
        "mysql://host/name",
        "wipsie.db",
        "",
        "sqlite://",
        "sqlite:///",
        "sqlite:///:memory:",
        "postgresql:///name",
        "postgresql://h/n?connect_timeout=soon",
        "postgresql://h/n?connect_timeout=-1",
        "postgresql://h/n?pooler=perhaps",
    ],
)
def test_a_url_that_names_no_place_is_refused_with_the_setting(url: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        parse_database_url(url)
    assert refused.value.details["setting"] == "DATABASE_URL"
