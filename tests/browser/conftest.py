"""A real Chromium against a real server. A page that complains in its console fails the test."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Error, Page, sync_playwright

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
def window(live_server, settings, chromium: Browser, complaints: list[str]) -> Iterator[Callable[..., Page]]:
    """Opens windows, each with nobody or one session logged in, whose relative addresses are the live server's."""
    settings.PUBLIC_URL = live_server.url
    contexts: list[BrowserContext] = []

    def heard(message: ConsoleMessage) -> None:
        # Violations of the content security policy are errors here too.
        if message.type == "error":
            complaints.append(f"{message.text} ({message.location.get('url')})")

    def broke(error: Error) -> None:
        complaints.append(f"script error: {error}")

    def window(session: str = "") -> Page:
        context = chromium.new_context(
            base_url=live_server.url,
            locale="en-GB",
            timezone_id="UTC",
            viewport={"width": 1280, "height": 900},
            reduced_motion="reduce",
        )
        contexts.append(context)
        context.set_default_timeout(10_000)
        context.on("console", heard)
        context.on("weberror", lambda web_error: broke(web_error.error))
        if session:
            context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
        return context.new_page()

    yield window
    for context in contexts:
        context.close()


@pytest.fixture
def page(window: Callable[..., Page]) -> Page:
    """A window with nobody logged in."""
    return window()


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
    script = Axe().axe_script

    def violations(page: Page, *rules: str) -> list[str]:
        if page.evaluate("typeof axe") == "undefined":
            page.evaluate(script)
        # A target's size is the only rule for AA that axe leaves out unless asked. Frames have an address of their own.
        options = {
            "resultTypes": ["violations"],
            "iframes": False,
            **({"runOnly": list(rules)} if rules else {"rules": {"target-size": {"enabled": True}}}),
        }
        found = page.evaluate("async options => (await axe.run(options)).violations", options)
        return [
            f"{rule['id']}: {rule['help']} ({', '.join(str(node['target']) for node in rule['nodes'][:3])})"
            for rule in found
        ]

    return violations
