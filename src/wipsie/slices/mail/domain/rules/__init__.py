"""Rules for mails that come: what they are, when they hold, and what they are compared with."""
