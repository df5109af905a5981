"""Numbers Amazon sets for its queues."""

from __future__ import annotations

from wipsie.kernel import limits

BATCH_ENTRIES_MAX = 10
BATCH_BYTES_MAX = 1 * limits.MIB
"""All entries of one SendMessageBatch together."""
MESSAGE_BYTES_MAX = 1 * limits.MIB
"""One message with its attributes; 256 KiB until August 2025, and still so at some servers that speak the protocol."""
MESSAGE_ATTRIBUTES_MAX = 10
RECEIVE_MESSAGES_MAX = 10
WAIT_S_MAX = 20
DELAY_S_MAX = 900
VISIBILITY_TIMEOUT_S_MAX = 43_200
RECEIVE_LIMIT_MAX = 1000
DEDUPLICATION_WINDOW_S = 300.0
TAGS_MAX = 50
TAG_KEY_LENGTH_MAX = 128
TAG_VALUE_LENGTH_MAX = 256
