"""The ceiling of any SQS endpoint in Python: it looks at nothing but the action, and answers constant bytes.

`python -m benchmarks.servers.canned_sqs PORT`. What clients send is neither read nor kept, and signatures are not checked.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from benchmarks.load.boto3_orders import BATCH, BODY
from benchmarks.servers.one_process import serve_alone

_MD5 = hashlib.md5(BODY.encode(), usedforsecurity=False).hexdigest()
_MESSAGE_ID = "7f1c9a2e-5b0d-4a57-8c37-0f6f6f4c2b11"
_URL = "http://127.0.0.1/000000000000/orders"


def _message(number: int) -> dict[str, str]:
    return {
        "MessageId": _MESSAGE_ID,
        "ReceiptHandle": f"0198c2f7-93a1-7c05-8f0a-3a57c1de9b{number:02d}",
        "MD5OfBody": _MD5,
        "Body": BODY,
    }


def _sent(number: int) -> dict[str, str]:
    return {"Id": str(number), "MessageId": _MESSAGE_ID, "MD5OfMessageBody": _MD5}


_ANSWERS: dict[bytes, dict[str, Any]] = {
    b"CreateQueue": {"QueueUrl": _URL},
    b"SendMessage": {"MessageId": _MESSAGE_ID, "MD5OfMessageBody": _MD5},
    b"SendMessageBatch": {"Successful": [_sent(number) for number in range(BATCH)]},
    b"ReceiveMessage": {"Messages": [_message(0)]},
    b"DeleteMessage": {},
    b"DeleteMessageBatch": {"Successful": [{"Id": str(number)} for number in range(BATCH)]},
}
_TEN = json.dumps({"Messages": [_message(number) for number in range(BATCH)]}).encode()
_BYTES = {action: json.dumps(answer).encode() for action, answer in _ANSWERS.items()}
_RECEIVE = b"ReceiveMessage"


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Answer every HTTP request with 200."""
    if scope["type"] != "http":
        return
    target = b""
    for name, value in scope["headers"]:
        if name == b"x-amz-target":
            target = value
    body = b""
    while True:
        part = await receive()
        body += part.get("body", b"")
        if not part.get("more_body"):
            break
    action = target.rpartition(b".")[2]
    answer = _TEN if action == _RECEIVE and b'"MaxNumberOfMessages": 10' in body else _BYTES.get(action, b"{}")
    headers = [(b"content-type", b"application/x-amz-json-1.0"), (b"content-length", str(len(answer)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": answer})


if __name__ == "__main__":
    serve_alone(application)
