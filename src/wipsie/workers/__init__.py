"""Handlers and everything that runs them: worker, leases, retries, breaker, schedules."""
