"""The stores the benchmarks measure on are as durable as they say, or the benchmark fails."""

from pathlib import Path

import pytest
from benchmarks.rivals.environments import Environment
from benchmarks.scenario import Skipped
from benchmarks.stores import TITLES, open_store, postgres_settings, redis_settings

from wipsie.testing.servers import PostgresServer, RedisServer


def test_a_postgresql_without_fsync_is_not_measured(postgres_server: PostgresServer) -> None:
    # The server of the tests is not durable, which makes it quick.
    with pytest.raises(AssertionError, match="not durable"):
        postgres_settings(postgres_server)


def test_a_redis_less_durable_than_asked_for_is_not_measured(redis_server: RedisServer) -> None:
    # Neither is that of Redis.
    with pytest.raises(AssertionError, match="less durable"):
        redis_settings(redis_server, appendfsync="always")


@pytest.mark.slow
@pytest.mark.parametrize("name", TITLES)
def test_a_store_names_its_release_and_its_places_are_apart(
    name: str, server_folder: Path, servers_required: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Opening the SQS store sets credentials for this process; the test puts them back.
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "")
    try:
        with open_store(name, server_folder) as store:
            assert store.name == name
            assert store.settings
            assert store.new_place("first").database_url != store.new_place("second").database_url
    except Skipped as reason:
        if servers_required:
            pytest.fail(str(reason))
        pytest.skip(str(reason))


def test_a_rival_that_is_not_installed_says_how_to_get_it() -> None:
    with pytest.raises(Skipped, match="make bench"):
        Environment("rivals-that-nobody-made").version("celery")
