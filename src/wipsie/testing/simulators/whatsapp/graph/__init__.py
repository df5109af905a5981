"""The Graph side: what the application asks for, checked and answered in Meta's forms. Without HTTP."""
