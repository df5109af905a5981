"""What lies outside the slice."""
