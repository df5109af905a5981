"""What notices of Amazon tell of: mails, other things, and what cannot be followed; whatever somebody writes into them."""

from __future__ import annotations

import base64
import json
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from notice_samples import IN_THE_NOTICE, MAIL, in_bucket, record, s3_event, s3_test, ses_notice, sns

from wipsie.slices.mail.domain.archive_key import name_of
from wipsie.slices.mail.domain.arrival import BucketObject, Envelope, NotAnArrival, incoming_key, raw_key
from wipsie.slices.mail.domain.document import attachment_key
from wipsie.slices.mail.domain.letter import Letter
from wipsie.slices.mail.domain.notices import Noticed, NoticedMail, read_notice

CAME_MS = 1_759_586_400_000
LETTER = Letter(subject="Hello", sender="John doe", timestamp_s=1693561101, content="text")
WITH_CONTENT = ses_notice(IN_THE_NOTICE, content=base64.b64encode(MAIL).decode())


def read(body: str) -> Noticed:
    noticed = read_notice(body, CAME_MS)
    assert noticed is not None
    return noticed


def places(noticed: Noticed) -> list[tuple[str, str, int]]:
    """Bucket, key and position of all its mails."""
    found = [(one.content, one.position) for one in noticed.mails]
    return [(place.bucket, place.key, position) for place, position in found if isinstance(place, BucketObject)]


def the_mail(noticed: Noticed) -> NoticedMail:
    (mail,) = noticed.mails
    assert noticed == Noticed(mails=(mail,))
    return mail


def test_an_event_of_s3_names_the_object_that_was_made() -> None:
    mail = the_mail(read(s3_event(record("in/d6iitobk75"))))
    assert mail.content == BucketObject(bucket="inbox", key="in/d6iitobk75")
    assert mail.envelope == Envelope(door="queue", received_at_ms=CAME_MS, reference="in/d6iitobk75")


@pytest.mark.parametrize("key", ["a b+c%20.eml", "Grüße/😀.eml", "100%", "a=b&c"], ids=repr)
def test_keys_of_an_event_are_decoded(key: str) -> None:
    assert places(read(s3_event(record(key)))) == [("inbox", key, 1)]


@pytest.mark.parametrize("way", ["Put", "Post", "Copy", "CompleteMultipartUpload"])
def test_however_an_object_was_made_it_is_told_of(way: str) -> None:
    assert len(read(s3_event(record("a", name=f"ObjectCreated:{way}"))).mails) == 1


def test_all_records_are_told_of_in_their_order_and_an_object_that_is_there_twice_once() -> None:
    body = s3_event(record("a"), record("b", "other"), record("a"), record("a", "other"))
    assert places(read(body)) == [("inbox", "a", 1), ("other", "b", 2), ("other", "a", 4)]


@pytest.mark.parametrize(
    "name",
    [
        "ObjectRemoved:Delete",
        "ObjectRemoved:DeleteMarkerCreated",
        "ObjectTagging:Put",
        "LifecycleExpiration:Delete",
        "ObjectRestore:Completed",
    ],
)
def test_what_else_happens_to_objects_is_no_mail_and_no_problem(name: str) -> None:
    noticed = read(s3_event(record("gone", name=name), record("made")))
    assert places(noticed) == [("inbox", "made", 2)]
    assert noticed.others == (f"S3: {name}",)
    assert noticed.problems == ()


@pytest.mark.parametrize("size", [0, None])
def test_a_folder_is_no_mail_and_no_problem(size: Any) -> None:
    assert read(s3_event(record("in/", size=size))) == Noticed(others=("S3: a folder",))


