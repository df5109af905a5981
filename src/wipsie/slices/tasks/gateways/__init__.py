"""Outside services of the tasks slice: HTTP sources and webhooks, SMTP, the local mailbox."""
