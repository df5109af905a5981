"""Typed data of the tasks, and requests and responses of the ``/sqs`` API."""
