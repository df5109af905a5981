"""An Idempotency-Key becomes a deduplication id and a fingerprint of the request."""

import pytest
from starlette.requests import Request

from wipsie.api.idempotency import read_idempotency
from wipsie.kernel import limits
from wipsie.kernel.errors import InvalidInput


def _request(*keys: str) -> Request:
    headers = [(b"idempotency-key", key.encode("latin-1")) for key in keys]
    return Request({"type": "http", "method": "POST", "path": "/", "headers": headers})


def test_without_a_key_there_is_nothing():
    assert read_idempotency(_request(), {}) is None


def test_the_same_key_and_request_give_the_same_pair_in_any_key_order():
    assert read_idempotency(_request("k"), {"a": 1, "b": 2}) == read_idempotency(_request("k"), {"b": 2, "a": 1})


def test_another_body_changes_the_fingerprint_only():
    first, second = read_idempotency(_request("k"), {"a": 1}), read_idempotency(_request("k"), {"a": 2})
    assert first is not None
    assert second is not None
    assert first.deduplication_id == second.deduplication_id
    assert first.fingerprint != second.fingerprint
    assert first.window_s == 86400


def test_the_longest_key_fits_a_deduplication_id():
    found = read_idempotency(_request("k" * 128), {})
    assert found is not None
    assert len(found.deduplication_id) <= limits.KEY_LENGTH_MAX


@pytest.mark.parametrize("key", ["", "k" * 129, "tab\t", "caf\xe9"])
def test_a_key_of_wrong_length_or_characters_is_refused(key: str):
    with pytest.raises(InvalidInput, match="Idempotency-Key"):
        read_idempotency(_request(key), {})
