"""Error codes of the Cloud API: what they are called, the usual HTTP status, and whether trying again may help."""

from __future__ import annotations

import msgspec


class ErrorCode(msgspec.Struct, frozen=True):
    """`title` is also the message after ``(#code)``."""

    title: str
    status_code: int = 400
    details: str = ""
    is_transient: bool = False
    retry_after_s: int | None = None
    """A header is sent when set."""


_UNAVAILABLE = "Service temporarily unavailable"

ERROR_CODES: dict[int, ErrorCode] = {
    0: ErrorCode("AuthException", 401, "The token cannot be read."),
    1: ErrorCode("API Unknown", 500, "An unknown error occurred.", is_transient=True),
    2: ErrorCode("API Service", 503, _UNAVAILABLE, is_transient=True),
    3: ErrorCode("API Method", 403, "The application may not call this."),
    4: ErrorCode("API Too Many Calls", 429, "The application reached its call limit.", True, 60),
    10: ErrorCode("Permission Denied", 403, "The permission was not granted or was taken back."),
    33: ErrorCode("Parameter value is not valid", 400, "The business number was deleted."),
    100: ErrorCode("Invalid parameter", 400, "A parameter is not supported or misspelt."),
    190: ErrorCode("Access token has expired", 401, "Get a new token."),
    200: ErrorCode("API Permission", 403, "The permission was not granted."),
    368: ErrorCode("Temporarily blocked for policies violations", 403, "The account was restricted."),
    80007: ErrorCode("Rate limit issues", 429, "The account reached its call limit.", True, 60),
    130429: ErrorCode("Rate limit hit", 429, "The number reached its throughput.", True, 1),
    130472: ErrorCode("User's number is part of an experiment", 400, "The message was not sent."),
    130497: ErrorCode("Business account is restricted from messaging users in this country", 403),
    131000: ErrorCode("Something went wrong", 500, "The message failed for an unknown reason.", is_transient=True),
    131005: ErrorCode("Access denied", 403, "The permission was not granted or was taken back."),
    131008: ErrorCode("Required parameter is missing", 400),
    131009: ErrorCode("Parameter value is not valid", 400),
    131016: ErrorCode("Service unavailable", 500, _UNAVAILABLE, is_transient=True),
    131021: ErrorCode("Recipient cannot be sender", 400, "A number cannot write to itself."),
    131026: ErrorCode("Message undeliverable", 400, "The recipient cannot be reached on WhatsApp."),
    131030: ErrorCode("Recipient phone number not in allowed list", 400, "Add the number to the test numbers."),
    131031: ErrorCode("Account has been locked", 403, "The account was restricted or disabled."),
    131042: ErrorCode("Business eligibility payment issue", 400, "Something is wrong with the payment method."),
    131047: ErrorCode("Re-engagement message", 400, "The recipient's last message is more than 24 hours old."),
    131048: ErrorCode("Spam rate limit hit", 400, "Too many messages of this number were blocked or reported."),
    131049: ErrorCode("Message not delivered to maintain healthy ecosystem engagement", 400),
    131050: ErrorCode("User stopped marketing messages from this business", 400),
    131051: ErrorCode("Unsupported message type", 400, "There is no message of this type."),
    131052: ErrorCode("Media download error", 400, "The file the user sent cannot be had."),
    131053: ErrorCode("Media upload error", 400, "The file cannot be taken."),
    131056: ErrorCode(
        "(Business Account, Consumer Account) pair rate limit hit",
        400,
        "Too many messages to this recipient in a short time.",
        is_transient=True,
    ),
    131057: ErrorCode(
        "Account in maintenance mode", 503, "Try again in a minute.", is_transient=True, retry_after_s=60
    ),
    131062: ErrorCode("Business-scoped user IDs are not supported for this message", 400, "Use the phone number."),
    132000: ErrorCode("Number of parameters does not match the expected number of params", 400),
    132001: ErrorCode("Template name does not exist in the translation", 404),
    132005: ErrorCode("Translated text too long", 400),
    132012: ErrorCode("Parameter format does not match format in the created template", 400),
    132015: ErrorCode("Template is paused", 400, "Its quality is low."),
    132016: ErrorCode("Template is disabled", 400, "It was paused too often."),
    133010: ErrorCode("Phone number not registered", 400, "Register the number first."),
}

_UNKNOWN = ErrorCode("Unknown error", 400)


def described(code: int) -> ErrorCode:
    """What is known of a code; codes 200 to 299 are all about permissions."""
    known = ERROR_CODES.get(code)
    if known is None and 200 <= code <= 299:
        return ERROR_CODES[200]
    return known if known is not None else _UNKNOWN
