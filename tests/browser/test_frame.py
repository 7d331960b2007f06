"""The house that every page lives in, as a browser sees it."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from signals.curation.people import issue_log_in_link
from signals.models import Role, User


@pytest.fixture
def administrator(transactional_db) -> User:
    return User.objects.create_user("ada@example.org", role=Role.ADMINISTRATOR)


def test_a_stranger_is_asked_to_log_in_on_a_page_anybody_can_use(
    page: Page, violations: Callable[[Page], list[str]]
):
    page.goto("/tags/")
    expect(page.locator("input[name=login]")).to_be_visible()
    assert violations(page) == []


def test_the_first_log_in_is_one_click_on_the_printed_link_and_works_once(
    page: Page, administrator: User, complaints: list[str]
):
    address = f"/log-in/{issue_log_in_link(user=administrator)}/"
    page.goto(address)
    page.locator("form[method=post] button").click()
    expect(page.locator("input[name=login]")).to_have_count(0)
    page.goto("/settings/")
    expect(page).to_have_url(re.compile("/settings/$"))
    page.context.clear_cookies()
    assert page.goto(address).status == 410
    expect(page.locator("form[method=post] button")).to_have_count(0)
    # A used link answers with an error, which the console repeats.
    complaints.clear()


def test_a_script_that_the_policy_forbids_is_noticed(page: Page, complaints: list[str]):
    page.goto("/accounts/login/")
    with page.expect_console_message():
        page.evaluate("document.head.append(Object.assign(document.createElement('script'), {text: '1'}))")
    assert any("Content Security Policy" in complaint for complaint in complaints)
    complaints.clear()
