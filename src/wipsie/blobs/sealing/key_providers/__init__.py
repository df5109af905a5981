"""Key-encryption keys from a setting, from a file of this machine, or behind a key service."""

from wipsie.blobs.sealing.key_providers.file import KeyFile
from wipsie.blobs.sealing.key_providers.given import GivenKeys
from wipsie.blobs.sealing.key_providers.service import ServiceKeys, make_service_key

__all__ = ["GivenKeys", "KeyFile", "ServiceKeys", "make_service_key"]
