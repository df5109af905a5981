"""What the storm of the vault is made of: people with phones, a worker that dies again and again, and the books afterwards."""
