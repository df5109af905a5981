"""The door for mail servers: SMTP and LMTP, each mail in a file while it comes and answered with 250 once it is kept."""
