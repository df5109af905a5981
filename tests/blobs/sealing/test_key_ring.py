"""Key-encryption keys: one in use, others for reading, each purpose with a key of its own."""

from __future__ import annotations

import pytest
from sealed_form import KEK, OLD_KEK, content_of

from wipsie.blobs.sealing import KeyMissing, KeyRing, SealBroken
from wipsie.blobs.sealing.files import open_bytes, seal_bytes
from wipsie.kernel.errors import ConfigurationError


def test_old_objects_are_readable_after_rotation_and_after_rewrapping(ring: KeyRing, rotated: KeyRing) -> None:
    content = content_of(300_000)
    wrapped, sealed = seal_bytes(ring, "rep_1", content)
    assert open_bytes(rotated.unwrap(wrapped, "rep_1"), "rep_1", sealed) == content
    rewrapped = rotated.rewrap(wrapped, "rep_1")
    assert rewrapped.kek_id == rotated.active != wrapped.kek_id
    # The old key may go now, and the object was not touched.
    assert open_bytes(KeyRing([OLD_KEK]).unwrap(rewrapped, "rep_1"), "rep_1", sealed) == content


def test_rewrapping_what_is_under_the_key_in_use_changes_nothing(rotated: KeyRing) -> None:
    wrapped = rotated.wrap(b"\x01" * 32, "rep_1")
    assert rotated.rewrap(wrapped, "rep_1") is wrapped


def test_rewrapping_refuses_what_is_broken_and_what_is_of_another_object(ring: KeyRing, rotated: KeyRing) -> None:
    wrapped = ring.wrap(b"\x01" * 32, "rep_1")
    with pytest.raises(SealBroken):
        rotated.rewrap(wrapped, "rep_2")


def test_a_missing_key_is_named_and_is_no_broken_seal(ring: KeyRing) -> None:
    wrapped = KeyRing([OLD_KEK]).wrap(b"\x01" * 32, "rep_1")
    with pytest.raises(KeyMissing) as refusal:
        ring.unwrap(wrapped, "rep_1")
    assert refusal.value.kek_id == wrapped.kek_id
    assert refusal.value.status == 503
    assert refusal.value.retry_after_s


def test_after_a_key_was_destroyed_what_it_sealed_is_gone_in_every_backup(ring: KeyRing, rotated: KeyRing) -> None:
    backup = ring.wrap(b"\x01" * 32, "rep_erased")
    kept = rotated.rewrap(ring.wrap(b"\x02" * 32, "rep_kept"), "rep_kept")
    left = KeyRing([OLD_KEK])
    assert left.unwrap(kept, "rep_kept") == b"\x02" * 32
    with pytest.raises(KeyMissing):
        left.unwrap(backup, "rep_erased")


def test_each_purpose_and_each_key_derives_something_else(rotated: KeyRing) -> None:
    derived = [rotated.derived(purpose, kek_id) for purpose in ("a", "b", "ab", "") for kek_id in rotated.ids]
    assert len(set(derived)) == 8
    assert not {KEK, OLD_KEK} & set(derived)
    assert rotated.derived("a") == rotated.derived("a", rotated.active)


def test_ids_follow_from_keys_alone(ring: KeyRing, rotated: KeyRing) -> None:
    assert rotated.ids[1] == ring.active
    assert all(len(kek_id) == 16 and int(kek_id, 16) >= 0 for kek_id in rotated.ids)


def test_a_key_that_is_given_twice_is_one(ring: KeyRing) -> None:
    assert KeyRing([KEK, KEK]).ids == ring.ids


@pytest.mark.parametrize(
    "keys",
    [[], [b""], [b"\x01" * 31], [KEK + b"\x00"], [bytes(32)], [b"changeme" * 4], [KEK, KEK[:16]], [KEK] * 101],
    ids=["none", "empty", "short", "long", "zeros", "a word", "second short", "too many"],
)
def test_keys_that_are_none_are_refused_and_not_shown(keys: list[bytes]) -> None:
    with pytest.raises(ConfigurationError) as refusal:
        KeyRing(keys)
    assert "changeme" not in str(refusal.value)


def test_keys_are_not_shown(ring: KeyRing) -> None:
    wrapped = ring.wrap(b"\x01" * 32, "rep_1")
    shown = repr(ring) + str(ring) + repr(wrapped)
    assert KEK.hex() not in shown
    assert repr(KEK) not in shown


def test_a_wrapping_is_never_the_same_twice(ring: KeyRing) -> None:
    assert len({ring.wrap(b"\x01" * 32, "rep_1").sealed for _ in range(100)}) == 100
