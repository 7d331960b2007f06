"""Finding articles and tags by what people type: words, phrases, beginnings, other spellings."""

import re
from datetime import timedelta
from html import unescape

import pytest
from django.utils import timezone

from signals.curation.catalogue import add_alias, create_tag
from signals.models import Article, TagTrend
from signals.search.articles import FEW, find
from signals.search.query import opened, parse
from signals.search.tags import find_tags
from tests.signals.web.making import make_article, make_source


@pytest.fixture
def source(db):
    return make_source()


def found(words: str) -> list[str]:
    _choices, result = find(words, Article.objects.all())
    titles = Article.objects.in_bulk(result.listed)
    return [titles[pk].title for pk in result.listed]


def tags(words: str) -> list[str]:
    return [found.tag.name for found in find_tags(parse(words))]


def test_a_word_in_the_title_comes_before_many_in_the_text_however_new(source):
    old = timezone.now() - timedelta(days=700)
    make_article(source, title="A quiet day", text="Chips, chips and chips. " * 30)
    make_article(source, title="Chips get dearer", text="Nobody knows why.", known_at=old, sort_at=old)
    make_article(source, title="Weather", text="Rain.")
    assert found("chip") == ["Chips get dearer", "A quiet day"]


def test_among_equals_the_newer_comes_first(source):
    for days in (400, 1, 90):
        when = timezone.now() - timedelta(days=days)
        make_article(source, title=f"Robots, {days} days ago", text="", known_at=when, sort_at=when)
    assert found("robots") == ["Robots, 1 days ago", "Robots, 90 days ago", "Robots, 400 days ago"]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("transformers", {"Training a transformer"}),
        ("TRAINED", {"Training a transformer"}),
        ('"language models"', {"On language models"}),
        ("“language models”", {"On language models"}),
        ('"models language"', set()),
        ("models language", {"On language models"}),
        ("transf*", {"Training a transformer"}),
        ("transformations*", {"Training a transformer"}),
        ("transe*", set()),
        ("universit*", {"The university decides"}),
        ("univ*", {"The university decides"}),
        ("language -models", {"A language nobody speaks"}),
        ('language -"language models"', {"A language nobody speaks"}),
        ("university or transformer", {"The university decides", "Training a transformer"}),
        ("entreprise", {"Les entreprises hésitent"}),
        ("hesitait", {"Les entreprises hésitent"}),
        ("hésitations", {"Les entreprises hésitent"}),
        ("les entreprises", {"Les entreprises hésitent"}),
        ("decideur", {"Ce que décideur veut dire"}),
        ("l’entreprise", {"Les entreprises hésitent"}),
        ("gpt-4", {"Using GPT-4"}),
    ],
)
def test_words_are_found_in_every_form_and_spelling(source, words, expected):
    for title, text, language in [
        ("Training a transformer", "It was trained twice.", "en"),
        ("On language models", "They speak.", "en"),
        ("A language nobody speaks", "Lost.", "en"),
        ("The university decides", "Students wait.", "en"),
        ("Les entreprises hésitent", "Une hésitation de l'entreprise.", "fr"),
        ("Ce que décideur veut dire", "Rien.", "fr-CA"),
        ("Using GPT-4", "A review.", "en"),
    ]:
        make_article(source, title=title, text=text, language=language)
    assert set(found(words)) == expected


def test_the_last_word_is_taken_for_a_beginning_only_where_few_have_it(source):
    make_article(source, title="Artificial minds", text="")
    make_article(source, title="The art of asking", text="")
    _choices, result = find("art", Article.objects.all())
    assert found("art") == ["The art of asking", "Artificial minds"]
    assert result.opened == "art"
    for number in range(FEW):
        make_article(source, title=f"Art, part {number}", text="")
    assert "Artificial minds" not in found("art")


@pytest.mark.parametrize(
    "words",
    ['"', "'", "' OR 1=1 --", "\\", "\\'", "a\\:*b", "()", "( & | !", "<->", "-", "-art", "*", "**", "a*", '-"', "or",
     "or or", "\x00", "\x00art", "é" * 300, "%_%", "<script>", "a & !b | c:*", ":*", "🙂", "-- -", "x " * 100],
)  # fmt: skip
def test_no_writing_is_an_error(analyst, source, words):
    make_article(source, title="The art of asking", text="")
    answer = analyst.get("/search/", {"q": words})
    assert answer.status_code == 200
    assert analyst.get("/articles/", {"q": words}).status_code == 200


def test_being_told_only_what_to_leave_out_finds_nothing(source):
    make_article(source, title="The art of asking", text="")
    assert parse("-art") == ()
    assert found("-asking") == []


