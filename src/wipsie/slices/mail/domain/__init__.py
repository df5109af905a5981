"""Pure rules of mail: what a letter is, where it is kept, and what travels through the queue."""
