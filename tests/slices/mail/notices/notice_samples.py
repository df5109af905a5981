"""Notices as Amazon's services document them, with sample data of our own."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote_plus

TOPIC = "arn:aws:sns:eu-west-1:123456789012:inbound-mail"
MAIL = (
    b"From: Ann Example <ann@example.org>\r\nTo: intake@ses.example.net\r\nSubject: Offer 4711\r\n"
    b"Message-ID: <4711@example.org>\r\nDate: Sat, 4 Oct 2025 15:59:57 +0200\r\n"
    b"Content-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: 8bit\r\n\r\nGr\xfc\xdfe\r\n"
)
IN_THE_NOTICE = {"type": "SNS", "topicArn": TOPIC, "encoding": "BASE64"}


def mail(subject: str) -> bytes:
    """A mail like no other."""
    return MAIL.replace(b"Offer 4711", subject.encode()).replace(b"<4711@", f"<{subject.replace(' ', '-')}@".encode())


def in_bucket(key: str, bucket: str = "inbox") -> dict[str, Any]:
    """The action of a rule that stores mails."""
    return {"type": "S3", "topicArn": TOPIC, "bucketName": bucket, "objectKeyPrefix": "", "objectKey": key}


def record(key: str, bucket: str = "inbox", *, name: str = "ObjectCreated:Put", size: Any = 318) -> dict[str, Any]:
    """One record of an event of S3; the key as it is, and encoded there."""
    return {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": "eu-west-1",
        "eventTime": "2025-10-04T13:59:58.000Z",
        "eventName": name,
        "userIdentity": {"principalId": "AWS:AIDAEXAMPLE"},
        "requestParameters": {"sourceIPAddress": "192.0.2.7"},
        "responseElements": {"x-amz-request-id": "C3D13FE58DE4C810", "x-amz-id-2": "EXAMPLE"},
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": "mails",
            "bucket": {"name": bucket, "ownerIdentity": {"principalId": "A3EXAMPLE"}, "arn": f"arn:aws:s3:::{bucket}"},
            "object": {
                "key": quote_plus(key, safe="/"),
                "size": size,
                "eTag": "d41d8cd98f00b204e9800998ecf8427e",
                "sequencer": "0055AED6DCD90281E5",
            },
        },
    }


def s3_event(*records: Any) -> str:
    return json.dumps({"Records": records})


def s3_test() -> str:
    """What S3 sends when somebody lets a bucket notify a queue."""
    return json.dumps(
        {
            "Service": "Amazon S3",
            "Event": "s3:TestEvent",
            "Time": "2025-10-04T13:59:58.000Z",
            "Bucket": "inbox",
            "RequestId": "5582815E1AEA5ADF",
            "HostId": "EXAMPLE",
        }
    )


def ses_notice(action: dict[str, Any], **changes: Any) -> str:
    """What SES says of a mail it received."""
    notice: dict[str, Any] = {
        "notificationType": "Received",
        "receipt": {
            "timestamp": "2025-10-04T13:59:58.000Z",
            "processingTimeMillis": 222,
            "recipients": ["intake@ses.example.net"],
            "spamVerdict": {"status": "PASS"},
            "virusVerdict": {"status": "PASS"},
            "spfVerdict": {"status": "PASS"},
            "dkimVerdict": {"status": "GRAY"},
            "dmarcVerdict": {"status": "FAIL"},
            "action": action,
        },
        "mail": {
            "timestamp": "2025-10-04T13:59:58.000Z",
            "source": "bounces@example.org",
            "messageId": "d6iitobk75ur44p8kdnnp7g2n800",
            "destination": ["intake@ses.example.net"],
            "headersTruncated": False,
            "headers": [{"name": "From", "value": "ann@example.org"}],
            "commonHeaders": {"subject": "Offer 4711"},
        },
    }
    return json.dumps({**notice, **changes})


def sns(message: Any, **changes: Any) -> str:
    """A message of SNS, as its subscription puts it on a queue."""
    return json.dumps(
        {
            "Type": "Notification",
            "MessageId": "da41e39f-ea4d-435a-b922-c6aae3915ebe",
            "TopicArn": TOPIC,
            "Subject": "Amazon S3 Notification",
            "Message": message,
            "Timestamp": "2025-10-04T13:59:58.000Z",
            "SignatureVersion": "1",
            "Signature": "EXAMPLE",
            "SigningCertURL": "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0.pem",
            "UnsubscribeURL": "https://sns.eu-west-1.amazonaws.com/?Action=Unsubscribe",
            **changes,
        }
    )