def test_a_query_is_taken_apart_and_opened():
    (choice,) = parse('chips "made in france" -"not here" -no trans* ')
    assert [term.words for term in choice.wanted] == ["chips", "made in france", "trans"]
    assert [(term.is_phrase, term.is_beginning) for term in choice.wanted] == [
        (False, False),
        (True, False),
        (False, True),
    ]
    assert [term.words for term in choice.unwanted] == ["not here", "no"]
    assert opened(parse("new chi"))[0].wanted[-1].is_beginning
    assert opened(parse('"new chi"')) == parse('"new chi"')
    assert len(parse("a or b")) == 2


def test_what_was_found_is_marked_in_the_article_s_language_and_everything_else_escaped(analyst, source):
    make_article(
        source,
        title="Les modèles <b>écrits</b>",
        text="Un modèle <script>alert(1)</script> & \ue000des modèles\ue001 ouverts.",
        language="fr",
    )
    html = analyst.get("/search/", {"q": "modele"}).content.decode()
    assert "<script>alert" not in html
    assert "Les <mark>modèles</mark> &lt;b&gt;écrits" in html
    assert "Un <mark>modèle</mark>" in html
    assert "\ue000" not in html


def test_tags_are_found_by_name_alias_description_in_both_languages_and_misspelled(db):
    quantum = create_tag(kind="technology", name="Quantum computing", name_fr="Informatique quantique",
                         description="Machines that compute with superposed states.")  # fmt: skip
    add_alias(tag=quantum, name="qubits")
    create_tag(kind="technology", name="Language models", description="They speak, unlike quantum dots.")
    assert tags("quantum") == ["Quantum computing", "Language models"]
    assert tags("quan") == ["Quantum computing", "Language models"]
    assert tags("qubit") == ["Quantum computing"]
    assert find_tags(parse("qubits"))[0].other_name == "qubits"
    assert tags("informatique QUANTIQUE") == ["Quantum computing"]
    assert tags("superposed state") == ["Quantum computing"]
    assert tags("qantum compting") == ["Quantum computing"]
    assert tags("langage modles") == ["Language models"]
    assert tags("100%_") == []


def test_a_merged_tag_is_not_found(db):
    kept = create_tag(kind="issue", name="Bias")
    gone = create_tag(kind="issue", name="Prejudice")
    gone.merged_into = kept
    gone.save()
    assert "Prejudice" not in tags("prejudice")


def test_the_page_lists_tags_before_articles_and_filters_narrow_the_articles(analyst, source):
    create_tag(kind="technology", name="Robots")
    make_article(source, title="Robots at work", language="en")
    make_article(source, title="Robots au travail", language="fr")
    html = unescape(analyst.get("/search/?q=robots").content.decode())
    assert html.index('class="found"') < html.index("at work")
    assert "au travail" in html
    narrowed = unescape(analyst.get("/search/?q=robots&language=fr").content.decode())
    assert "au travail" in narrowed
    assert "at work" not in narrowed
    assert re.search(r'href="\?q=robots"', narrowed), "a chip lets the filter go"


def test_more_than_can_be_listed_is_said_so(analyst, source, monkeypatch):
    monkeypatch.setattr("signals.search.articles.REACHED", 3)
    for number in range(5):
        make_article(source, title=f"Robots {number}", text="")
    html = analyst.get("/search/?q=robots").content.decode()
    assert "more than 3 articles" in html
    assert html.count("<li data-row>") == 3


def test_what_filters_narrow_is_looked_through_less_far_and_that_is_said(analyst, source, monkeypatch):
    monkeypatch.setattr("signals.web.views.articles.REACHED_NARROWED", 2)
    for number in range(4):
        make_article(source, title=f"Robots {number}", text="", language="en" if number else "fr")
    wide = analyst.get("/search/?q=robots").content.decode()
    assert "more than" not in wide
    assert "Counted among" not in wide
    narrowed = analyst.get("/search/?q=robots&language=en").content.decode()
    assert "more than 2 articles" in narrowed
    assert "Counted among the newest 2." in narrowed
    assert 'href="?q=robots&amp;language=fr"' in narrowed


def test_a_search_asks_few_questions_however_much_is_found(analyst, source, django_assert_max_num_queries):
    for number in range(5):
        tag = create_tag(kind="technology", name=f"Solar {number}")
        TagTrend.objects.create(tag=tag, as_of=timezone.now(), label="surging", times=2.0, mentions=3)
        make_article(source, [tag], title=f"Solar news {number}")
    analyst.get("/search/?q=sol")
    with django_assert_max_num_queries(15):
        html = analyst.get("/search/?q=sol").content.decode()
    assert html.count("Surging") == 5


def test_the_field_is_in_the_header_of_every_page_and_a_key_leads_there(analyst):
    html = analyst.get("/models/").content.decode()
    form = re.search(r'<form class="bar__search" action="/search/".*?</form>', html, re.S)
    assert form
    assert 'data-key="/"' in form[0]
