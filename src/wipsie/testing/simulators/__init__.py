"""Stand-ins for outside services: real servers on loopback that can be told to misbehave."""
