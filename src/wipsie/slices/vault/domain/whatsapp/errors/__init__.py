"""Errors of the Cloud API: what they say, and how each is to be treated."""

from __future__ import annotations

from wipsie.slices.vault.domain.whatsapp.errors.api_error import ApiError, read_api_error, read_api_errors
from wipsie.slices.vault.domain.whatsapp.errors.pauses import regain_access_s, retry_after_s
from wipsie.slices.vault.domain.whatsapp.errors.treatment import PAUSING_REASONS, Treatment, delay_s, treatment_of

__all__ = [
    "PAUSING_REASONS",
    "ApiError",
    "Treatment",
    "delay_s",
    "read_api_error",
    "read_api_errors",
    "regain_access_s",
    "retry_after_s",
    "treatment_of",
]
