"""What people do all day, with the mouse, with the keyboard, and on every size of screen."""

import json
import re
from pathlib import Path

import pytest
from django.core.cache import cache
from playwright.sync_api import Page, expect

from signals.models import Article, Decision, Rating, Role, Tag, User
from signals.web.views.articles import ROWS
from tests.signals.web.making import make_article, make_proposal, make_source, make_tag


@pytest.fixture
def analyst(transactional_db, log_in) -> User:
    cache.clear()
    user = User.objects.create_user("ana@example.org", role=Role.ANALYST)
    log_in(user)
    return user


def test_the_trend_table_is_sorted_filtered_and_opened_and_back_leads_back(page: Page, analyst: User):
    for name, label, kept in [("Alpha", "surging", 9), ("Beta", "fading", 5), ("Gamma", "surging", 1)]:
        make_tag(name, label=label, mentions=kept, momentum=kept)
    page.goto("/tags/")
    names = page.locator("tbody a.name")
    expect(names).to_have_text(["Alpha", "Beta", "Gamma"])
    header = page.get_by_role("columnheader", name="Mentions")
    page.get_by_role("link", name="Mentions").click()
    expect(header).to_have_attribute("aria-sort", "descending")
    page.get_by_role("link", name="Mentions").click()
    expect(names).to_have_text(["Gamma", "Beta", "Alpha"])
    expect(page).to_have_url(re.compile(r"\?sort=-mentions$"))
    expect(header).to_have_attribute("aria-sort", "ascending")
    expect(page.get_by_role("link", name="Mentions")).to_be_focused()
    page.get_by_role("link", name="Surging 2").click()
    expect(names).to_have_text(["Gamma", "Alpha"])
    expect(page.locator("#announce")).to_have_text("2 of 3")
    page.go_back()
    expect(names).to_have_text(["Gamma", "Beta", "Alpha"])
    expect(page.locator("header.bar")).to_have_count(1)
    for key in "jjk":
        page.keyboard.press(key)
    expect(names.nth(0)).to_be_focused()
    page.keyboard.press("j")
    page.keyboard.press("o")
    expect(page.get_by_role("heading", level=1)).to_have_text("Beta")


def test_keys_are_letters_while_typing_and_can_be_switched_off(page: Page, analyst: User):
    make_tag("Alpha")
    page.goto("/tags/")
    page.keyboard.press("/")
    page.keyboard.type("jok?")
    expect(page.locator("#filter-q")).to_have_value("jok?")
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    page.get_by_label("Keys are on").uncheck()
    page.get_by_role("button", name="Close").click()
    page.reload()
    page.keyboard.press("j")
    expect(page.locator("tbody tr[aria-current]")).to_have_count(0)


def test_what_was_searched_for_is_walked_through_and_opened_with_the_keyboard(page: Page, analyst: User):
    tag, source = make_tag("Heron agents"), make_source()
    make_article(source, [tag], title="A heron lands")
    make_article(source, title="The heron leaves")
    page.goto("/search/")
    page.keyboard.press("/")
    page.keyboard.type("heron")
    page.keyboard.press("Enter")
    rows = page.locator("[data-row]")
    expect(rows).to_have_count(3)
    expect(page).to_have_url(re.compile(r"/search/\?q=heron$"))
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    expect(rows.nth(0).get_by_role("link", name="Heron agents")).to_be_focused()
    page.keyboard.press("j")
    opened = rows.nth(1).locator("a.name")
    expect(opened).to_be_focused()
    title = opened.inner_text()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("o")
    expect(page.get_by_role("heading", level=1)).to_have_text(title)


def test_articles_chosen_on_several_pages_go_out_together_until_none_is_chosen(page: Page, analyst: User):
    source = make_source()
    for number in range(ROWS + 2):
        make_article(source, publisher=f"p{number % 2}.example")
    page.goto("/articles/")
    boxes, chosen = page.locator("[data-row] input"), page.locator("[data-kept]")
    expect(chosen).to_be_hidden()
    boxes.nth(1).check()
    page.get_by_role("link", name="Next").click()
    expect(boxes).to_have_count(2)
    page.get_by_text("Take out, or group").click()
    page.get_by_label("Choose all on this page").check()
    expect(chosen).to_contain_text("Chosen: 3")
    page.goto("/articles/?publisher=p0.example")
    expect(boxes.first).to_be_visible()
    expect(chosen).to_contain_text("Chosen: 3")
    page.go_back()
    expect(page.locator("[data-row] input:checked")).to_have_count(2)
    boxes.first.uncheck()
    page.get_by_text("Take out, or group").click()
    page.locator("#chosen select").select_option("json")
    with page.expect_download() as taken:
        page.get_by_role("button", name="The chosen ones", exact=True).click()
    told = json.loads(Path(taken.value.path()).read_text())
    newest = list(Article.objects.order_by("-sort_at", "-pk").values_list("pk", flat=True))
    assert {one["id"] for one in told["articles"]} == {newest[1], newest[ROWS + 1]}
    page.get_by_role("button", name="The chosen ones tell the same news").click()
    expect(page.get_by_text("2 articles tell the same news now.")).to_be_visible()
    expect(chosen).to_be_hidden()
    boxes.first.check()
    page.get_by_role("button", name="Choose none").click()
    expect(chosen).to_be_hidden()
    page.reload()
    expect(page.locator("[data-row] input:checked")).to_have_count(0)


