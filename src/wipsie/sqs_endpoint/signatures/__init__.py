"""Signature Version 4 of Amazon, as a server checks it: in the header Authorization, or in the query string.

request → credentials → canonical request → string to sign → signature, compared in constant time
"""

from __future__ import annotations

from wipsie.sqs_endpoint.signatures.verifier import SignatureVerifier

__all__ = ["SignatureVerifier"]
