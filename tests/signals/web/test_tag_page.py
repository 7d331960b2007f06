"""A tag's page and a theme's: every number is said, and leads to exactly the articles that were counted for it."""

import csv
import re
from datetime import UTC, datetime, time, timedelta
from html import unescape

import pytest
from django.utils import timezone

from signals.curation.merging import merge_tags
from signals.curation.ratings import rate_tag
from signals.models import Article, Role, Story, Tagging, TagTrend, Theme, ThemeTrend
from signals.trends.marks import mark_articles
from signals.trends.rollup import roll_up
from signals.trends.series import tag_weeks
from signals.trends.table import open_day, refresh_trends
from signals.trends.themes import refresh_themes
from tests.signals.web.making import make_article, make_source, make_tag, plain

HTMX = {"HX-Request": "true"}


def publish(source, back, tags, *, publisher, state="suggested", story=None, confidence=0.9, relevance=4):
    """An article of `back` days ago."""
    at = datetime.combine(timezone.now().date() - timedelta(days=back), time(10), UTC)
    article = Article.objects.create(
        source=source,
        title=f"News of {publisher} {back}",
        publisher=publisher,
        published_at=at,
        known_at=at,
        sort_at=at,
        story=story,
    )
    for tag in tags:
        Tagging.objects.create(
            article=article,
            tag=tag,
            state=state,
            confidence=confidence,
            estimated_relevancy=relevance,
            known_at=at,
        )
    return article


@pytest.fixture
def tags(db):
    return [make_tag(name) for name in ("Alpha", "Beta", "Gamma")]


@pytest.fixture
def flow(tags):
    """Thirty weeks, four articles a day: Alpha and Beta every other day, in one article for the last 20 days."""
    source = make_source()
    alpha, beta, gamma = tags
    for back in range(210, 0, -1):
        for number in range(4):
            carried = [gamma] if number == 3 and back % 5 == 0 else []
            if number == 0 and (back % 4 == 0 or back <= 20):
                carried = [alpha, beta] if back <= 20 else [alpha]
            state = "confirmed" if back % 3 == 0 else "suggested"
            publish(source, back, carried, publisher=f"p{number}-{back % 7}.example", state=state)
    # The same news twice at one publisher is one mention, of its first day; at another one it is a second.
    story = Story.objects.create()
    publish(source, 9, [], publisher="again.example", story=story)
    publish(source, 1, [alpha], publisher="again.example", story=story)
    publish(source, 2, [alpha], publisher="again.example", story=story, state="confirmed")
    publish(source, 2, [alpha], publisher="other.example", story=story)
    publish(source, 3, [alpha], publisher="unsure.example", confidence=0.2)
    publish(source, 3, [alpha], publisher="passing.example", relevance=2)
    TagTrend.objects.all().delete()
    mark_articles(Article.objects.values_list("pk", flat=True))
    roll_up()


def listed(client, address):
    """How many articles the address lists."""
    html = client.get(unescape(address)).content.decode()
    said = re.search(r"data-count>\s*(\d+) articles?\s*<", html)
    assert said, address
    return int(said[1])


def numbers_with_links(html):
    """Each address with its number; of mentions and their publishers, which share one, that of mentions."""
    told = {}
    for address, said in re.findall(r'<a href="(/articles/\?[^"]*counted=[^"]+)">(\d+)', html):
        told[address] = max(told.get(address, 0), int(said))
    return told


def test_every_number_leads_to_exactly_the_articles_counted_for_it(flow, tags, analyst):
    html = analyst.get(tags[0].get_absolute_url()).content.decode()
    links = numbers_with_links(html)
    assert len(links) > 40
    assert {address: listed(analyst, address) for address in links} == links


def test_the_chart_of_a_tag_is_that_of_the_whole_kind(flow, tags):
    day, known_on = open_day()
    kept = tag_weeks(tags[0], as_of=day, known_on=known_on)
    counted = tag_weeks(tags[0], as_of=day, known_on=day)  # as known on a day nothing is kept
    assert kept == counted
    assert kept[-1].high >= kept[-1].usual > kept[-1].low
    assert sum(week.confirmed for week in kept) > 0 < sum(week.suggested for week in kept)
    assert kept[-1].volume >= 28


def test_tags_laid_over_one_another_are_shares_and_come_as_csv_and_json(flow, tags, analyst):
    alpha, beta, gamma = tags
    address = alpha.get_absolute_url()
    html = analyst.get(f"{address}?with={beta.pk},{gamma.pk},{alpha.pk},9999999&weeks=12").content.decode()
    assert [f"lay--{number}" in html for number in (1, 2, 3, 4)] == [True, True, True, False]
    rows = analyst.get(f"{address[:-1]}.json?with={beta.pk}&weeks=12").json()["weeks"]
    assert [row["id"] for row in rows] == [alpha.pk] * 12 + [beta.pk] * 12
    assert rows[-1]["share_percent"] == pytest.approx(
        100 * rows[-1]["mentions"] / rows[-1]["all_articles"], abs=1e-3
    )
    file = analyst.get(f"{address[:-1]}.csv?with={beta.pk}&weeks=12").content.decode()
    assert [row["mentions"] for row in csv.DictReader(file.splitlines())] == [
        str(row["mentions"]) for row in rows
    ]


