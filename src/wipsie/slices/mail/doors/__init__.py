"""The doors mail comes in by."""
