"""What mail speaks to outside: DNS, Systems Manager, buckets of others."""
