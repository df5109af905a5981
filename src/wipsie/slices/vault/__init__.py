"""The report vault: medical reports that come over WhatsApp, kept sealed, found again."""
