"""Objects and values that only the holder of a key can read, and that nobody changes unnoticed: AES-256-GCM with a key for each object,
which is destroyed to erase it, under key-encryption keys that rotate."""

from wipsie.blobs.sealing.errors import KeyMissing, SealBroken
from wipsie.blobs.sealing.key_holder import KeyHolder
from wipsie.blobs.sealing.key_provider import KeyProvider, KeyService
from wipsie.blobs.sealing.key_providers import GivenKeys, KeyFile, ServiceKeys, make_service_key
from wipsie.blobs.sealing.key_ring import KeyRing
from wipsie.blobs.sealing.sealed_store import Opened, Sealed, SealedInfo, SealedStore
from wipsie.blobs.sealing.sealed_values import (
    Place,
    key_id_of,
    open_text,
    open_value,
    reseal_value,
    seal_text,
    seal_value,
)
from wipsie.blobs.sealing.search_tokens import keyed_token, keyed_tokens
from wipsie.blobs.sealing.wrapped_key import WrappedKey

__all__ = [
    "GivenKeys",
    "KeyFile",
    "KeyHolder",
    "KeyMissing",
    "KeyProvider",
    "KeyRing",
    "KeyService",
    "Opened",
    "Place",
    "SealBroken",
    "Sealed",
    "SealedInfo",
    "SealedStore",
    "ServiceKeys",
    "WrappedKey",
    "key_id_of",
    "keyed_token",
    "keyed_tokens",
    "make_service_key",
    "open_text",
    "open_value",
    "reseal_value",
    "seal_text",
    "seal_value",
]
