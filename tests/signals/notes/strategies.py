"""Notes as hypothesis makes them: every mark of the format, anywhere."""

import hypothesis.strategies as st

from signals.notes.types import KINDS, ClosestNote, ExtraSection, Layout, NoteRow, SourceNote

HARD = [
    "|", "\\", "\\|", "\n", "\n\n", "<br>", "<br/>", "`", '"', "'", "nan", "NaN", "__", "## Signals", "## ",
    "# ", "[", "](", ")", "__, (from page [", "__, from ([", ".)", "* ", "- ", "1. ", "|---|", ":",
    "Category: x", "type:", "&amp;", "<script>", "__[External link](x)__", "\u202eعربي\u202c", "שלום",
    "\u200f", "\u2028", "\x85", "\x0b", "\r\n", "\r", "\t", " ", "\x00", "\ud800", "é", "🙂", "4.0", ",", "#",
    "(2)", "name", "relevancy",
]  # fmt: skip
texts = st.one_of(
    st.lists(st.sampled_from(HARD), max_size=6).map("".join),
    st.text(max_size=12),
    st.sampled_from(HARD).map(lambda part: part * 3),
)
long_texts = st.builds(lambda part, tail: (part * 10_000)[:10_000] + tail, st.sampled_from(HARD), texts)
maybe = st.one_of(st.none(), texts)
titles = texts.map(lambda text: f"T{text}")
rows = st.builds(
    NoteRow,
    st.sampled_from(KINDS),
    maybe,
    st.one_of(maybe, long_texts),
    maybe,
    maybe,
    maybe,
    st.one_of(st.none(), st.integers(1, 5)),
    maybe,
    st.lists(st.tuples(texts, texts), max_size=2).map(tuple),
)
headings = st.one_of(
    texts, st.sampled_from(["Signals", "Summary", "Closest", "Issues:", "behaviours", "Method"])
)
layouts = st.builds(
    Layout,
    st.sampled_from(["from page", "from"]),
    st.lists(headings, max_size=4).map(tuple),
    st.lists(
        st.tuples(st.sampled_from(KINDS), st.lists(headings, min_size=1, max_size=3).map(tuple)), max_size=2
    ).map(tuple),
)
lists = st.lists(texts, max_size=5).map(tuple)
notes = st.builds(
    SourceNote,
    titles,
    link=maybe,
    page=maybe,
    page_link=maybe,
    keywords=lists,
    themes=lists,
    category=maybe,
    type=maybe,
    other=lists,
    summary=st.one_of(maybe, long_texts),
    rows=st.lists(rows, max_size=4).map(tuple),
    closest=st.lists(st.builds(ClosestNote, texts, texts), max_size=2).map(tuple),
    extra=st.lists(st.builds(ExtraSection, headings, texts), max_size=3).map(tuple),
    layout=st.one_of(st.none(), layouts),
)