def test_a_score_far_from_the_others_is_saved_once_it_says_why(page: Page, analyst: User):
    tag = make_tag()
    for number, relevancy in enumerate((5, 5, 4)):
        other = User.objects.create_user(f"o{number}@example.org", role=Role.ANALYST)
        Rating.objects.create(tag=tag, user=other, relevancy=relevancy, rationale="Seen at work")
    Tag.objects.filter(pk=tag.pk).update(relevancy=5, relevancy_raters=3)
    page.goto(tag.get_absolute_url())
    scores = page.locator("#rating")
    expect(scores).not_to_contain_text("Seen at work")
    scores.get_by_role("button", name="2", exact=True).click()
    expect(scores.get_by_role("alert")).to_contain_text("please say why")
    expect(scores.get_by_role("textbox")).to_be_focused()
    scores.get_by_role("textbox").fill("Nobody here asks for it")
    scores.get_by_role("button", name="Save 2 with this reason").click()
    expect(scores).to_contain_text("Nobody here asks for it")
    expect(scores).to_contain_text("Seen at work")
    expect(scores.get_by_role("button", name="2", exact=True)).to_have_attribute("aria-pressed", "true")
    assert Rating.objects.get(user=analyst).relevancy == 2


def test_a_refused_action_says_why_and_leaves_the_page_as_it_was(
    page: Page, analyst: User, complaints: list[str]
):
    tag = make_tag("First")
    make_article(make_source(), [tag], title="Only")
    page.goto("/inbox/")
    Tag.objects.filter(pk=tag.pk).update(merged_into=make_tag("Survivor"))
    page.keyboard.press("a")
    expect(page.locator("#toast")).to_contain_text("merged into another one")
    expect(page.locator("[data-suggestion][data-waiting]")).to_have_count(1)
    assert not Decision.objects.exists()
    # The browser repeats in its console that the answer was a refusal.
    complaints.clear()


def test_everything_works_without_a_script(live_server, chromium, analyst: User, page: Page):
    article = make_article(make_source(), [make_tag("First")], title="Only")
    make_proposal(article, "New thing")
    context = chromium.new_context(
        base_url=live_server.url, java_script_enabled=False, storage_state=page.context.storage_state()
    )
    plain = context.new_page()
    plain.goto("/tags/")
    plain.get_by_role("link", name="Surging").last.click()
    plain.get_by_role("searchbox", name="Name").fill("fir")
    plain.get_by_role("button", name="Show").click()
    plain.locator("tbody a.name").click()
    plain.get_by_role("button", name="4").click()
    expect(plain.get_by_text("Your score was saved.")).to_be_visible()
    plain.goto("/inbox/")
    plain.locator("#read").get_by_role("button", name="accept").click()
    expect(plain.get_by_role("heading", name="Nothing waits")).to_be_visible()
    plain.get_by_role("button", name="Undo").click()
    expect(plain.locator("#read").get_by_role("button", name="accept")).to_be_visible()
    plain.goto("/inbox/proposals/")
    plain.get_by_role("button", name="Track it").click()
    expect(plain.get_by_role("heading", name="No proposals wait")).to_be_visible()
    context.close()
    assert Tag.objects.filter(name="New thing").exists()
    assert Rating.objects.get().relevancy == 4


def test_the_scheme_is_chosen_and_kept(page: Page, analyst: User):
    page.emulate_media(color_scheme="light")
    page.goto("/")
    page.locator("footer").get_by_role("button", name="Light or dark").click()
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-scheme", "dark")
    assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == "rgb(17, 21, 26)"


def test_on_a_phone_the_first_row_stands_under_folded_filters(page: Page, analyst: User):
    for label in ("surging", "fading"):
        make_tag(label=label)
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto("/tags/?label=surging")
    assert page.locator("tbody tr").first.bounding_box()["y"] < 500
    expect(page.locator("#trend-filters > summary")).to_have_text("Filters (1)Surging · 1 of 2")
    expect(page.locator("#filter-q")).to_be_hidden()
    page.keyboard.press("/")
    expect(page.locator("#filter-q")).to_be_focused()
    page.get_by_role("link", name="Surging 1").click()
    expect(page.locator("tbody a.name")).to_have_count(2)
    page.set_viewport_size({"width": 1024, "height": 800})
    expect(page.locator("#trend-filters > summary")).to_be_hidden()
    expect(page.locator("#filter-q")).to_be_visible()


def test_on_a_phone_the_inbox_is_a_list_then_an_article(page: Page, analyst: User):
    tag = make_tag("First")
    make_article(make_source(), [tag], title="Newer", inbox_score=2)
    make_article(make_source(), [tag], title="Older", inbox_score=0)
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto("/inbox/")
    expect(page.locator("#read")).to_be_hidden()
    page.locator(".list a").nth(1).click()
    expect(page.locator(".read .title")).to_have_text("Older")
    expect(page.locator(".list")).to_be_hidden()
    page.get_by_role("button", name="accept").click()
    expect(page.get_by_role("link", name="Next article")).to_be_visible()
    page.get_by_role("link", name="All articles").click()
    expect(page.locator(".list li.is-done .title")).to_have_text("Older")
