"""How what we say gets to people: in order, no faster than WhatsApp allows, once. Pure: moments and outcomes in, decisions out.

body ──────► what a delivery holds
rates ─────► how fast a number may send, and to one person
window ────► when somebody may be written to
outcomes ──► how a call can end
deciding ──► what comes after a call, and after silence
statuses ──► what a status of WhatsApp changes
pauses ────► how long a number stays silent
"""
