"""What the simulator does as the Cloud API does, what it does more simply, and what it does not do at all.

`evidence` says how well the real behaviour is known: D documented by Meta, O observed by several independent clients,
U unspecified, where this is one way it may be.
"""

from __future__ import annotations

from typing import Literal

import msgspec

Degree = Literal["faithful", "simplified", "absent"]
EVIDENCE = {"D": "documented by Meta", "O": "observed by several clients", "U": "not specified"}
Evidence = Literal["D", "O", "U"]


class Line(msgspec.Struct, frozen=True):
    """One behaviour."""

    area: str
    behaviour: str
    degree: Degree
    evidence: Evidence
    note: str = ""


REGISTER: tuple[Line, ...] = (
    # Webhooks: how they come.
    Line(
        "webhook",
        "The callback is verified with mode, token and challenge before anything is delivered",
        "faithful",
        "D",
    ),
    Line("webhook", "The signature is HMAC-SHA256 with the app secret over the exact bytes", "faithful", "D"),
    Line("webhook", "Bodies are ASCII with lower-case escapes; / and @ are escaped", "faithful", "O"),
    Line("webhook", "Anything but 200, or no answer in time, is tried again for up to 7 days", "faithful", "D"),
    Line(
        "webhook",
        "Gaps between the attempts",
        "simplified",
        "U",
        "At once, 5 s, 30 s, 2 min … 12 h; Meta publishes none.",
    ),
    Line("webhook", "How long a receiver may take", "simplified", "U", "10 s of real time unless set."),
    Line(
        "webhook",
        "Up to 1,000 updates and 3 MB in a body, over entries, changes and values",
        "faithful",
        "D",
        "By the fault batch; else one update each.",
    ),
    Line("webhook", "Duplicates, and near-simultaneous duplicates, bytes the same", "faithful", "O", "By fault."),
    Line(
        "webhook",
        "Order is not guaranteed",
        "simplified",
        "D",
        "First attempts keep the order of each user and message, so that tests repeat; retries and the faults reorder, latency and late_status break it.",
    ),
    Line(
        "webhook",
        "Wrong, missing and short signatures",
        "faithful",
        "U",
        "By fault: nobody at Meta sends them, others may.",
    ),
    Line("webhook", "Connections that break before or after the body", "faithful", "O", "By fault."),
    Line("webhook", "Client certificates (mTLS)", "absent", "D"),
    Line("webhook", "Fields other than messages (account updates, templates, calls)", "absent", "D"),
    # Messages of users.
    Line("incoming", "Text, document, image, video, audio, voice note, sticker, location, contacts", "faithful", "D"),
    Line(
        "incoming",
        "Taps on buttons, list rows and quick replies of templates, with the context they belong to",
        "faithful",
        "D",
    ),
    Line("incoming", "Reactions; a removal has no emoji", "faithful", "D"),
    Line("incoming", "Quoted, forwarded and frequently forwarded messages", "faithful", "D"),
    Line("incoming", "Orders", "simplified", "D", "The usual fields only."),
    Line("incoming", "Referrals of advertisements, welcome requests, answers to flows", "absent", "D"),
    Line("incoming", "Unsupported kinds with error 131051, with and without a type", "faithful", "O"),
    Line(
        "incoming",
        "A file above 100 MB arrives as error 131052",
        "simplified",
        "U",
        "As a message of type unsupported.",
    ),
    Line("incoming", "Edits and revocations", "faithful", "O"),
    Line(
        "incoming", "Photos chosen together come one by one, with nothing that ties them, one caption", "faithful", "O"
    ),
    Line("incoming", "Photos are recompressed on the way", "absent", "O", "The bytes stay as they were."),
    Line("incoming", "Groups, calls, payments, communities", "absent", "D"),
    # Who users are.
    Line("identity", "The user id is always there; the number only where it is shareable", "faithful", "D"),
    Line("identity", "A number stays known for 30 days after an exchange, or by the contact book", "faithful", "D"),
    Line(
        "identity", "A change of number makes a new user id; both changes are told as system messages", "faithful", "D"
    ),
    Line("identity", "The older form of a change of number", "faithful", "O"),
    Line("identity", "A number is asked for and shared", "faithful", "D"),
    Line("identity", "Parent user ids", "absent", "D"),
    Line("identity", "Numbers of Brazil, Mexico and Argentina that differ from what is dialled", "absent", "O"),
    Line(
        "identity",
        "A missing + is read as the country of the business number",
        "absent",
        "D",
        "Digits count as they are.",
    ),
    # Statuses.
    Line(
        "status", "sent, delivered, read, failed, played; delivered is left out when the chat is open", "faithful", "D"
    ),
    Line("status", "No read without read receipts", "faithful", "D"),
    Line("status", "Nothing at all when a phone stays off for 30 days", "faithful", "D"),
    Line("status", "Which ids and names a status carries, by how the message was addressed", "faithful", "D"),
    Line("status", "Of a reaction only sent is told", "faithful", "D"),
    Line(
        "status",
        "A failed status has no contacts",
        "faithful",
        "O",
        "Clients exist that count on contacts: Behaviour(failed_contacts='number') has the number alone.",
    ),
    Line(
        "status",
        "Pricing comes with sent; 1,000 free service messages a month since October 2026",
        "simplified",
        "D",
        "Counted when accepted, not when delivered.",
    ),
    Line(
        "status",
        "A status before the answer to the call that sent the message",
        "faithful",
        "U",
        "By the fault slow or lost_answer.",
    ),
    # Sending.
    Line("sending", "Text, media by id, reactions, location, contacts, read receipts with typing", "faithful", "D"),
    Line(
        "sending",
        "Buttons and lists with all their limits",
        "faithful",
        "D",
        "Characters are code points; Meta does not say what it counts.",
    ),
    Line("sending", "Buttons with a link, requests for a place or the number", "faithful", "D"),
    Line("sending", "Flows, catalogues, products, carousels, calls", "absent", "D", "Refused with 131009."),
    Line(
        "sending",
        "Media by link are fetched and kept for 10 minutes",
        "simplified",
        "D",
        "From this machine only; other links are shown, not fetched.",
    ),
    Line(
        "sending",
        "Templates: parameters by number and name, quick replies, paused and disabled ones",
        "simplified",
        "D",
        "Added here, not through the management interface.",
    ),
    Line("sending", "to wins over recipient; an answer is acceptance", "faithful", "D"),
    Line("sending", "Callback data of up to 512 characters comes back in statuses", "faithful", "D"),
    Line("sending", "A quoted id that is unknown", "simplified", "U", "Accepted; the phone shows no quote."),
    Line("sending", "Marketing messages API, groups, pinning", "absent", "D"),
    # Media.
    Line("media", "Ids of users' files live 7 days, of uploads 30 days; addresses 5 minutes", "faithful", "D"),
    Line("media", "The byte address wants the token, and a User-Agent", "faithful", "O"),
    Line(
        "media",
        "Hashes: base64 in webhooks, hex or base64 when looked up; sizes as text or number",
        "faithful",
        "O",
        "Behaviour(lookup_sha256=…, file_size=…).",
    ),
    Line("media", "An unknown, ended or foreign id is error 100 with subcode 33", "faithful", "O"),
    Line(
        "media", "Types and sizes of uploads; bytes that are not their type", "faithful", "D", "By their first bytes."
    ),
    Line("media", "Repeated failing look-ups are punished", "absent", "O", "Some providers do; add the fault error."),
    # Limits.
    Line(
        "limits",
        "24-hour window by the clock, started by every message of the user",
        "faithful",
        "D",
        "Refused as a failed status, or at once: Behaviour(window_error=…).",
    ),
    Line("limits", "80 messages a second, in and out together", "faithful", "D"),
    Line(
        "limits",
        "One message per 6 s to a user, bursts of 45 paid back",
        "faithful",
        "D",
        "As a bucket; how Meta counts is not told.",
    ),
    Line(
        "limits",
        "X-Business-Use-Case-Usage and Retry-After",
        "simplified",
        "D",
        "The share of the throughput; real figures mean more.",
    ),
    Line("limits", "Messaging limit of unique users outside of the window", "absent", "D"),
    Line("limits", "Calls per hour (4, 80007)", "absent", "D", "By the fault error."),
    # Errors.
    Line("errors", "Form, codes and subcodes; 190 with 463 for a token that ended", "faithful", "D"),
    Line(
        "errors",
        "Wording of details, HTTP status per code",
        "simplified",
        "U",
        "They vary over time; decide by the code.",
    ),
    Line("errors", "Every code on demand: at once, or as failed after acceptance", "faithful", "D", "By fault."),
    # The page.
    Line(
        "phone",
        "Two ticks when the webhook was acknowledged, blue when the business marked it read",
        "simplified",
        "U",
        "The real second tick does not wait for the webhook.",
    ),
    Line("phone", "Typing ends after 25 s or with the next message", "faithful", "D"),
    Line("phone", "Old buttons stay tappable", "faithful", "O", "As long as the phone shows the message."),
)


def as_markdown() -> str:
    """The register as a table, for the documentation."""
    lines = ["| area | behaviour | here | evidence |", "|---|---|---|---|"]
    lines += [
        f"| {line.area} | {line.behaviour}{f' ({line.note})' if line.note else ''} | {line.degree} | {line.evidence} |"
        for line in REGISTER
    ]
    return "\n".join(lines) + "\n"
