"""The port: taken first, and told clearly."""

from __future__ import annotations

import socket

import pytest

from wipsie.app.listening import open_listener, url_of
from wipsie.kernel.errors import ConfigurationError


def test_a_free_port_is_taken_at_once_and_told() -> None:
    listener = open_listener("127.0.0.1", 0)
    try:
        assert listener.is_loopback
        with socket.create_connection(("127.0.0.1", listener.port), timeout=2):
            assert listener.url == f"http://127.0.0.1:{listener.port}"
    finally:
        listener.close()


def test_a_taken_port_is_refused_with_its_number_and_the_setting() -> None:
    first = open_listener("127.0.0.1", 0)
    try:
        with pytest.raises(ConfigurationError, match=f"Port {first.port} on 127.0.0.1 is taken.*API_PORT"):
            open_listener("127.0.0.1", first.port)
    finally:
        first.close()


def test_an_address_others_reach_is_known_to_be_one() -> None:
    listener = open_listener("0.0.0.0", 0)
    listener.close()
    assert not listener.is_loopback


def test_an_address_of_no_machine_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="API_HOST is 'no such host'"):
        open_listener("no such host", 0)
    with pytest.raises(ConfigurationError, match=r"Cannot listen on 192\.0\.2\.1"):
        open_listener("192.0.2.1", 0)


@pytest.mark.parametrize(
    ("host", "url"),
    [("0.0.0.0", "http://127.0.0.1:80"), ("::", "http://[::1]:80"), ("localhost", "http://localhost:80")],
)
def test_the_url_is_one_a_client_can_use(host: str, url: str) -> None:
    assert url_of(host, 80) == url
