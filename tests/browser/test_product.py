"""The product in one go: feeds are replayed, an analyst corrects a mover, the digest says so, and all is taken back."""

import re
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from random import Random

import pytest
from django.core.cache import cache
from playwright.sync_api import Locator, Page, expect

from ingestion.client import default_fetcher
from ingestion.pipeline import poll_source, process_articles
from ingestion.schedule import make_schedules
from signals.curation.catalogue import create_tag
from signals.digests.editions import ensure_edition, freeze_edition
from signals.digests.periods import Week
from signals.models import Article, Rendering, Role, Source, SourceKind, Tag, Tagging, TagTrend, User
from signals.trends.rollup import roll_up
from tests.ingestion.serving import item, rss, serving

WEEKS = 32
A_WEEK = 8
WRONG = "Expert routing brings parcels home a day sooner"
LETTERS = "abdegiklmnoprstu"


@pytest.fixture
def analyst(transactional_db, log_in) -> User:
    cache.clear()
    user = User.objects.create_user("anna@example.org", name="Anna", role=Role.ANALYST)
    log_in(user)
    return user


def replay(settings, now: datetime) -> None:
    """Months of an aggregator's feed, read every four weeks; one tag is named ever more often at the end."""
    settings.FETCH_ALLOW_NETWORKS = ["127.0.0.0/8"]
    default_fetcher.cache_clear()
    rng = Random(7)
    entries: list[tuple[datetime, str]] = []
    for week in range(WEEKS):
        for number in range(A_WEEK):
            at = now - timedelta(weeks=WEEKS - week) + timedelta(hours=20 * number)
            named = number < (6 if week >= WEEKS - 4 else 1)
            words = ["".join(rng.choices(LETTERS, k=7)) for _ in range(24)]
            subject = "Mixture of experts" if named else "Weather and fields"
            title, text = f"{subject}: {' '.join(words[:5])}", f"{subject} and {' '.join(words[5:])}."
            if (week, number) == (WEEKS - 1, 0):
                title, text = WRONG, f"A courier's expert routing of parcels: {' '.join(words)}."
            address = f"https://paper{number}.example/{week}"
            date = format_datetime(at)
            entries.append(
                (at, item(f"{week}-{number}", title=title.capitalize(), text=text, url=address, date=date))
            )
    with serving() as site:
        source = Source.objects.create(kind=SourceKind.FEED, name="Papers", url=site.url + "/feed.xml")
        make_schedules(due_at=now - timedelta(weeks=WEEKS))
        for read in range(4, WEEKS + 1, 4):
            moment = now - timedelta(weeks=WEEKS - read)
            site.say("/feed.xml", rss(*(entry for at, entry in entries if at < moment)))
            polled = poll_source(source.pk, now=moment, force=True)
            assert process_articles(polled.article_ids) == 4 * A_WEEK, polled
    default_fetcher.cache_clear()
    roll_up()


def standing() -> list[object]:
    """All that a decision, a score and the roll-up move, without the times at which they did."""
    return [
        sorted(Tagging.objects.values_list(*[f.attname for f in Tagging._meta.concrete_fields])),
        sorted(
            Tag.objects.values_list(
                "pk", "relevancy", "relevancy_raters", "relevancy_spread", "relevancy_notes"
            )
        ),
        [
            {name: value for name, value in row.items() if name != "computed_at"}
            for row in TagTrend.objects.order_by("pk").values()
        ],
    ]


def tab_to(page: Page, wanted: Locator) -> None:
    """Walk with Tab, from where the focus is, until it is there."""
    for _ in range(120):
        if wanted.evaluate("node => node === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab does not lead to {wanted}")


def follow(page: Page, wanted: Locator) -> None:
    tab_to(page, wanted)
    page.keyboard.press("Enter")


def test_a_mover_is_corrected_rescored_told_in_the_digest_and_all_taken_back_by_keyboard(
    page: Page, analyst: User, settings
):
    now = datetime.now(UTC)
    tag = create_tag(
        kind="technology",
        name="Mixture of experts",
        aliases=["expert routing"],
        description="Networks in which a router sends each token to a few of many experts.",
    )
    create_tag(kind="technology", name="Weather and fields", description="Forecasts for farms.")
    replay(settings, now)
    before = standing()
    mentions = TagTrend.objects.get(tag=tag).mentions

    page.goto("/")
    follow(page, page.get_by_role("main").get_by_role("link", name=tag.name, exact=True).first)
    expect(page.get_by_role("heading", level=1)).to_have_text(tag.name)

    # Its evidence: down to the article that is about parcels, and out with it.
    wrong = Article.objects.get(title=WRONG)
    row = page.locator(f"#evidence-{wrong.pk}")
    for _ in range(40):
        page.keyboard.press("j")
        if row.get_attribute("aria-current") == "true":
            break
    expect(row).to_have_attribute("aria-current", "true")
    page.keyboard.press("x")
    expect(row).to_contain_text("rejected")

    # The score: not of the row, of the tag.
    tab_to(page, page.locator("#rating button").filter(has_text=re.compile("^4$")))
    page.keyboard.press("Enter")
    expect(page.locator("#rating")).to_contain_text("Median 4")

    roll_up()  # as the tick does every half minute
    follow(page, page.get_by_role("navigation").get_by_role("link", name="Trends", exact=True).first)
    line = page.get_by_role("row").filter(has_text=tag.name)
    expect(line).to_contain_text(str(mentions - 1))
    assert TagTrend.objects.get(tag=tag).mentions == mentions - 1

    # The edition of this week, as it goes out next Monday.
    monday = now + timedelta(days=8 - now.isoweekday())
    edition = ensure_edition(period=Week.of(now.date()), now=monday)
    freeze_edition(edition=edition, now=monday)
    mail = Rendering.objects.get(edition=edition, language="en").text
    assert re.search(r"Scored anew.*?Mixture of experts.*?4 of 5", mail, re.S)

    # Back through the log of changes, the newest first.
    follow(page, page.get_by_role("banner").locator("summary"))
    follow(page, page.get_by_role("link", name="Change log"))
    for title in (tag.name, WRONG):
        change = page.locator("#history [data-row]").filter(has=page.get_by_role("button", name="Undo")).first
        expect(change).to_contain_text(title)
        follow(page, change.get_by_role("button", name="Undo"))
        expect(page.locator("#history .undone")).to_have_count(1 if title == tag.name else 2)
    roll_up()
    assert standing() == before
    follow(page, page.get_by_role("navigation").get_by_role("link", name="Trends", exact=True).first)
    expect(page.get_by_role("row").filter(has_text=tag.name)).to_contain_text(str(mentions))
