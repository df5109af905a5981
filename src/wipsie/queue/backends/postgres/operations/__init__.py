"""What the backend does with messages and queues, one module for each kind of verb."""
