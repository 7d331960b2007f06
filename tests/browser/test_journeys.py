"""From the outside in: a source of one's own, and the newsletter from asking to leaving."""

import re
from collections.abc import Callable

import pytest
from django.core.cache import cache
from playwright.sync_api import Page, expect

from ingestion.client import default_fetcher
from ingestion.pipeline import poll_source, process_articles
from signals.curation.catalogue import create_tag
from signals.digests.editions import freeze_edition
from signals.digests.send import deliver_due
from signals.models import Delivery, Edition, Kind, Source, Subscription, User
from tests.ingestion.serving import item, rss, serving
from tests.signals.digests.conftest import CONTENT, MONDAY, WEEK


@pytest.fixture
def administrator(transactional_db, log_in, settings) -> User:
    cache.clear()
    settings.EMAIL_BACKEND = "signals.digests.outbox.EmailBackend"
    user = User.objects.create_superuser("ada@example.org")
    log_in(user)
    return user


def test_a_feed_of_ones_own_becomes_an_article_that_carries_a_tag(
    page: Page, administrator: User, settings, complaints: list[str]
):
    settings.FETCH_ALLOW_NETWORKS = ["127.0.0.0/8"]
    default_fetcher.cache_clear()
    tag = create_tag(
        kind="technology",
        name="Mixture of experts",
        aliases=["expert routing"],
        description="Networks in which a router sends each token to a few of many experts.",
    )
    with serving() as site:
        story = "A mixture of experts now answers on a laptop. Expert routing keeps most of it asleep."
        address = site.say("/feed.xml", rss(item(1, title="Mixture of experts at home", text=story), item(2)))
        page.goto("/sources/")
        page.get_by_role("link", name="Add a source").first.click()
        page.get_by_label("Address of a feed").fill(site.url + "/nothing")
        page.get_by_role("button", name="Preview").click()
        expect(page.get_by_role("alert").first).not_to_be_empty()
        complaints.clear()  # the refusal's status is repeated in the console
        page.get_by_label("Address of a feed").fill(address)
        page.get_by_role("button", name="Preview").click()
        expect(page.get_by_text("Mixture of experts at home")).to_be_visible()
        assert not Source.objects.exists()
        page.get_by_label("Name").fill("The lab's feed")
        page.get_by_role("button", name="Add this source").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("The lab's feed")
        source = Source.objects.get()
        process_articles(poll_source(source.pk, force=True).article_ids)
    page.reload()
    expect(page.get_by_role("cell", name="200")).to_be_visible()
    page.get_by_role("link", name="Mixture of experts at home").click()
    expect(page.locator("mark").first).to_contain_text(re.compile("mixture of experts|expert routing", re.I))
    page.locator(".evidence").get_by_role("link", name="Mixture of experts", exact=True).click()
    expect(page).to_have_url(re.compile(re.escape(tag.get_absolute_url())))
    expect(page.locator("#evidence")).to_contain_text("Mixture of experts at home")
    default_fetcher.cache_clear()


def test_a_reader_subscribes_confirms_reads_and_leaves_without_logging_in(
    page: Page, administrator: User, chromium, live_server, violations: Callable[..., list[str]]
):
    reader = chromium.new_context(base_url=live_server.url).new_page()
    reader.goto("/subscribe/")
    assert violations(reader) == []
    reader.get_by_label("E-mail").fill("reader@example.org")
    tag = create_tag(kind=Kind.SIGNAL, name="Agents write code")
    reader.get_by_text("What is in it").click()
    reader.get_by_label("Signal").check()
    # What is tracked here is for who may read here.
    expect(reader.get_by_label("Look for an item")).to_have_count(0)
    reader.get_by_role("button", name="Subscribe").click()
    expect(reader.get_by_role("heading", name="Look into your mail")).to_be_visible()
    assert not Subscription.objects.active().exists()

    # Staff read on screen what would have been sent.
    page.goto("/settings/outbox/")
    page.get_by_role("link", name=re.compile("confirm", re.I)).click()
    link = page.locator(".prose a[href*='/subscribe/confirm/']").get_attribute("href")
    reader.goto(link)
    reader.get_by_role("button", name="Yes, send it").click()
    expect(reader.get_by_role("heading", name="You are subscribed")).to_be_visible()

    reader.get_by_role("link", name="Change what you get").click()
    if not reader.get_by_label("Look for an item").is_visible():
        reader.get_by_text("What is in it").click()
    reader.get_by_label("Look for an item").press_sequentially("agents wr")
    reader.get_by_label("Agents write code").check()
    reader.get_by_label("Look for an item").press_sequentially("xyz")
    expect(reader.get_by_text("No other item is called")).to_be_visible()
    expect(reader.get_by_label("Agents write code")).to_be_checked()
    assert violations(reader) == []
    reader.get_by_label("Look for an item").fill("")
    reader.get_by_role("button", name="Save").click()
    expect(reader.get_by_text("Saved.")).to_be_visible()

    edition = Edition.objects.create(
        period=WEEK.period, starts_on=WEEK.starts_on, ends_on=WEEK.ends_on, content=CONTENT.params()
    )
    assert Subscription.objects.get().tags == [tag.pk]
    Subscription.objects.update(confirmed_at=MONDAY.replace(year=2023), hour=MONDAY.hour)
    freeze_edition(edition=edition, now=MONDAY)
    deliver_due(clock=lambda: MONDAY)
    assert Delivery.objects.get().status == Delivery.Status.SENT
    page.goto("/digests/")
    page.get_by_role("link", name=re.compile(WEEK.period)).first.click()
    expect(page.frame_locator("iframe").first.get_by_text("Agents write code").first).to_be_visible()

    page.goto("/settings/outbox/")
    page.locator("a.name").first.click()
    expect(page.locator(".prose")).to_contain_text("Agents write code")
    reader.goto(page.locator(".prose a[href*='/subscribe/leave/']").first.get_attribute("href"))
    assert Subscription.objects.active().exists()
    reader.get_by_role("button", name="Unsubscribe").click()
    expect(reader.get_by_role("heading", name="You are unsubscribed")).to_be_visible()
    assert not Subscription.objects.active().exists()
    reader.context.close()
