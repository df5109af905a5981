"""Object store over files, memory or S3: keys, checksums kept with each object and proved on every read."""

from wipsie.blobs.errors import BlobCorrupt, BlobNotFound, BlobTooLarge
from wipsie.blobs.keys import check_key
from wipsie.blobs.store import Blob, BlobInfo, BlobStore

__all__ = ["Blob", "BlobCorrupt", "BlobInfo", "BlobNotFound", "BlobStore", "BlobTooLarge", "check_key"]
