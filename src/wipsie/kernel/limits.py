"""Numbers that bound the product; each is a promise to users or a guard of the machine."""

from __future__ import annotations

KIB = 1024
MIB = 1024 * KIB

REQUEST_BYTES_MAX = 1 * MIB
"""Largest HTTP request body."""

MESSAGE_BYTES_MAX = 1 * MIB
"""Largest message: body in UTF-8 plus attribute names, types and values, as Amazon SQS counts."""

ATTRIBUTES_MAX = 10
"""Most attributes on one message."""

RECEIVE_MESSAGES_MAX = 10
"""Most messages one public receive returns; workers inside the process may take more."""

BATCH_MESSAGES_MAX = 1000
"""Most messages in one call of a queue backend."""

VISIBILITY_TIMEOUT_S_MAX = 12 * 3600
WAIT_S_MAX = 20
RETENTION_S_MIN = 60
RETENTION_S_MAX = 14 * 24 * 3600
DELAY_S_MAX = 10 * 366 * 24 * 3600
"""Ten years: a delay is a row, so the horizon costs nothing; the bound catches milliseconds passed as seconds."""

QUEUE_NAME_LENGTH_MAX = 80
KEY_LENGTH_MAX = 128
"""Longest group or deduplication id."""
