"""The trend table: its filters, periods, past days and exports."""

import csv
import json
from datetime import UTC, datetime, timedelta
from html import escape
from io import BytesIO

import pytest
from celery import current_app
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from lxml import etree
from openpyxl import load_workbook

from signals.curation.catalogue import create_tag
from signals.curation.decisions import decide_tagging
from signals.curation.ratings import rate_tag
from signals.models import Note, Role, State, Tag, Tagging, TagTrend, Theme
from signals.tasks import recall_day
from signals.trends import listing, past
from signals.trends.marks import mark_articles
from signals.trends.rollup import roll_up
from tests.signals.web.making import make_article, make_source, make_tag, plain

TODAY = timezone.now().replace(hour=12, minute=0, second=0, microsecond=0)


def mention(tag: Tag, *, ago: int, source, **fields):
    """An article of so many days ago that carries the tag for sure."""
    at = TODAY - timedelta(days=ago)
    article = make_article(
        source, [tag], state=State.CONFIRMED, published_at=at, known_at=at, sort_at=at, **fields
    )
    mark_articles([article.pk])
    return article


@pytest.fixture
def world(db):
    """Three tags: French and political, English and scientific, and one of long ago."""
    daily, weekly = make_source(name="Daily"), make_source(name="Weekly")
    energy = Theme.objects.create(name="Energy", slug="energy")
    names = ("French one", "English one", "Old one")
    french, english, old = (create_tag(kind="technology", name=name) for name in names)
    french.themes.add(energy)
    for ago in (2, 9, 16):
        mention(
            french, ago=ago, source=daily, language="fr-FR", category="Politics", publisher="lemonde.example"
        )
    for ago in (3, 8, 100):
        mention(
            english, ago=ago, source=weekly, language="en", category="science", publisher="nature.example"
        )
    noted = mention(
        old, ago=200, source=weekly, language="en", note_type="Blog post", publisher="old.example"
    )
    Note.objects.create(article=noted, note_key="n", content_hash="h", page="20230303")
    roll_up()
    return {"french": french, "english": english, "old": old, "daily": daily, "weekly": weekly}


def listed(client, query: str) -> list[str]:
    rows = json.loads(client.get(f"/tags.json?{query}").content)["rows"]
    return sorted(row["name"] for row in rows)


def facet(client, query: str, group: str) -> dict[str, int]:
    """The values of a filter with their counts, as the page tells them."""
    page = etree.HTML(client.get(f"/tags/?{query}").content)
    found = page.xpath(f'//details[@id="more-filters"]//section[h2="{group}"]//a')
    return {a.xpath("string(span[1])"): int(a.xpath("string(span[2])")) for a in found}


def test_each_filter_lists_what_its_count_says_beside_the_others(analyst, world):
    assert facet(analyst, "period=52w", "Language") == {"English": 2, "Français": 1}
    assert facet(analyst, "period=12w", "Language") == {"English": 1, "Français": 1}
    # What is chosen narrows the other filters, and its own not.
    query = "period=52w&language=fr"
    assert facet(analyst, query, "Language") == {"English": 2, "Français": 1}
    assert facet(analyst, query, "Publisher") == {"lemonde.example": 1}
    assert facet(analyst, query, "Category") == {"politics": 1}
    assert facet(analyst, query, "Theme") == {"Energy": 1}
    for query, names in {
        "period=52w&language=fr": ["French one"],
        "period=52w&language=fr&language=en": ["English one", "French one", "Old one"],
        "period=52w&language=fr&publisher=nature.example": [],
        f"period=52w&source={world['weekly'].pk}": ["English one", "Old one"],
        f"period=4w&source={world['weekly'].pk}": ["English one"],
        "category=science": ["English one"],
        "period=52w&type=blog+post": ["Old one"],
        # A page of notes is no time: it holds in every period.
        "period=4w&collected=20230303": ["Old one"],
        "theme=energy&kind=technology": ["French one"],
        "theme=energy&kind=signal": [],
        "publisher=unknown.example": [],
    }.items():
        assert listed(analyst, query) == names, query


