from signals.tagging.relevance import Prominence, estimate_relevance


def relevance(**columns):
    columns = {
        "in_title": False, "title_share": 0.0, "mentions": 0, "first": None, "length": 0, "paragraphs": 0,
        "similarity": 0.0,
    } | columns  # fmt: skip
    return estimate_relevance(Prominence(**columns))


def test_the_whole_scale_is_used_from_passing_mention_to_main_subject():
    assert relevance(mentions=1, first=5000, length=6000, paragraphs=1) == 1
    assert relevance(mentions=2, first=3000, length=6000, paragraphs=2) == 2
    assert relevance(mentions=1, first=20, length=400, paragraphs=1) == 2
    assert relevance(mentions=1, first=20, length=400, paragraphs=1, similarity=0.1) == 3
    assert relevance(in_title=True, mentions=1, first=50, length=400, paragraphs=1) == 4
    assert relevance(in_title=True, title_share=0.5, mentions=6, first=50, length=4000, paragraphs=5) == 5


def test_a_headline_alone_that_names_it_is_a_real_part():
    assert relevance(in_title=True) in (3, 4)


def test_a_hook_in_the_title_of_a_long_text_about_something_else_is_marginal():
    assert relevance(in_title=True, length=8000) == 2


def test_more_mentions_never_make_it_less_relevant():
    grades = [relevance(mentions=n, first=100, length=3000, paragraphs=n) for n in range(1, 12)]
    assert grades == sorted(grades)
