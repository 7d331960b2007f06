"""Every page: what it costs, what it answers to nonsense, and what htmx gets."""

import csv
import re
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from signals.models import Article, Model, OutboxMail, Role, Source, Tag
from tests.signals.web.making import fill, make_article, make_source, make_tag, plain

LISTS = [
    "/",
    "/tags/",
    "/tags/technology/",
    "/tags.csv",
    "/articles/",
    "/articles/?q=sentence",
    "/inbox/",
    "/inbox/proposals/",
    "/models/",
    "/sources/",
    "/settings/outbox/",
    "/quality/",
    "TAG",
    "ARTICLE",
    "SOURCE",
]


def address(name: str) -> str:
    if name == "TAG":
        return Tag.objects.order_by("pk")[0].get_absolute_url()
    if name == "ARTICLE":
        return f"/articles/{Article.objects.order_by('pk')[0].pk}/"
    return f"/sources/{Source.objects.order_by('pk')[0].pk}/" if name == "SOURCE" else name


def queries(client, url: str) -> int:
    with CaptureQueriesContext(
        connection,
    ) as captured:
        response = client.get(url)
        if response.streaming:
            list(response.streaming_content)
    assert response.status_code == 200, url
    return len(captured)


def test_no_page_asks_more_queries_for_more_rows(administrator, as_role):
    def asked_again(url):
        # The menu's count is kept for seconds: a page right after itself finds it.
        administrator.get(address(url))
        return queries(administrator, address(url))

    fill(3)
    few = {url: asked_again(url) for url in LISTS}
    fill(25)
    many = {url: asked_again(url) for url in LISTS}
    assert {url: (few[url], many[url]) for url in LISTS if many[url] > few[url]} == {}
    assert max(many.values()) <= 20, many


NONSENSE = [
    "page=abc",
    "page=-1",
    "page=99999999999999999999999",
    "sort=;drop table",
    "sort=--name",
    "relevance=9",
    "relevance=4.5e9",
    "kind=nope&kind=signal",
    "label=%00",
    "label=too_little",
    "status=zzz",
    "theme=nope",
    "q=%00",
    "q=%22unclosed",
    "q=" + "a" * 5000,
    "q=%F0%9F%98%80%20%5C%27%3B--",
    "q=)(|!&<->",
    "source=99999999999999999999999",
    "source=%D9%A1",
    "language=%00",
    "publisher=%00%25",
    "weights=zzz&developer=%00&sort=zzz",
    "article=999999999999999999999",
    "article=%C2%B2",
    "health=zzz",
    "=&&&=",
    "period=99w&against=later&known_on=2026-13-45",
    "known_on=0001-01-01&period=0012w",
    "known_on=9999-12-31&collected=%00",
    "view=zzz&publisher=%23&type=" + "a" * 3000,
]


@pytest.mark.parametrize(
    "path",
    [
        "/tags/",
        "/tags.csv",
        "/tags.rss",
        "/articles/",
        "/inbox/",
        "/inbox/proposals/",
        "/models/",
        "/sources/",
    ],
)
def test_nonsense_in_the_address_is_ignored(administrator, path):
    fill(2)
    for query in NONSENSE:
        response = administrator.get(f"{path}?{query}")
        assert response.status_code == 200, f"{path}?{query}"
        if response.streaming:
            list(response.streaming_content)


@pytest.mark.parametrize(
    "path",
    [
        "/tags/0/",
        "/tags/99999999999999999999/",
        "/articles/99999999999999999999/",
        "/tags/nope/",
        "/tags/nope.csv",
        "/tags/technology.exe",
        "/sources/99999999999999999999/",
        "/models/99999999999999999999/",
        "/settings/outbox/99999999999999999999/",
        "/articles/99999999999999999999.md",
        "/inbox/../x/",
    ],
)
def test_what_does_not_exist_is_not_found(administrator, path):
    assert administrator.get(path).status_code == 404


def test_a_table_and_its_csv_have_the_same_rows_in_the_same_order(analyst):
    for number in range(60):
        make_tag(f"Thing {number:02}", mentions=number % 7, label="surging" if number % 2 else "steady")
    for query in [
        "",
        "sort=name",
        "sort=-name",
        "sort=mentions",
        "label=surging&sort=-mentions",
        "q=thing+1",
        "kind=signal",
    ]:
        shown = []
        for page in (1, 2):
            html = analyst.get(f"/tags/?{query}&page={page}").content.decode()
            names = re.findall(r'class="name" href="[^"]+">([^<]+)</a>', html)
            shown += [name for name in names if name not in shown]
        file = b"".join(analyst.get(f"/tags.csv?{query}&page=2").streaming_content).decode()
        assert [row["name"] for row in csv.DictReader(file.splitlines())] == shown


def test_the_csv_link_of_a_page_carries_its_filters_and_not_its_page(analyst):
    make_tag("Thing")
    html = analyst.get("/tags/?label=surging&page=1").content.decode()
    assert 'href="/tags.csv?label=surging"' in html