def test_what_the_archive_itself_writes_is_no_mail_or_a_bucket_of_both_would_fill_without_end() -> None:
    sha256 = "ab" * 32
    ours = [
        name_of(sender="a", timestamp_s=5, identity="b").key,
        raw_key(sha256),
        attachment_key(sha256),
        incoming_key("2025-10-04", str(UUID(int=1))),
        f"quarantine/2025/10/04/{UUID(int=1)}.txt",
    ]
    keys = [*ours, *(f"some/prefix/{key}" for key in ours)]
    assert read(s3_event(*map(record, keys))) == Noticed(others=("S3: an object of an archive",) * len(keys))
    others = ["emails/d6iitobk75", "mail/raw/d6iitobk75", "emails/2025/10/04/hello.eml"]
    assert [key for _, key, _ in places(read(s3_event(*map(record, others))))] == others


@pytest.mark.parametrize("wrap", [str, sns], ids=["as it is", "by SNS"])
def test_the_test_of_s3_is_no_mail_and_no_problem(wrap: Any) -> None:
    assert read(wrap(s3_test())) == Noticed(others=("S3: a test",))


@pytest.mark.parametrize("wrap", [str, sns], ids=["as it is", "by SNS"])
def test_a_mail_within_a_notice_of_ses_comes_with_its_envelope_and_verdicts(wrap: Any) -> None:
    mail = the_mail(read(wrap(WITH_CONTENT)))
    assert mail.content == MAIL
    assert mail.envelope == Envelope(
        door="ses",
        received_at_ms=CAME_MS,
        sender="bounces@example.org",
        recipients=("intake@ses.example.net",),
        verdicts={"spf": "pass", "dkim": "gray", "dmarc": "fail", "spam": "pass", "virus": "pass"},
        reference="d6iitobk75ur44p8kdnnp7g2n800",
    )


def test_a_mail_within_a_notice_of_ses_may_be_text() -> None:
    text = "From: ann@example.org\r\n\r\nGrüße\r\n"
    notice = ses_notice({"type": "SNS", "encoding": "UTF8"}, content=text)
    assert the_mail(read(notice)).content == text.encode()


@pytest.mark.parametrize("wrap", [str, sns], ids=["as it is", "by SNS"])
def test_a_notice_of_ses_points_at_an_object_whose_key_is_not_encoded(wrap: Any) -> None:
    mail = the_mail(read(wrap(ses_notice(in_bucket("in/a+b%20c")))))
    assert mail.content == BucketObject(bucket="inbox", key="in/a+b%20c")
    assert mail.envelope.door == "ses"


def test_an_event_of_s3_may_come_by_sns() -> None:
    assert places(read(sns(s3_event(record("a"), record("b"))))) == [("inbox", "a", 1), ("inbox", "b", 2)]


@pytest.mark.parametrize(
    "notice",
    [
        json.dumps({"notificationType": "Bounce", "bounce": {}}),
        json.dumps({"notificationType": "AmazonSnsSubscriptionSucceeded", "message": "You have …"}),
        ses_notice({"type": "Lambda"}),
        "Successfully validated SNS topic for Amazon SES event publishing.",
    ],
    ids=["a bounce", "a subscription", "another action", "a topic"],
)
def test_what_else_ses_says_is_no_mail_and_no_problem(notice: str) -> None:
    for body in (notice, sns(notice)):
        noticed = read(body)
        assert (noticed.mails, noticed.problems, len(noticed.others)) == ((), (), 1)


@pytest.mark.parametrize(
    "body",
    [
        json.dumps({**LETTER.document(), "Records": [record("a")], "Type": "Notification"}),
        json.dumps({"data": LETTER.document(), "notificationType": "Received"}),
        json.dumps({"email_raw": {}, "email_envelope": {}, "Records": []}),
        json.dumps({"Event": "s3:Other"}),
        json.dumps({"Type": "Notification"}),
        "{}",
        "[]",
        "",
        "no JSON",
        '{"Records": ',
        "[" * 100_000,
        '{"a": ' * 100_000,
        "\ud800",
    ],
    ids=lambda body: body[:40],
)
def test_what_is_a_letter_or_nothing_known_is_no_notice(body: str) -> None:
    assert read_notice(body, CAME_MS) is None


