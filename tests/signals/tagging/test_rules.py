import pytest

from signals.tagging.candidates import read_article
from signals.tagging.matcher import Matcher, Scope
from signals.tagging.profiles import Profile
from signals.tagging.words import split_words, unglue

RULE = "sue|lawsuit*|plainte + author*|record label|auteur* + <ai> - chess club"


def met(rule, title, text=""):
    reading = read_article(Matcher([Profile(1, "issue", ("Unsaid",), (rule, "a plain cue"))]), title, text)
    return [
        (match.name.scope, [words.text[start:end] for start, end in match.parts])
        for candidate in reading.candidates.values()
        for words, matches in ((reading.title, candidate.ruled_title), (reading.text, candidate.ruled_text))
        for match in matches
    ]


@pytest.mark.parametrize(
    ("title", "words"),
    [
        ("Authors sue OpenAI", ["Authors", "sue", "OpenAI"]),
        ("A chatbot, two record labels and three lawsuits", ["chatbot", "record labels", "lawsuits"]),
        ("Des auteurs portent plainte contre une société d’IA", ["auteurs", "plainte", "IA"]),
    ],
)
def test_words_of_all_groups_in_any_order_and_number_are_a_match(title, words):
    assert met(RULE, title) == [(Scope.SENTENCE, words)]


@pytest.mark.parametrize(
    "title", ["Authors praise OpenAI", "Authors sue a baker", "Authors sue the AI of their chess club"]
)
def test_a_missing_group_or_an_unwanted_one_is_no_match(title):
    assert met(RULE, title) == []


def test_words_in_different_sentences_match_only_with_the_title_and_less_surely():
    assert met(RULE, "", "Authors met. They sue. It was AI.") == [(Scope.OPENING, ["Authors"])]
    assert met(RULE, "AI goes to court", "Authors sue.") == [(Scope.OPENING, ["Authors"])]
    assert met(RULE, "AI goes to court", "x " * 300 + ". Authors sue.") == []


def test_headlines_of_a_digest_do_not_lend_each_other_words_but_share_their_subject():
    assert met(RULE, "The Digest: Authors Meet In Rome, Bakers Sue A Mill, New AI Chips Are Sold") == []
    assert met(RULE, "The Digest: Authors Sue A Laboratory, Robots Fold Shirts, Chips Are Sold") != []


def test_words_that_run_together_in_scraped_titles_are_told_apart_unless_known():
    words = unglue(
        split_words("InterpretabilityOct 29, 2025Signs in modelsCan DeepSeek GPT4All"), {"deepseek"}
    )
    assert words.raw == [
        "Interpretability",
        "Oct",
        "29",
        "2025",
        "Signs",
        "in",
        "models",
        "Can",
        "DeepSeek",
        "GPT4All",
    ]
    assert [words.text[start:end] for start, end in zip(words.starts, words.ends, strict=True)] == words.raw
