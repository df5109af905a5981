"""Engine, unit of work, outbox table and migrator over SQLite and PostgreSQL."""
