"""HTML becomes the text a reader would see, and hostile HTML costs no more than it is long."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wipsie.slices.mail.domain.mime.html_text import text_of_html
from wipsie.slices.mail.domain.mime.html_tokens import EndTag, StartTag, tokens_of

PAGES = {
    "<p>One</p><p>Two</p>": "One\n\nTwo",
    "one<br>two<br/>three": "one\ntwo\nthree",
    "<div>one</div><div>two</div>": "one\ntwo",
    "<ul><li>one<li>two</ul>after": "- one\n- two\n\nafter",
    "<table><tr><td>a</td><td>b</td></tr><tr><td>c<td>d</table>": "a b\nc d",
    "<h1>Title</h1>text": "Title\n\ntext",
    "a   \n\t b\u00a0c": "a b c",
    "a<b>b</b>c <i> d</i>": "abc d",
    "<pre>a\n  b</pre>": "a\n  b",
    "&lt;b&gt; &amp; &uuml;&#228;&#x20ac;&nbsp;&hellip;": "<b> & üä€ …",
    "&nosuch; &#xd800; &#1; &": "&nosuch; \ufffd &",
    f"&#{'9' * 6_000}; &#x{'0' * 6_000}41;": "\ufffd \ufffd",
    "1 < 2 and 3 > 2": "1 < 2 and 3 > 2",
    "<style>p{}</style><script>if (a<b) '</p>'</script>seen<title>no</title>": "seen",
    "<SCRIPT>x</SCRIPT >seen": "seen",
    "<head><title>T</title><meta charset=x></head><body>seen": "seen",
    "<!-- no --><!doctype html><?xml no?><![if mso]>seen<![endif]-->": "seen",
    "<!-->seen": "seen",
    "seen<!-- never closed": "seen",
    'seen<p title="never closed': "seen",
    'a<p title="never closed>b</p>c': "a\n\nb\n\nc",
    "<p hidden>no</p><p style='color:red;Display : None'>no<b>no</b></p>seen": "seen",
    "<div style=display:none>no<div>no</div>no</div>seen": "seen",
    "<div><span hidden>no</div>seen": "seen",
    "<p hidden>no<p>seen": "seen",
    "<svg><text>no</text></svg><template>no</template>seen": "seen",
    "in\u00advis\u200bible": "invisible",
    '<img src="x" alt="A picture"> <img src=y alt=""><img hidden alt=no>': "A picture",
    '<a href="https://example.org/a?b=1&amp;c=2">here</a>.': "here <https://example.org/a?b=1&c=2>.",
    '<a href="https://www.example.org/">example.org</a>': "example.org",
    "<a href=mailto:ann@example.org>ann@example.org</a>": "ann@example.org",
    "<a href=mailto:ann@example.org>Ann</a>": "Ann <mailto:ann@example.org>",
    "<a href='https://example.org/x'><img src=y></a>": "<https://example.org/x>",
    "<a href='javascript:alert(1)'>a</a> <a href='#x'>b</a> <a href='data:text/html,x'>c</a>": "a b c",
    "<a href=' java\nscript:alert(1)'>a</a> <a href='http://[x'>b</a> <a href='http://a<b>'>c</a>": "a b c",
    "<a href=http://a.b/c>one<a href=http://d.e/f>two": "one <http://a.b/c>two <http://d.e/f>",
    "<a href='http://a.b/'>never closed <p>but told</p>": "never closed\n\nbut told\n\n<http://a.b/>",
    "</p></nothing>x</div>": "x",
    "<p>a</p\n class=x>b": "a\n\nb",
    "<a name=x title='>' data-y=\"'>\">a</a>": "a",
    "<p title=it's>a</p><p title=it's>b</p>": "a\n\nb",
    "<P><Br/>A": "A",
    "": "",
}


@pytest.mark.parametrize(("page", "text"), PAGES.items(), ids=[repr(page)[:60] for page in PAGES])
def test_a_page_is_read_as_it_is_seen(page: str, text: str) -> None:
    assert text_of_html(page) == text


def test_of_a_huge_attribute_only_the_beginning_is_kept() -> None:
    (tag, *_) = tokens_of(f'<img alt="{"x" * 50_000}" src="{"y" * 50_000}">')
    assert isinstance(tag, StartTag)
    assert tag.attributes == {"alt": "x" * 10_000}


@pytest.mark.parametrize(
    "unit",
    [
        "<",
        "<!--",
        "<a ",
        "<a b=",
        "<a b='",
        "<a\t",
        "</",
        "</a ",
        "<![",
        "<?",
        "<!x",
        "<div>",
        "</p>",
        "<b></i>",
        "<a =",
        "<a/",
    ],
)
def test_a_hostile_page_has_no_more_tokens_than_characters_and_no_more_text(unit: str) -> None:
    page = unit * 20_000
    text_length = tags = 0
    for token in tokens_of(page):
        if isinstance(token, str):
            text_length += len(token)
        else:
            tags += 1
    assert text_length + 2 * tags <= len(page)


@pytest.mark.parametrize(
    "unit", ["<!--x", "<a href='x", '<a href="x', "<script>", "</x", "<!x", "<a b='\"", "<textarea>"]
)
def test_what_nothing_closes_is_looked_for_once(unit: str) -> None:
    """A text that counts how much of it is searched through."""
    page = _Counted(unit * 2_000)
    for _ in tokens_of(page):
        pass
    assert page.searched <= 3 * len(page)


class _Counted(str):
    __slots__ = ("searched",)

    def __init__(self, text: str) -> None:
        super().__init__()
        self.searched = 0

    def find(self, sub: str, start: int | None = None, end: int | None = None, /) -> int:  # type: ignore[override] - see str
        found = super().find(sub, start, end)
        self.searched += (len(self) if found < 0 else found) - (start or 0)
        return found


@given(st.text(st.sampled_from("<>/!-?='\" abpr&#;x\n"), max_size=200))
def test_any_text_is_a_page(page: str) -> None:
    text = text_of_html(page)
    assert text == text_of_html(page)
    assert len(text) <= 3 * len(page) + 2


@given(st.text(st.characters(exclude_characters="<&", exclude_categories=["Cs", "Cc", "Z", "Cf", "Mn"])))
def test_words_without_markup_stay_as_they_are(text: str) -> None:
    assert text_of_html(text) == text
    assert text_of_html(f"<p>{text}</p>") == text


def test_names_are_told_in_small_letters() -> None:
    assert list(tokens_of("<DIV HIDDEN>x</Div>")) == [StartTag("div", {"hidden": ""}), "x", EndTag("div")]
