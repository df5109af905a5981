"""Use cases of rules: to write them, to try one on the archive, and what they do to mails that come."""
