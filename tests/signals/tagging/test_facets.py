"""What an article is about and what it is, extracted where no note says so."""

from datetime import timedelta

from signals.curation.notes import import_note
from signals.models import Article, Theme
from signals.notes.types import SourceNote
from signals.tagging.facets import FacetText, TagWeight, ThemeNames, extract_facets, theme_key
from signals.tagging.facets_writing import write_facets
from signals.tagging.service import tag_articles
from tests.signals.tagging.conftest import NOW

NO_THEMES = ThemeNames()


def test_keywords_are_names_and_phrases_as_written_with_the_articles_own_tags_first() -> None:
    article = FacetText(
        "Meta Launches Llama 3 With Sparse Routing",
        "Meta has launched Llama 3. The company says sparse routing cuts inference cost; Mark Zuckerberg "
        "called sparse routing a turning point for open weights.",
    )
    tag = TagWeight("Open weights", "technology", (), 0.9, 4)
    absent = TagWeight("Mixture of experts (MoE)", "technology", (), 0.9, 4)
    keywords = extract_facets(article, [tag, absent], NO_THEMES).keywords
    assert keywords[0] == "Open weights"
    assert {"Llama 3", "sparse routing", "Mark Zuckerberg"} <= set(keywords)
    assert not {word for word in keywords if "Launches" in word or "Mixture" in word or word == "Zuckerberg"}


def test_french_keywords_keep_their_accents_and_leave_verbs_out() -> None:
    article = FacetText(
        "La Commission européenne veut encadrer les centres de données",
        "Bruxelles prépare un texte sur les centres de données et leur consommation électrique.",
    )
    keywords = extract_facets(article, [], NO_THEMES).keywords
    assert {"centres de données", "consommation électrique"} <= set(keywords)
    assert not {word for word in keywords if "veut" in word or "encadrer" in word}


def test_themes_come_from_the_tags_and_from_what_several_notes_state() -> None:
    names = ThemeNames.of(
        {"Compute and energy": "Chips, memory, data centers, power and water."},
        {"AI": 3, "artificial intelligence": 4, "Middle management": 2, "Air Canada": 1},
    )
    tags = [TagWeight("Data centers", "issue", ("Compute and energy",), 0.9, 4)]
    article = FacetText("Middle management and AI at Air Canada", "What AI does to it.")
    themes = extract_facets(article, tags, names).themes
    assert themes == ("Compute and energy", "Middle management", "artificial intelligence")
    assert extract_facets(FacetText("Air Canada", "Air Canada. Air Canada."), [], names).themes == ()
    assert theme_key("A.I.") == theme_key("Intelligence  Artificielle") == theme_key("AI")


def test_category_and_type_are_told_by_words_and_address_and_left_empty_when_unsure() -> None:
    def both(title: str, text: str = "", url: str = "") -> tuple[str, str]:
        found = extract_facets(FacetText(title, text, url), [], NO_THEMES)
        return found.category, found.type

    assert both("On routing", "", "https://arxiv.org/abs/2603.01234") == ("science", "research article")
    assert both(
        "Senate votes on chatbot law", "Senators debate the bill.", "https://www.lemonde.fr/politique/a.html"
    ) == ("politics", "news")
    assert both(
        "OpenAI raises funding round at higher valuation", "Investors", "https://x.example/blog/y"
    ) == (
        "business",
        "blog post",
    )
    assert both("Une mise à jour du logiciel Linux", "", "https://docs.x.example/a") == (
        "technology",
        "documentation",
    )
    assert both("A quiet walk", "", "https://unknown.example/walk") == ("", "")
    assert both("Address that is none", "", "http://[") == ("", "")


def test_tagging_fills_in_what_is_missing_and_again_changes_nothing(small_catalogue, article) -> None:
    one = article(
        "Mixture of experts at scale", "A mixture of experts routes each token. Sparse mixture of experts."
    )
    tag_articles([one.pk], now=NOW)
    one.refresh_from_db()
    assert one.is_extracted
    assert "Mixture of experts" in one.keywords
    assert one.themes == [Theme.objects.get().name]
    assert write_facets([one.pk]) == 0


def test_what_a_note_states_stays_and_only_the_rest_is_extracted(small_catalogue) -> None:
    stated = SourceNote(
        title="Language models at work",
        link="https://blog.example/2026/models",
        keywords=("models", "work"),
        themes=("future of work",),
        category="others",
        summary="Large language models change office work, and large language models cost money.",
    )
    report = import_note(note=stated, now=NOW)
    tag_articles([report.article_id], now=NOW)
    article = Article.objects.get(pk=report.article_id)
    assert (article.keywords, article.themes, article.category) == (
        ["models", "work"],
        ["future of work"],
        "others",
    )
    assert (article.note_type, article.is_extracted) == ("blog post", True)
    import_note(
        note=SourceNote(title=stated.title, link=stated.link, type="news", summary=stated.summary),
        now=NOW + timedelta(days=1),
    )
    tag_articles([report.article_id], now=NOW)
    article.refresh_from_db()
    assert article.note_type == "news"
    assert article.keywords != ["models", "work"]