def test_filters_and_periods_change_no_score(analyst, world):
    def scores(query):
        rows = json.loads(analyst.get(f"/tags.json?{query}").content)["rows"]
        return {row["name"]: (row["label"], row["at_least_times_usual"]) for row in rows}

    everything = scores("")
    for query in ("language=fr&period=4w", "period=52w&against=previous", "category=science"):
        assert scores(query).items() <= everything.items()


def test_a_period_counts_its_own_days_and_is_compared_with_the_one_before(analyst, world):
    rows = json.loads(analyst.get("/tags.json?period=12w&against=previous").content)["rows"]
    (english,) = (row for row in rows if row["name"] == "English one")
    assert (english["mentions"], english["mentions_before"], english["publishers"]) == (2, 1, 1)
    assert english["share_percent"] == pytest.approx(100 * 2 / 5)
    assert english["share_before_percent"] == pytest.approx(100 * 1 / 1)
    html = plain(analyst.get("/tags/?period=12w&against=previous&sort=share").content)
    assert "1 before" in html
    assert "100.00 → 40.00 %" in html


def test_what_moved_since_is_seen_after_the_next_roll_up(analyst, world):
    assert listed(analyst, "publisher=nature.example") == ["English one"]
    article = mention(
        world["french"], ago=1, source=world["daily"], publisher="nature.example", language="en"
    )
    roll_up()
    assert listed(analyst, "publisher=nature.example") == ["English one", "French one"]
    mark_articles([article.pk])
    Tagging.objects.filter(article=article).update(state=State.REJECTED)
    roll_up()
    assert listed(analyst, "publisher=nature.example") == ["English one"]


def test_what_is_written_shows_at_once_though_the_catalogue_is_kept_between_requests(
    transactional_db, analyst, people
):
    tag = make_tag("First name")
    theme = Theme.objects.create(name="Energy", slug="energy")
    assert (listed(analyst, ""), listed(analyst, "theme=energy")) == (["First name"], [])
    assert listed(analyst, "") == ["First name"]
    with CaptureQueriesContext(connection) as captured:
        assert listed(analyst, "") == ["First name"]
    assert not any("xmin" in query["sql"] for query in captured.captured_queries)
    tag.themes.add(theme)
    assert listed(analyst, "theme=energy") == ["First name"]
    Tag.objects.filter(pk=tag.pk).update(name="Second name")
    rate_tag(tag=tag, by=people[Role.ANALYST], relevancy=4)
    assert listed(analyst, "theme=energy&relevance=4") == ["Second name"]


def test_what_people_wrote_is_text_in_the_table(analyst, world):
    wrote = "<i>&\"'"
    Tag.objects.filter(pk=world["french"].pk).update(name=wrote, change=wrote, driving_force=wrote)
    page = analyst.get("/tags/?kind=technology&sort=name").content.decode()
    assert "<i>&" not in page
    cells = etree.HTML(page).xpath("//tr[@data-row][1]/td")
    assert [cells[0].xpath(f"string({part})") for part in ("a", "span[1]")] == [wrote, wrote]
    assert wrote in cells[0].xpath("string(span[2])")


def test_as_known_on_a_day_nothing_later_is_seen(analyst, world, people):
    day = (TODAY - timedelta(days=4)).date()
    url = f"/tags.json?known_on={day}&period=52w"
    before = json.loads(analyst.get(url).content)
    counts = {row["name"]: row["mentions"] for row in before["rows"]}
    assert counts == {"French one": 2, "English one": 2, "Old one": 1}
    assert (before["known_on"], before["as_of"]) == (str(day), str(day))
    # A decision and a rating of today leave that day as it was.
    tagging = world["french"].taggings.order_by("article__published_at").first()
    by = people[Role.ANALYST]
    decide_tagging(article=tagging.article, tag=world["french"], by=by, verdict="reject")
    rate_tag(tag=world["french"], by=by, relevancy=2)
    roll_up()
    cache.clear()
    assert json.loads(analyst.get(url).content)["rows"] == before["rows"]
    now = {row["name"]: row for row in json.loads(analyst.get("/tags.json?period=52w").content)["rows"]}
    assert (now["French one"]["mentions"], now["French one"]["relevancy"]) == (2, 2)
    assert listed(analyst, f"known_on={day}&language=fr") == ["French one"]
    earlier = (TODAY - timedelta(days=20)).date()
    assert listed(analyst, f"known_on={earlier}&language=fr") == []
    html = plain(analyst.get(f"/tags/?known_on={day}").content)
    assert f"As known on {day.strftime('%-d %B %Y')}" in html


