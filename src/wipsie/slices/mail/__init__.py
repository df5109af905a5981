"""Mail: an intake that loses nothing, and an archive of objects that is found again by an index in the database."""
