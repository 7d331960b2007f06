"""Triage with the keyboard alone: fast, in order, and whatever was said can be taken back."""

import re
from collections.abc import Callable, Iterator

import pytest
from django.core.cache import cache
from django.test import Client
from playwright.sync_api import Page, Route, expect

from signals.models import (
    Article,
    Change,
    Claim,
    Decision,
    Role,
    State,
    Tag,
    Tagging,
    User,
)
from tests.signals.web.making import make_article, make_source, make_tag


@pytest.fixture
def analyst(transactional_db, log_in) -> User:
    cache.clear()
    user = User.objects.create_user("ana@example.org", role=Role.ANALYST, name="Ana")
    log_in(user)
    return user


@pytest.fixture
def second(chromium, live_server, transactional_db) -> Iterator[Page]:
    """Another analyst's browser."""
    user = User.objects.create_user("bob@example.org", role=Role.ANALYST, name="Bob")
    client = Client()
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    context = chromium.new_context(base_url=live_server.url, viewport={"width": 1280, "height": 900})
    context.set_default_timeout(10_000)
    cookie = client.cookies["sessionid"].value
    context.add_cookies([{"name": "sessionid", "value": cookie, "url": live_server.url}])
    yield context.new_page()
    context.close()


def fill_inbox(articles: int, tags: int) -> list[Article]:
    source = make_source()
    carried = [make_tag(f"Tag {number}") for number in range(tags)]
    return [
        make_article(source, carried, title=f"Title {number:02}", inbox_score=articles - number)
        for number in range(articles)
    ]


def settled(page: Page) -> None:
    """Nothing is on its way any more."""
    page.wait_for_load_state("networkidle")


def form() -> tuple:
    taggings = Tagging.objects.order_by("pk").values()
    tags = Tag.objects.order_by("pk").values("pk", "relevancy", "relevancy_raters", "relevancy_notes")
    articles = Article.objects.order_by("pk").values("pk", "snoozed_until")
    return list(taggings), list(tags), list(articles)


def test_a_hundred_suggestions_are_decided_in_a_hundred_and_ten_keys_and_all_is_taken_back(
    page: Page, analyst: User
):
    fill_inbox(articles=40, tags=3)
    Tagging.objects.filter(pk__in=Tagging.objects.order_by("-pk").values("pk")[:20]).delete()
    assert Tagging.objects.count() == 100
    before = form()
    page.goto("/inbox/")
    expect(page.locator("#inbox-count")).to_contain_text("100 suggestions")
    keys = ("a" * 3 + "4" * 3 + "a5x") * 10 + "a" * 10
    assert len(keys) <= 110
    page.keyboard.type(keys)
    expect(page.get_by_role("heading", name="Nothing waits")).to_be_visible(timeout=60_000)
    assert not Tagging.objects.waiting().exists()
    assert Decision.objects.filter(undone_at=None).count() == 100
    page.keyboard.type("u" * 100)
    expect(page.locator("#inbox-count")).to_contain_text("100 suggestions", timeout=60_000)
    assert form() == before
    assert not Change.objects.filter(undone_at=None).exists()
    assert not Decision.objects.filter(undone_at=None).exists()
