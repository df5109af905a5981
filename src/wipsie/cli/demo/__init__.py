"""`wipsie demo`: real work through every queue, on a real public data set."""
