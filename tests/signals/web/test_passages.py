"""Marked text: nothing is lost, nothing gets through unescaped."""

import html
import re

from hypothesis import given
from hypothesis import strategies as st

from signals.web.passages import marked_text, merge_spans

TEXTS = st.text(st.sampled_from("ab<>&\"' \n\r\u2028é€😀\u202e/p"), max_size=60)
SPANS = st.lists(st.tuples(st.integers(-5, 70), st.integers(-5, 70)), max_size=6)


@given(TEXTS, SPANS)
def test_the_words_survive_and_no_markup_of_theirs_does(text, spans):
    shown = str(marked_text(text, spans))
    assert set(re.findall(r"<[^>]*>", shown)) <= {"<p>", "</p>", "<mark>", "</mark>"}
    words = html.unescape(re.sub(r"</?(?:p|mark)>", "", shown))
    assert "".join(words.split()) == "".join(text.split())


@given(TEXTS, SPANS)
def test_tags_nest(text, spans):
    for paragraph in re.findall(r"<p>(.*?)</p>", str(marked_text(text, spans)), re.DOTALL):
        assert re.fullmatch(r"(?:[^<]|<mark>[^<]*</mark>)*", paragraph)


@given(st.text("ab ", min_size=1, max_size=40), SPANS)
def test_exactly_the_given_passages_are_marked(text, spans):
    marked = [False] * len(text)
    for start, end in spans:
        for at in range(max(start, 0), min(end, len(text))):
            marked[at] = True
    found = [False] * len(text)
    for start, end in merge_spans(spans, len(text)):
        found[start:end] = [True] * (end - start)
    assert found == marked