def test_a_past_day_that_takes_long_is_put_together_by_a_worker_and_shown_once_it_is_there(
    analyst, world, monkeypatch
):
    day = (TODAY - timedelta(days=4)).date()
    query = f"known_on={day}&period=52w"
    at_once = json.loads(analyst.get(f"/tags.json?{query}").content)
    cache.clear()
    monkeypatch.setattr(listing, "_present", {})
    # As of a large catalogue, and nobody waits.
    monkeypatch.setattr(past, "TAGS_AT_ONCE", 0)
    monkeypatch.setattr(past, "_PATIENCE", 0.0)

    pending = analyst.get(f"/tags/?{query}")
    assert pending.status_code == 202
    assert f"as known on {day.strftime('%-d %B %Y')} is being put together" in plain(pending.content)
    part = analyst.get(f"/tags/?{query}", headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in part
    assert f'hx-get="/tags/?{escape(query)}"' in part
    for file in (f"/tags.csv?{query}", f"/out/items/?{query}&form=md"):
        refused = analyst.get(file)
        assert (refused.status_code, refused["Retry-After"]) == (503, "3")

    with current_app.connection_for_read() as broker:
        queue = broker.SimpleQueue("mail")
        messages = [queue.get_nowait() for _each in range(queue.qsize())]
    sent = [message for message in messages if message.headers["task"] == "signals.tasks.recall_day"]
    assert len(sent) == 1, "however often somebody looks"
    arguments, _named, _options = sent[0].decode()
    other = connection.copy()
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [past._LOCK])
    try:
        recall_day(
            *arguments
        )  # while another day is worked out: not waited for, and the next look asks again
    finally:
        other.close()
    assert analyst.get(f"/tags/?{query}").status_code == 202
    recall_day(*arguments)
    assert json.loads(analyst.get(f"/tags.json?{query}").content) == at_once
    assert len(at_once["rows"]) == 3


def test_the_page_asks_the_same_few_questions_whatever_is_chosen(analyst, world):
    for query in ("", "period=26w&against=previous&sort=share&language=fr&theme=energy&q=one"):
        analyst.get(f"/tags/?{query}")
        with CaptureQueriesContext(connection) as asked:
            assert analyst.get(f"/tags/?{query}").status_code == 200
        assert len(asked) <= 15, [each["sql"][:90] for each in asked]


def test_nothing_above_its_usual_share_is_called_unchanged(analyst):
    made = {"momentum": 1.7, "explanation": {}}
    make_tag("Rising on little", label="steady", times=3.3, **made)
    make_tag("As ever", label="steady", times=1.0, **made)
    page = plain(analyst.get("/tags/").content)
    assert "×3.3 change against usual, Not yet sure" in page
    assert page.count("Not yet sure:") == 1
    assert "≈ change against usual, Unchanged" in page
    assert "×3.3 Not yet sure" in b"".join(analyst.get("/tags.md").streaming_content).decode()
    TagTrend.objects.update(times=1.0)
    assert "Not yet sure" not in plain(analyst.get("/tags/").content)


def test_every_export_has_the_rows_of_the_table_in_their_order(analyst):
    for number in range(55):
        make_tag(f"Thing {number:02}", label="surging" if number % 2 else "steady", mentions=number)
    query = "label=surging&sort=-name"
    names = [f"Thing {number:02}" for number in range(53, 0, -2)]
    file = b"".join(analyst.get(f"/tags.csv?{query}").streaming_content).decode()
    assert [row["name"] for row in csv.DictReader(file.splitlines())] == names
    assert [row["name"] for row in json.loads(analyst.get(f"/tags.json?{query}").content)["rows"]] == names
    sheet = load_workbook(BytesIO(analyst.get(f"/tags.xlsx?{query}").content)).active
    assert [row[1] for row in sheet.iter_rows(min_row=2, values_only=True)] == names
    lines = b"".join(analyst.get(f"/tags.md?{query}").streaming_content).decode().splitlines()
    assert [line.split("[")[1].split("]")[0] for line in lines if line.startswith("| [")] == names
    feed = etree.fromstring(analyst.get(f"/tags.rss?{query}").content)
    assert feed.xpath("//item/title/text()") == [f"{name}: Surging" for name in names]


