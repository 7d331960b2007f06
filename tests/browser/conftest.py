"""A real Chromium against a real server. A page that complains in its console fails the test."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.test import Client
from playwright.sync_api import Browser, ConsoleMessage, Error, Page, sync_playwright

# Playwright keeps an event loop in this thread, where Django would refuse the tests' own queries.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]
HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.browser)


def find_chromium() -> str:
    """CHROMIUM, or the first Chromium or Chrome in PATH; fails with what to type."""
    named = os.environ.get("CHROMIUM")
    for name in [named] if named else ["chromium", "chromium-browser", "google-chrome"]:
        found = shutil.which(name)
        if found:
            return found
    pytest.fail(
        f"CHROMIUM={named} is not a program"
        if named
        else "no Chromium: sudo apt-get install chromium, or CHROMIUM=/path/to/chromium",
        pytrace=False,
    )


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def complaints() -> Iterator[list[str]]:
    """What pages complained about so far; a test that expects a complaint clears it."""
    found: list[str] = []
    yield found
    assert not found, "\n".join(found)


@pytest.fixture
def page(live_server, settings, chromium: Browser, complaints: list[str]) -> Iterator[Page]:
    """A window with nobody logged in, whose relative addresses are the live server's."""
    settings.PUBLIC_URL = live_server.url
    context = chromium.new_context(
        base_url=live_server.url,
        locale="en-GB",
        timezone_id="UTC",
        viewport={"width": 1280, "height": 900},
        reduced_motion="reduce",
    )
    context.set_default_timeout(10_000)

    def heard(message: ConsoleMessage) -> None:
        # Violations of the content security policy are errors here too.
        if message.type == "error":
            complaints.append(f"{message.text} ({message.location.get('url')})")

    def broke(error: Error) -> None:
        complaints.append(f"script error: {error}")

    context.on("console", heard)
    context.on("weberror", lambda web_error: broke(web_error.error))
    page = context.new_page()
    yield page
    context.close()


@pytest.fixture
def log_in(page: Page, live_server) -> Callable[..., None]:
    """Log somebody in without the log-in page, which has a test of its own."""

    def log_in(user) -> None:
        client = Client()
        client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
        cookie = client.cookies["sessionid"]
        page.context.add_cookies([{"name": "sessionid", "value": cookie.value, "url": live_server.url}])

    return log_in


@pytest.fixture(scope="session")
def violations() -> Callable[..., list[str]]:
    """The page's accessibility violations that axe-core finds, by all its rules or by some, one line each."""
    axe = Axe()

    def violations(page: Page, *rules: str) -> list[str]:
        found = axe.run(page, options={"runOnly": list(rules)} if rules else None).response["violations"]
        return [
            f"{rule['id']}: {rule['help']} ({', '.join(str(node['target']) for node in rule['nodes'][:3])})"
            for rule in found
        ]

    return violations
