"""What the door says, with the codes of RFC 5321 and RFC 3463: 4 means come again, 5 means do not."""

from __future__ import annotations

from wipsie.kernel.errors import MessageTooLarge, TooManyRequests, Unavailable
from wipsie.kernel.ids import MessageId
from wipsie.telemetry.logging import get_logger

TOO_MANY_CONNECTIONS = "421 4.3.2 Too many connections; try again later"
SHUTTING_DOWN = "421 4.3.2 The service is shutting down; try again later"
TIMED_OUT = "421 4.4.2 Nothing came for too long"
TOO_SLOW = "421 4.4.2 The mail comes too slowly; try again later"
TOO_MANY_ERRORS = "421 4.7.0 Too many commands that lead nowhere"
TOO_MANY_SIGN_INS = "421 4.7.0 Too many failed sign-ins"
NO_WEB_SERVER = "421 4.7.0 This is no web server"

LINE_TOO_LONG = "500 5.5.6 The line is too long"
BAD_TEXT = "500 5.5.2 The line is no text in UTF-8"
UNKNOWN_COMMAND = "500 5.5.1 Unknown command"
BAD_ARGUMENTS = "501 5.5.4 The command is not formed as it must be"
BAD_BASE64 = "501 5.5.2 Nothing to sign in with can be read from this"
SIGN_IN_CANCELLED = "501 5.7.0 Sign-in cancelled"
NOT_OFFERED = "502 5.5.1 Not offered here"
GREET_FIRST = "503 5.5.1 Greet first"
SENDER_FIRST = "503 5.5.1 MAIL comes first"
RECIPIENT_FIRST = "503 5.5.1 No recipient was accepted"
MAIL_ALREADY_BEGUN = "503 5.5.1 A mail has begun already"
ALREADY_SIGNED_IN = "503 5.5.1 Signed in already"
ALREADY_ENCRYPTED = "503 5.5.1 TLS is on already"
UNKNOWN_MECHANISM = "504 5.5.4 Known mechanisms: PLAIN, LOGIN"
TLS_FIRST = "530 5.7.0 Must issue a STARTTLS command first"
SIGN_IN_FIRST = "530 5.7.0 Authentication required"
SIGN_IN_WRONG = "535 5.7.8 Username or password is wrong"
SIGN_IN_NEEDS_TLS = "538 5.7.11 Encryption required to sign in"
SIGN_IN_LATER = "454 4.7.0 Nobody can be signed in now; try again later"
NOT_OUR_DOMAIN = "550 5.7.1 No mail is taken for this domain"
BAD_ADDRESS = "553 5.1.3 This is no mail address"
BAD_SENDER = "553 5.1.7 This is no mail address"
NEEDS_SMTPUTF8 = "553 5.6.7 An address beyond ASCII needs SMTPUTF8"
UNKNOWN_PARAMETER = "555 5.5.4 Unknown parameter"
TOO_MANY_RECIPIENTS = "452 4.5.3 Too many recipients"
DISK_FULL = "452 4.3.1 The mail cannot be written now; try again later"
NOT_NOW = "451 4.3.0 The mail cannot be kept now; try again later"

SEND_MAIL = "354 End data with <CR><LF>.<CR><LF>"
OK = "250 2.0.0 OK"
SENDER_OK = "250 2.1.0 OK"
RECIPIENT_OK = "250 2.1.5 OK"
CANNOT_VERIFY = "252 2.5.2 Send the mail and see"
HELP = "214 2.0.0 See RFC 5321"
READY_FOR_TLS = "220 2.0.0 Ready to start TLS"
GOODBYE = "221 2.0.0 Bye"
SIGNED_IN = "235 2.7.0 Authentication successful"

_log = get_logger(__name__)


def too_large(bytes_max: int) -> str:
    """For a mail over the limit."""
    return f"552 5.3.4 The mail is larger than {bytes_max} bytes"


def queued(message_id: MessageId) -> str:
    """For a mail that will not be lost any more."""
    return f"250 2.0.0 Ok: queued as {message_id}"


def of_error(error: Exception, bytes_max: int) -> str:
    """For a mail that was not accepted. Its client keeps it and comes again, unless it would be too large then as well."""
    if isinstance(error, MessageTooLarge):
        return too_large(bytes_max)
    if isinstance(error, (TooManyRequests, Unavailable)):
        _log.warning("Mail not accepted for now", reason=error.message)
    else:
        _log.error("Mail not accepted", exc_info=error)
    return NOT_NOW
