"""Where a mail comes from, checked by ourselves: SPF for the client that brought it, DMARC for the author it names.

client ──► SPF ──────────────┐
bytes ───► DKIM (see `mime`) ├─► DMARC: did the author's domain send it?
authors ─► policy from DNS ──┘

All of it is pure: DNS is a function, and every loop over what strangers publish has a bound.
"""
