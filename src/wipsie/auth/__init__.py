"""Who may do what: principals and rights; accounts, passwords, sessions, tokens and API keys."""
