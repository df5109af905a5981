"""Which addresses are those of Amazon SNS."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from wipsie.slices.mail.doors.webhooks.refusals import NotGenuine
from wipsie.slices.mail.doors.webhooks.sns_web import SnsWeb, is_sns
from wipsie.testing.clock import FakeClock

PEM = "SimpleNotificationService-0123456789abcdef0123456789abcdef.pem"


@pytest.mark.parametrize(
    "host",
    [
        "sns.us-east-1.amazonaws.com",
        "sns.us-gov-west-1.amazonaws.com",
        "sns.cn-north-1.amazonaws.com.cn",
        "sns.ap-southeast-10.amazonaws.com",
    ],
)
def test_the_hosts_of_sns_are_known(host: str) -> None:
    assert is_sns(urlsplit(f"https://{host}/{PEM}"))


@pytest.mark.parametrize(
    "url",
    [
        f"http://sns.us-east-1.amazonaws.com/{PEM}",
        f"https://sns.us-east-1.amazonaws.com:8443/{PEM}",
        f"https://sns.us-east-1.amazonaws.com:443/{PEM}",
        f"https://sns.us-east-1.amazonaws.com.example.org/{PEM}",
        f"https://example.org/sns.us-east-1.amazonaws.com/{PEM}",
        f"https://sns.us-east-1.amazonaws.com@example.org/{PEM}",
        f"https://user:secret@sns.us-east-1.amazonaws.com/{PEM}",
        f"https://example.org\\@sns.us-east-1.amazonaws.com/{PEM}",
        f"https://sns.us-east-1.amazonaws.com\n.example.org/{PEM}",
        f"https://sns.us-east-1.amazonaws.com\t/{PEM}",
        f"https://sns.bucket.s3.amazonaws.com/{PEM}",
        f"https://bucket.sns.us-east-1.amazonaws.com/{PEM}",
        f"https://snsXus-east-1.amazonaws.com/{PEM}",
        f"https://sns.us-east-1.amazonaws.com/../{PEM}",
        f"https://sns.us-east-1.amazonaws.com/{PEM}#x",
        f"https://sns.us-east-1.amazonaws.com/{PEM}?Action=x",
        f"https://sns.us-east-1.amazonaws.com//{PEM}",
        f"https://\u017fns.us-east-1.amazonaws.com/{PEM}",
        "https://[sns.us-east-1.amazonaws.com/",
        "https://sns.us-east-1.amazonaws.com/" + "x" * 3_000,
        "",
    ],
    ids=range(21),
)
async def test_other_addresses_are_not_fetched_from(url: str) -> None:
    with pytest.raises(NotGenuine):
        await SnsWeb(FakeClock()).signing_key(url)
