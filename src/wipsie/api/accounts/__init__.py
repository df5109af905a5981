"""Accounts over HTTP: logging in and out, passwords, sessions, keys, people, invitations, the audit log, and the page /account."""
