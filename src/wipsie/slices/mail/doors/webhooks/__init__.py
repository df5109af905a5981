"""Mail that a provider received, handed on as a signed HTTP request: SendGrid, Mailgun, Postmark, and Amazon SES through SNS."""
