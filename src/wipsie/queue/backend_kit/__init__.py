"""What queue backends have in common, so that none knows another: rules, refusals, batching, waiting, time."""
