"""What a transaction is made of: one module per verb, each running all waiting calls of its kind at once."""
