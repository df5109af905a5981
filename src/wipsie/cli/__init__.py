"""`wipsie …`: commands for people and scripts. Heavy libraries are imported inside the commands that need them."""