REFUSED = {
    "records that are a number": json.dumps({"Records": 5}),
    "records that are an object": json.dumps({"Records": {"a": 1}}),
    "records that are null": json.dumps({"Records": None}),
    "no records": s3_event(),
    "101 records": s3_event(*(record(f"{number}") for number in range(101))),
    "1000 records": s3_event(*(record(f"{number}") for number in range(1000))),
    "an object without a key": ses_notice({"type": "S3", "bucketName": "inbox"}),
    "no content": ses_notice({"type": "SNS"}),
    "no base64": ses_notice(IN_THE_NOTICE, content="a"),
    "a receipt of another type": ses_notice(in_bucket("a"), receipt=[]),
    "a mail of another type": ses_notice(in_bucket("a"), mail="a"),
    "a kind of another type": json.dumps({"notificationType": 5}),
    "SNS around a number": sns(5),
    "SNS around an object": sns({"Records": []}),
    "SNS around text": sns("no JSON"),
    "SNS around a letter": sns(json.dumps(LETTER.document())),
    "SNS around SNS": sns(sns(s3_event(record("a")))),
    "SNS of another type": sns(s3_event(record("a")), Type=5),
    "a subscription": sns("x", Type="SubscriptionConfirmation", SubscribeURL="https://sns.example/"),
    "its end": sns("x", Type="UnsubscribeConfirmation"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_notice_of_which_nothing_can_be_told_is_refused(case: str) -> None:
    with pytest.raises(NotAnArrival) as refused:
        read_notice(REFUSED[case], CAME_MS)
    assert len(str(refused.value)) < 300


def test_a_hundred_records_are_as_many_as_are_read() -> None:
    assert len(read(s3_event(*(record(f"{number}") for number in range(100)))).mails) == 100


def changed(path: str, value: Any) -> dict[str, Any]:
    """A record with another value somewhere."""
    made = record("bad")
    place: Any = made
    *parents, last = path.split(".")
    for name in parents:
        place = place[name]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return made


BAD: dict[str, Any] = {
    "a number": 5,
    "null": None,
    "text": "text",
    "a list": [],
    "empty": {},
    "of another source": changed("eventSource", "aws:sqs"),
    "a source of another type": changed("eventSource", 5),
    "without a name": changed("eventName", ...),
    "a name of another type": changed("eventName", ["ObjectCreated:Put"]),
    "a place of another type": changed("s3", "text"),
    "a bucket of another type": changed("s3.bucket", "inbox"),
    "a bucket without a name": changed("s3.bucket.name", None),
    "a bucket with an empty name": changed("s3.bucket.name", ""),
    "an object of another type": changed("s3.object", []),
    "a key of another type": changed("s3.object.key", {}),
    "an empty key": changed("s3.object.key", ""),
    "a key of no UTF-8": changed("s3.object.key", "%ff%fe"),
    "a size of another type": changed("s3.object.size", "318"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_record_that_cannot_be_followed_keeps_no_other_back(case: str) -> None:
    bad = BAD[case]
    noticed = read(s3_event(record("before"), bad, record("after")))
    assert places(noticed) == [("inbox", "before", 1), ("inbox", "after", 3)]
    (problem,) = noticed.problems
    assert problem.startswith("Record 2 ")
    assert len(problem) < 300


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["s3", "object", "key", "x"]), inner, max_size=3)
    ),
    max_leaves=8,
)
NAMES = ["Records", "Event", "notificationType", "Type", "TopicArn", "Message", "receipt", "mail", "content"]


@given(st.dictionaries(st.sampled_from(NAMES), JSON, max_size=9))
def test_whatever_stands_in_a_body_it_is_read_or_refused(members: dict[str, Any]) -> None:
    for body in (json.dumps(members), sns(json.dumps(members)), s3_event(members)):
        try:
            noticed = read_notice(body, CAME_MS)
        except NotAnArrival:
            continue
        assert noticed is None or noticed != Noticed()