def test_a_tag_is_laid_over_by_its_name_without_a_script(flow, tags, analyst):
    alpha, beta, gamma = tags
    address = alpha.get_absolute_url()
    answer = analyst.get(address, {"add": "beta", "with": str(gamma.pk)})
    assert answer["Location"] == f"{address}?with={gamma.pk},{beta.pk}"
    assert "Nothing is called “zzz”" in analyst.get(address, {"add": "zzz"}).content.decode()


def test_tags_that_rise_in_the_same_articles_are_named_with_how_many(flow, tags, analyst):
    TagTrend.objects.filter(tag__in=tags).update(label="surging")
    words = plain(analyst.get(tags[1].get_absolute_url()).content)
    assert re.search(r"Rising in the same articles Technology Alpha 20 of 20 articles in common", words)
    assert "Gamma" not in words


def test_a_piece_of_news_stands_in_the_evidence_once(flow, tags, analyst):
    words = plain(analyst.get(tags[0].get_absolute_url()).content)
    assert words.count("News of again.example") + words.count("News of other.example") == 1
    assert "+3 same news" in words


def test_the_evidence_is_the_same_whichever_way_it_is_found(flow, tags, analyst, monkeypatch):
    sorted_whole = plain(analyst.get(tags[0].get_absolute_url()).content)
    monkeypatch.setattr("signals.web.tag_evidence.SORTED", 0)
    assert plain(analyst.get(tags[0].get_absolute_url()).content) == sorted_whole


def test_the_history_hides_scores_from_who_has_not_scored(flow, tags, analyst, people):
    rate_tag(tag=tags[0], by=people[Role.ADMINISTRATOR], relevancy=4, rationale="Three customers asked")
    rate_tag(tag=tags[0], by=people[Role.ADMINISTRATOR], relevancy=5)
    assert "Scored: Alpha" not in plain(analyst.get(tags[0].get_absolute_url()).content)
    rate_tag(tag=tags[0], by=people[Role.ANALYST], relevancy=4)
    html = analyst.get(tags[0].get_absolute_url()).content.decode()
    assert plain(html).count("Scored: Alpha") == 3
    assert "4 → 5" in plain(html)
    assert "chart--scores" in html


def test_the_page_asks_as_many_queries_however_much_it_tells(
    flow, tags, analyst, people, django_assert_max_num_queries
):
    alpha, beta, gamma = tags
    merge_tags(source=make_tag("Alef"), into=alpha, by=people[Role.ANALYST])
    rate_tag(tag=alpha, by=people[Role.ANALYST], relevancy=4)
    page = alpha.get_absolute_url()
    forms = [page, f"{page}?with={beta.pk},{gamma.pk}&weeks=52"]
    for form in forms:  # while no tag has a trend
        analyst.get(form)
        with django_assert_max_num_queries(15):
            analyst.get(form)
    refresh_trends()
    trendless = make_tag("Delta")
    TagTrend.objects.filter(tag=trendless).delete()
    for form in [*forms, trendless.get_absolute_url()]:
        with django_assert_max_num_queries(15):
            analyst.get(form)


def test_a_theme_counts_an_article_with_several_of_its_tags_once(flow, tags, analyst):
    theme = Theme.objects.create(name="Greek letters", slug="greek-letters")
    theme.tags.set(tags[:2])
    refresh_themes()
    refresh_trends()
    trend = ThemeTrend.objects.get(theme=theme)
    alpha = TagTrend.objects.get(tag=tags[0])
    # Beta is only where Alpha is.
    assert (trend.mentions, trend.confirmed, trend.weeks) == (alpha.mentions, alpha.confirmed, alpha.weeks)
    html = analyst.get("/themes/greek-letters/").content.decode()
    links = numbers_with_links(html)
    assert len(links) > 20
    assert {address: listed(analyst, address) for address in links} == links
    assert f"{trend.mentions} {trend.confirmed} confirmed 2 " in plain(analyst.get("/themes/").content)


def test_a_themes_tables_are_those_of_a_note(tags, analyst):
    theme = Theme.objects.create(name="Greek letters", slug="greek-letters")
    theme.tags.set(tags[:2])
    assert analyst.get("/themes/greek-letters/").status_code == 200
    note = analyst.get("/themes/greek-letters.md").content.decode()
    assert re.findall(r"^## (.*)$", note, re.M) == ["Signals", "Behaviors", "Technologies", "Issues"]
    assert re.search(r"^\| Beta +\| What it is\.", note, re.M)


def test_a_theme_without_a_trend_yet_is_listed_without_a_number(analyst):
    theme = Theme.objects.create(name="Just made", slug="just-made")
    assert "Just made" in analyst.get("/themes/").content.decode()
    assert analyst.get(f"/themes/{theme.slug}/").status_code == 200


def test_themes_that_articles_state_beside_the_catalogue_are_listed_and_lead_to_them(
    analyst, django_assert_max_num_queries
):
    Theme.objects.create(name="Greek letters", name_fr="Lettres grecques", slug="greek-letters")
    source = make_source()
    for stated in (["Slow food", "greek letters"], ["slow food", "Lettres grecques"], ["Once"]):
        make_article(source, themes=stated)
    with django_assert_max_num_queries(15):
        html = analyst.get("/themes/").content.decode()
    assert re.findall(r'class="tag" href="(.*?)">(.*?) <', html) == [
        ("/articles/?theme=Slow%20food", "Slow food")
    ]
    assert listed(analyst, "/articles/?theme=Slow%20food") == 2
