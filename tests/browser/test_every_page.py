"""Every page, wide in light and narrow in dark: axe finds nothing, nothing is too wide or too small to hit."""

from collections.abc import Callable

import pytest
from django.test import Client
from playwright.sync_api import Page

from tests.browser.every_page import FILES, PARTS, UNUSED, Visit, is_shown, make_people, make_visits, patterns

# What a finger can hit: everything but links in running text, which WCAG 2.5.8 exempts.
SMALL = """[...document.querySelectorAll("button, select, input, summary, .button, .chip, a.tag, nav a")]
  .filter(e => e.offsetParent && !e.closest(".visually-hidden"))
  .filter(e => !["hidden", "checkbox", "radio"].includes(e.type))
  .filter(e => Math.min(e.getBoundingClientRect().height, e.getBoundingClientRect().width) < 23.5)
  .map(e => "small: " + e.outerHTML.slice(0, 80))"""
WIDER = "Math.max(0, document.documentElement.scrollWidth - innerWidth)"


@pytest.fixture
def people(transactional_db) -> dict[str, str]:
    return make_people()


@pytest.fixture
def visits(people) -> dict[str, list[Visit]]:
    return make_visits()


def test_every_address_has_somebody_who_looks_at_it(visits: dict[str, list[Visit]], people: dict[str, str]):
    """A new page fails here until it stands in every_page.py, with something on it."""
    client = Client()
    client.cookies["sessionid"] = people["administrator"]
    known = set(visits) | FILES | PARTS | UNUSED
    unseen = {
        name for name, pattern in patterns() if name and name not in known if is_shown(name, pattern, client)
    }
    assert unseen == set()
    assert known - {name for name, _pattern in patterns()} == set()


def test_no_page_hinders_anybody_wide_in_light_or_narrow_in_dark(
    window: Callable[..., Page],
    people: dict[str, str],
    visits: dict[str, list[Visit]],
    violations: Callable[..., list[str]],
    complaints: list[str],
):
    windows = {name: window(people.get(name, "")) for name in (*people, "stranger")}
    found: dict[str, list[str]] = {}
    for visit in (visit for every in visits.values() for visit in every):
        page = windows[visit.by]
        if wrong := [*look(page, visit, violations), *(complaints if visit.status == 200 else [])]:
            found[f"{visit.address} {visit.clicks} {visit.by}"] = wrong
        # The browser repeats in its console that an answer was a refusal.
        complaints.clear()
    assert found == {}


def look(page: Page, visit: Visit, violations: Callable[..., list[str]]) -> list[str]:
    """What is wrong with a page at three widths: by every rule widest in light, and narrowest in dark."""
    page.set_viewport_size({"width": 1440, "height": 900})
    page.emulate_media(color_scheme="light")
    if visit.address.endswith("mail.html"):
        # No script runs at its own address, not even axe.
        mail = page.request.get(visit.address).text()
        page.goto("about:blank")
        page.set_content(mail)
    else:
        response = page.goto(visit.address)
        assert response
        if response.status != visit.status:
            return [f"answers {response.status}"]
    if visit.clicks:
        page.click(visit.clicks)
    wrong = [f"1440 light: {one}" for one in violations(page)]
    wrong += sizes(page, 1440) + sizes(page, 1024) + sizes(page, 390)
    page.emulate_media(color_scheme="dark")
    return wrong + [f"390 dark: {one}" for one in violations(page)]


def sizes(page: Page, width: int) -> list[str]:
    """What is too wide or too small at a width."""
    page.set_viewport_size({"width": width, "height": 900})
    over = page.evaluate(WIDER)
    return [f"{width}: {one}" for one in ([f"{over} px too wide"] if over else []) + page.evaluate(SMALL)]
