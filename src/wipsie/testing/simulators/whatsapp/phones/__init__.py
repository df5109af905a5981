"""The users' side: phones with a number or without, what they show, and what people do with them."""
