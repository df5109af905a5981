"""Files of people: fetched from Meta, looked at, sealed, read."""
