"""The protocol of the WhatsApp Cloud API: webhooks read, messages built, errors judged. Pure: bytes and values in, values out.

signature, verification ──► whether a webhook is Meta's
updates/ ─────────────────► what a webhook says
outgoing/ ────────────────► what we say, within WhatsApp's limits
errors/ ──────────────────► what an error means for the message, the recipient and the number
delivery_status ──────────► what became of a message

Source of all of it: Meta, "WhatsApp Business Platform, Cloud API", Graph API v25.0 to v26.0; what is marked as observed is what
several independent clients have met and Meta does not write.
"""