def test_a_feed_has_what_rises_under_a_name_that_stays_the_same_all_week(analyst):
    monday = datetime(2026, 6, 1, tzinfo=UTC).date()
    make_tag("Rising", label="emerging")
    make_tag("Falling", label="fading")
    TagTrend.objects.update(as_of=monday)

    def names() -> list[str]:
        return etree.fromstring(analyst.get("/tags.rss").content).xpath("//item/guid/text()")

    first = names()
    assert len(first) == 1
    for days, same in ((6, True), (7, False)):
        TagTrend.objects.update(as_of=monday + timedelta(days=days))
        assert (names() == first) is same


@pytest.mark.parametrize("name", ["=1+2", "+1", "-1", "@SUM(A1)", "\x0b=bad"])
def test_a_workbook_holds_no_formula(analyst, name):
    make_tag("Harmless")
    Tag.objects.update(name=name, change=name)
    sheet = load_workbook(BytesIO(analyst.get("/tags.xlsx").content)).active
    assert {cell.data_type for cell in sheet["B"]} == {"s"}


def test_what_is_exported_is_for_those_who_may_read(as_role):
    for form in ("csv", "xlsx", "json", "md", "rss"):
        assert as_role("").get(f"/tags.{form}").status_code == 302
        assert as_role(Role.VIEWER).get(f"/tags/signal.{form}").status_code == 200


def test_what_has_no_place_in_a_drawing_is_listed_beside_it(analyst):
    rated, unrated, silent = (
        make_tag("Rated"),
        make_tag("Unrated"),
        make_tag("Silent", times=None, momentum=None),
    )
    Tag.objects.filter(pk__in=[rated.pk, silent.pk]).update(relevancy=4, relevancy_raters=1)
    matrix, radar = (analyst.get(f"/tags/?view={name}").context["plot"] for name in ("matrix", "radar"))
    assert [mark.row.tag for mark in matrix.marks] == [rated]
    assert {row.tag for row in matrix.unplotted} == {unrated, silent}
    assert {mark.row.tag for mark in radar.marks} == {rated, unrated}
    assert [row.tag for row in radar.unplotted] == [silent]


@pytest.mark.parametrize("view", ["matrix", "radar"])
def test_what_is_drawn_is_hit_by_a_finger_and_hides_nothing(analyst, view):
    for _ in range(45):
        make_tag(times=1.5, momentum=0.5)
    Tag.objects.update(relevancy=4, relevancy_raters=1)
    drawings = etree.HTML(analyst.get(f"/tags/?view={view}").content).xpath("//svg[contains(@class, 'plot')]")
    drawings = {svg.get("class").strip(): svg for svg in drawings}
    assert set(drawings) == {"plot plot--wide", "plot plot--narrow"}
    for name, svg in drawings.items():
        # As wide as it is on a phone of 390 pixels, and in the narrowest window that shows the other one.
        shown = (356 if "narrow" in name else 654) / float(svg.get("viewbox").split()[2])
        marks = []
        for mark in svg.xpath(".//a"):
            x, y = mark.get("transform").removeprefix("translate(").removesuffix(")").split()
            hit = mark.find("rect")
            size = float(hit.get("width")), float(hit.get("height"))
            assert min(size) * shown >= 24
            marks.append((float(x), float(y), *size))
        assert len(marks) == 45
        for at, (x, y, wide, tall) in enumerate(marks):
            apart = (abs(x - px) > wide - 0.1 or abs(y - py) > tall - 0.1 for px, py, *_ in marks[:at])
            assert all(apart), name
