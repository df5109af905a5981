"""Conversations: an event comes, the rules say what follows, and all of it is one commit."""
