"""Triage with the keyboard alone: fast, in order, and whatever was said can be taken back."""

import json
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Page, Route, expect

from signals.models import (
    Article,
    Change,
    Claim,
    Decision,
    Rating,
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
    expect(page.locator("#saving")).to_be_hidden()


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


def test_keys_typed_ahead_decide_in_order_on_the_articles_they_were_meant_for(page: Page, analyst: User):
    first, second_article = fill_inbox(articles=2, tags=2)

    def slowly(route: Route) -> None:
        page.wait_for_timeout(300)
        route.continue_()

    page.goto("/inbox/")
    page.route("**/inbox/?*", slowly)
    page.keyboard.type("a" + "x2" + "5" + "x")
    expect(page.get_by_role("heading", name="Nothing waits")).to_be_visible()
    said = Decision.objects.order_by("pk").values_list("article", "verdict", "relevancy", "why")
    assert list(said) == [
        (first.pk, "accept", None, ""),
        (first.pk, "reject", None, "passing"),
        (second_article.pk, "score", 5, ""),
        (second_article.pk, "reject", None, ""),
    ]
    page.unroute_all(behavior="ignoreErrors")  # an article read ahead may still be on its way


def test_a_reason_ends_in_the_same_decision_and_any_other_key_goes_on_without_one(
    page: Page, analyst: User, violations: Callable[..., list[str]]
):
    fill_inbox(articles=1, tags=3)
    page.goto("/inbox/")
    why = page.locator("#why")
    page.keyboard.press("x")
    expect(why).to_contain_text("Tag 0 rejected. Why?")
    assert violations(page) == []
    page.keyboard.press("4")
    expect(why).to_be_hidden()
    page.keyboard.press("x")
    page.keyboard.press("x")
    expect(why).to_contain_text("Tag 2 rejected")
    page.keyboard.press("Escape")
    expect(why).to_be_hidden()
    settled(page)
    assert list(Decision.objects.order_by("pk").values_list("why", flat=True)) == ["off_topic", "", ""]
    assert Change.objects.count() == 3
    page.keyboard.type("uuu")
    expect(page.locator("[data-suggestion][data-waiting]")).to_have_count(3)


def test_what_fails_comes_back_with_its_reason_and_can_be_said_again(
    page: Page, analyst: User, complaints: list[str]
):
    fill_inbox(articles=2, tags=1)
    page.goto("/inbox/")
    page.route("**/inbox/*/*/", lambda route: route.abort())
    page.keyboard.press("a")
    # The next article is read already.
    expect(page.locator(".read .title")).to_have_text("Title 01")
    expect(page.locator("#toast")).to_contain_text("Tag 0: Not saved: the server could not be reached.")
    refused = page.locator(".list li", has_text="Title 00")
    expect(refused).to_contain_text("Not saved")
    page.unroute("**/inbox/*/*/")
    page.keyboard.press("K")
    expect(page.locator(".refusal")).to_contain_text("Not saved")
    page.keyboard.press("a")
    expect(page.locator(".read .title")).to_have_text("Title 01")
    settled(page)
    assert Decision.objects.count() == 1
    complaints.clear()  # the browser says too that a request failed


def test_who_was_logged_out_meanwhile_is_told_and_keeps_what_was_typed(
    page: Page, analyst: User, complaints: list[str]
):
    fill_inbox(articles=1, tags=2)
    page.goto(Tag.objects.earliest("pk").get_absolute_url())
    page.get_by_text("Write a comment").click()
    page.get_by_label("Comment", exact=True).fill("Half an hour of thinking")
    Session.objects.all().delete()
    page.locator("#comments").get_by_role("button", name="Add").click()
    expect(page.locator("#toast")).to_contain_text("You were logged out.")
    expect(page.get_by_label("Comment", exact=True)).to_have_value("Half an hour of thinking")
    complaints.clear()  # the browser says too that a request was refused


def test_of_two_who_decide_at_once_one_wins_the_other_is_told_and_may_decide_again(
    page: Page, second: Page, analyst: User, complaints: list[str]
):
    fill_inbox(articles=1, tags=1)
    tagging = Tagging.objects.get()
    for browser in (page, second):
        browser.goto(f"/inbox/?article={tagging.article_id}")
    second.keyboard.press("4")
    expect(second.get_by_role("heading", name="Nothing waits")).to_be_visible()
    page.keyboard.press("x")
    expect(page.locator("#toast")).to_contain_text("Bob decided meanwhile: scored. ")
    page.goto(f"/inbox/?article={tagging.article_id}")
    row = page.locator("[data-suggestion]")
    expect(row).to_contain_text("confirmed")
    expect(row).to_contain_text("Bob")
    tagging.refresh_from_db()
    assert (tagging.state, Decision.objects.count()) == (State.CONFIRMED, 1)
    # Now that it is seen, it may be said otherwise.
    row.get_by_role("button", name="reject").click()
    expect(row.locator("[data-state]")).to_have_text("rejected")
    settled(page)
    tagging.refresh_from_db()
    assert (tagging.state, Decision.objects.count()) == (State.REJECTED, 2)
    complaints.clear()


def test_a_far_score_is_taken_stands_beside_the_others_and_asks_why_without_holding_up_the_keys(
    page: Page,
    second: Page,
    analyst: User,
    complaints: list[str],
    violations: Callable[..., list[str]],
):
    first, _last = fill_inbox(articles=2, tags=2)
    for browser in (page, second):
        browser.goto(f"/inbox/?article={first.pk}")
    second.keyboard.press("5")
    settled(second)
    # Ana's page is older than Bob's word: she is told, without his number, and says hers again.
    page.keyboard.press("1")
    row = page.locator("[data-suggestion]", has_text="Tag 0")
    expect(row).to_contain_text("1 other score shows once you have given yours")
    page.keyboard.type("k1")
    expect(row.get_by_label("Your 1 is far from the others. Why?")).to_be_visible()
    expect(row).to_contain_text("Median 3 of 2 scores, contested, without a reason, yours is 1")
    assert violations(page) == []
    page.keyboard.type("a")
    expect(page.locator(".read .title")).to_have_text("Title 01")
    settled(page)
    assert Decision.objects.count() == 3
    page.goto("/reviews/")
    expect(page.locator("#contested")).to_contain_text("without a reason")
    page.goto(f"/inbox/?article={first.pk}")
    row.get_by_label("Your 1 is far from the others. Why?").fill("It is a list at the end.")
    page.keyboard.press("Enter")
    expect(row.locator("input[name=comment]")).to_have_count(0)
    settled(page)
    said = Decision.objects.get(relevancy=1)
    assert (said.comment, Decision.objects.count()) == ("It is a list at the end.", 3)
    assert Tagging.objects.get(article=first, tag=said.tag).stated_relevancy == 3
    # Bob takes his back: Ana's alone counts.
    second.keyboard.press("u")
    expect(second.locator("#toast")).to_contain_text("Undone")
    assert Tagging.objects.get(article=first, tag=said.tag).stated_relevancy == 1
    complaints.clear()


def test_on_an_items_page_a_far_score_waits_for_its_reason_and_is_sent_with_it_by_keys(
    page: Page, second: Page, analyst: User
):
    (article,) = fill_inbox(articles=1, tags=1)
    second.goto(f"/inbox/?article={article.pk}")
    second.keyboard.press("5")
    settled(second)
    page.goto(Tag.objects.get().get_absolute_url())
    page.keyboard.type("j1")
    row = page.locator(f"#evidence-{article.pk}")
    expect(row).to_contain_text("please say why")
    expect(row.get_by_label("Why", exact=True)).to_be_focused()
    assert Decision.objects.count() == 1
    page.keyboard.type("A list at its end.")
    page.keyboard.press("Control+Enter")
    expect(row).to_contain_text("Median 3 of 2 scores, yours is 1")
    assert Decision.objects.get(relevancy=1).comment == "A list at its end."
    # Who is asked why may as well say something else.
    page.reload()
    row.locator("summary").click()
    row.get_by_role("button", name="3", exact=True).click()
    expect(row).to_contain_text("please say why")
    row.get_by_role("button", name="Reject").click()
    expect(row).to_contain_text("1 rejects it")


def test_enter_in_the_day_to_look_again_says_nothing_of_the_mention_and_u_takes_a_days_word_back(
    page: Page, analyst: User, complaints: list[str]
):
    (article,) = fill_inbox(articles=1, tags=1)
    tag = Tag.objects.get()
    later = timezone.localdate() + timedelta(days=40)
    page.goto(f"/tags/{tag.pk}/evidence/{article.pk}/")
    day = page.get_by_label("Look again on")
    day.focus()
    page.keyboard.type(f"{later:%m%d%Y}")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("Press what you say of it")
    assert not Decision.objects.exists()
    expect(day).to_have_value(later.isoformat())
    page.get_by_role("button", name="3", exact=True).click()
    expect(page.locator("main")).to_contain_text("You want to look again on")
    assert Decision.objects.get().review_on == later
    page.keyboard.press("u")
    expect(page.locator("main")).not_to_contain_text("You want to look again on")
    # So does Enter beside the score of an item.
    page.goto(tag.get_absolute_url())
    page.get_by_text("Look again on a day").click()
    page.get_by_label("Look again on", exact=True).focus()
    page.keyboard.type(f"{later:%m%d%Y}")
    page.keyboard.press("Enter")
    expect(page.locator("#rating [role=alert]")).to_be_visible()
    assert not Rating.objects.exists()
    complaints.clear()


def test_an_article_that_somebody_reads_is_shown_and_passed_over_but_not_closed(
    page: Page, second: Page, analyst: User
):
    first, middle, last = fill_inbox(articles=3, tags=1)
    page.goto("/inbox/")
    expect(page.locator(".read .title")).to_have_text("Title 00")
    second.goto("/inbox/")
    # Ana reads the first one: Bob begins with the next.
    expect(second.locator(".read .title")).to_have_text("Title 01")
    expect(second.locator(".list li").first).to_contain_text("Ana reads this")
    page.keyboard.press("a")
    # Ana's list is older than Bob's claim, and passes over it all the same.
    expect(page.locator(".read .title")).to_have_text("Title 02")
    page.locator(".list a", has_text="Title 01").click()
    expect(page.locator(".read")).to_contain_text("Bob is reading this.")
    page.keyboard.press("a")
    expect(page.locator(".read .title")).to_have_text("Title 02")
    settled(page)
    assert set(Decision.objects.values_list("article", flat=True)) == {first.pk, middle.pk}
    assert set(Claim.objects.values_list("article", "user__name")) == {(middle.pk, "Bob"), (last.pk, "Ana")}


def test_putting_off_takes_two_keys_and_is_taken_back_like_anything_else(page: Page, analyst: User):
    first, _second = fill_inbox(articles=2, tags=1)
    page.goto("/inbox/")
    page.keyboard.type("s2")
    expect(page.locator(".read .title")).to_have_text("Title 01")
    expect(page.locator(".list li", has_text="Title 00")).to_contain_text("Put off until")
    page.reload()
    expect(page.locator(".list li")).to_have_count(1)
    page.keyboard.press("u")
    expect(page.locator(".read .title")).to_have_text("Title 00")
    expect(page.locator(".list li")).to_have_count(2)
    first.refresh_from_db()
    assert first.snoozed_until is None


def test_an_item_is_added_by_typing_its_name_in_either_language(
    page: Page, analyst: User, violations: Callable[..., list[str]]
):
    fill_inbox(articles=1, tags=1)
    wanted = make_tag("Mixture of experts")
    Tag.objects.filter(pk=wanted.pk).update(name_fr="Mélange d'experts")
    make_tag("Mixing desks")
    page.goto("/inbox/")
    page.keyboard.type("tmixture of")
    expect(page.locator("#offered [role=option]").first).to_contain_text("Mixture of experts")
    page.locator("[data-snooze]").evaluate("menu => (menu.open = true)")
    assert violations(page) == []
    page.locator("[data-snooze]").evaluate("menu => (menu.open = false)")
    page.keyboard.press("Enter")
    expect(page.locator("[data-suggestion]", has_text="Mixture of experts")).to_contain_text("confirmed")
    # The keys are for the list again.
    page.keyboard.press("a")
    settled(page)
    assert set(Decision.objects.values_list("tag__name", "verdict")) == {
        ("Mixture of experts", "accept"),
        ("Tag 0", "accept"),
    }


def test_what_is_chosen_stays_chosen_over_pages_and_filters_and_is_one_change(
    page: Page, analyst: User, violations: Callable[..., list[str]]
):
    articles = fill_inbox(articles=35, tags=1)
    before = form()
    page.goto("/inbox/")
    page.keyboard.press(" ")
    page.get_by_role("link", name="Next", exact=True).click()
    expect(page.locator(".list li")).to_have_count(5)
    expect(page.locator("#many")).to_contain_text("Chosen: 1")
    page.locator(".list input").nth(1).check()
    page.goto("/inbox/?language=en")
    expect(page.locator("#many")).to_contain_text("Chosen: 2")
    assert violations(page) == []
    page.get_by_label("Take out as").select_option("json")
    with page.expect_download() as taken:
        page.get_by_role("button", name="Take out").click()
    told = json.loads(Path(taken.value.path()).read_text())
    assert {one["id"] for one in told["articles"]} == {articles[0].pk, articles[31].pk}
    expect(page.locator("#many")).to_contain_text("Chosen: 2")
    page.keyboard.press("x")
    expect(page.locator("#toast")).to_contain_text("2 suggestions decided.")
    expect(page.locator("#many")).to_be_hidden()
    rejected = set(Decision.objects.values_list("article", flat=True))
    assert rejected == {articles[0].pk, articles[31].pk}
    assert Change.objects.values("together").distinct().count() == 1
    page.get_by_role("link", name="Choose all 33 that match").click()
    expect(page.locator("#many")).to_contain_text("All 33 articles are chosen")
    page.keyboard.press("4")
    expect(page.get_by_role("heading", name="Nothing that waits matches")).to_be_visible()
    assert Decision.objects.filter(relevancy=4).count() == 33
    page.keyboard.press("u")
    expect(page.locator(".list li")).to_have_count(30, timeout=30_000)
    page.keyboard.press("u")
    expect(page.locator("#inbox-count")).to_contain_text("35 articles wait", timeout=30_000)
    assert form() == before


def test_keys_of_the_inbox_are_letters_while_a_filter_is_typed_and_can_be_switched_off(
    page: Page, analyst: User
):
    fill_inbox(articles=1, tags=1)
    page.goto("/inbox/")
    page.keyboard.press("/")
    page.keyboard.type("ax1")
    expect(page.locator("main [type=search]")).to_have_value("ax1")
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    page.get_by_label("Keys are on").uncheck()
    page.get_by_role("button", name="Close").click()
    page.keyboard.type("ax1su")
    settled(page)
    assert not Decision.objects.exists()


def test_the_inbox_works_without_a_script(
    page: Page, analyst: User, live_server, chromium, violations: Callable[..., list[str]]
):
    fill_inbox(articles=3, tags=1)
    make_tag("Mixture of experts")
    page.goto("/inbox/")
    assert violations(page) == []
    context = chromium.new_context(
        base_url=live_server.url, java_script_enabled=False, storage_state=page.context.storage_state()
    )
    plain = context.new_page()
    plain.goto("/inbox/?kind=technology")
    plain.get_by_label("Choose “Title 01”").check()
    plain.locator("#many").get_by_role("button", name="reject").click()
    expect(plain.get_by_text("1 suggestion decided.")).to_be_visible()
    plain.get_by_label("Add an item to this article").fill("Mixture of experts")
    plain.get_by_role("button", name="Add", exact=True).click()
    expect(plain.locator("[data-suggestion]", has_text="Mixture of experts")).to_contain_text("confirmed")
    plain.locator("[data-suggestion]", has_text="Tag 0").get_by_role("button", name="reject").click()
    plain.goto(f"/inbox/?article={Article.objects.get(title='Title 00').pk}")
    plain.get_by_role("button", name="off topic").click()
    plain.goto("/inbox/")
    plain.locator("[data-snooze] summary").click()
    plain.locator("[data-snoozing]").get_by_role("button", name="for a week").click()
    expect(plain.get_by_role("heading", name="Nothing waits")).to_be_visible()
    assert set(Decision.objects.values_list("verdict", "why")) == {
        ("reject", ""), ("accept", ""), ("reject", "off_topic"),
    }  # fmt: skip
    for _ in range(4):
        plain.get_by_role("button", name="Undo").click()
    expect(plain.locator(".list li")).to_have_count(3)
    expect(plain.locator("#inbox-count")).to_have_text(re.compile("3 articles wait, 3 suggestions"))
    context.close()
