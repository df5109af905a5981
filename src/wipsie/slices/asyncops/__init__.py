"""The asyncops slice: status updates, incidents, blockers, decisions and daily summaries of the team."""