@pytest.mark.parametrize("name", ["=HYPERLINK(1)", "+1", "-1+2", "@SUM(A1)"])
def test_no_spreadsheet_takes_a_name_for_a_formula(analyst, name):
    make_tag(name)
    file = b"".join(analyst.get("/tags.csv").streaming_content).decode()
    (row,) = csv.DictReader(file.splitlines())
    assert row["name"] == f"'{name}"


def test_a_filter_narrows_and_its_count_says_by_how_much(analyst):
    make_tag("One", label="surging")
    make_tag("Two", label="fading")
    html = analyst.get("/tags/?label=fading").content.decode()
    assert "Two" in html
    assert ">One<" not in html
    assert "1 of 2" in plain(html)
    facets = plain(html[html.index('class="facets"') : html.index("<table")])
    assert re.search(r"Surging 1\b.*Losing share 1", facets)


@pytest.mark.parametrize("path", ["/tags/", "/articles/", "/models/", "/sources/", "/inbox/"])
def test_htmx_gets_the_part_and_everybody_else_the_page(administrator, path):
    fill(1)
    whole, part, restored, boosted = (
        administrator.get(path, headers=headers)
        for headers in (
            {},
            {"HX-Request": "true"},
            {"HX-Request": "true", "HX-History-Restore-Request": "true"},
            {"HX-Request": "true", "HX-Boosted": "true"},
        )
    )
    assert b"<html" in whole.content
    assert b"<html" not in part.content
    assert b"<html" in restored.content
    assert b"<html" in boosted.content
    assert {"HX-Request", "HX-History-Restore-Request"} <= {word.strip() for word in whole["Vary"].split(",")}
    assert "HX-Request" in part["Vary"]


def test_every_page_has_the_security_headers_and_nothing_inline(administrator):
    fill(1)
    mail = OutboxMail.objects.get()
    model = Model.objects.get()
    pages = [address(url) for url in LISTS if not url.endswith(".csv")]
    pages += [
        "/settings/",
        "/sources/add/",
        f"/settings/outbox/{mail.pk}/",
        model.get_absolute_url(),
        "/nothing/",
    ]
    for url in [*pages, "/accounts/logout/"]:
        response = administrator.get(url)
        policy = response["Content-Security-Policy"]
        assert "default-src 'none'" in policy, url
        assert "unsafe" not in policy, url
        assert response["X-Frame-Options"] == "DENY"
        assert response["X-Content-Type-Options"] == "nosniff"
        assert response["Referrer-Policy"] == "same-origin"
        html = response.content.decode()
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\bsrc=)", html), url


def test_an_empty_installation_says_what_to_do_on_every_page(administrator):
    for url in (
        "/",
        "/tags/",
        "/articles/",
        "/inbox/",
        "/inbox/proposals/",
        "/models/",
        "/sources/",
        "/settings/outbox/",
    ):
        html = administrator.get(url).content.decode()
        assert 'class="empty"' in html or "Nothing." in html, url


def test_a_merged_tag_leads_to_the_one_it_was_merged_into(analyst):
    kept, gone = make_tag("Kept"), make_tag("Gone")
    Tag.objects.filter(pk=gone.pk).update(merged_into=kept)
    response = analyst.get(gone.get_absolute_url())
    assert (response.status_code, response["Location"]) == (302, kept.get_absolute_url())


def test_words_that_are_searched_are_marked_and_nothing_else_is_markup(analyst):
    make_article(make_source(), text="Before <script>alert(1)</script> the lighthouse & its lamp.")
    html = analyst.get("/articles/?q=lighthouse").content.decode()
    assert "<mark>lighthouse</mark>" in html
    assert "<script>alert" not in html


def test_the_pages_speak_the_language_a_person_chose(analyst, people):
    user = people[Role.ANALYST]
    user.language = "fr"
    user.save()
    assert '<html lang="fr">' in analyst.get("/tags/").content.decode()


def test_while_only_the_sample_is_loaded_lists_end_on_its_last_day(analyst):
    day = datetime(2026, 6, 26, 12, tzinfo=UTC)
    sample = make_source(kind="curated", url="", is_sample=True)
    facts = make_source(kind="curated", url="")
    make_article(sample, title="The sample's last brief", is_sample=True, published_at=day, known_at=day)
    make_article(facts, title="A release of the week after", known_at=day + timedelta(days=4))
    Model.objects.create(slug="later-1", name="Later 1", known_at=day + timedelta(days=4))
    articles, models = (analyst.get(page).content.decode() for page in ("/articles/", "/models/"))
    assert "The sample&#x27;s last brief" in articles
    assert "A release of the week after" not in articles
    assert "Later 1" not in models

    make_article(make_source(), title="The first article of one's own")
    assert "A release of the week after" in analyst.get("/articles/").content.decode()
    assert "Later 1" in analyst.get("/models/").content.decode()
