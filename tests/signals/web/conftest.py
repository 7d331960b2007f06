"""People of each role."""

from collections.abc import Callable

import pytest
from django.test import Client

from signals.models import Role, User
from tests.signals.web.making import BACKEND


@pytest.fixture
def people(db) -> dict[str, User]:
    return {role: User.objects.create_user(f"{role}@example.org", role=role) for role in Role.values}


@pytest.fixture
def as_role(people) -> Callable[[str], Client]:
    """A client logged in as somebody of that role; an empty one is a stranger."""

    def as_role(role: str) -> Client:
        browser = Client()
        if role:
            browser.force_login(people[role], backend=BACKEND)
            browser.get("/settings/")  # the visit is written down at most every few minutes
        return browser

    return as_role


@pytest.fixture
def analyst(as_role) -> Client:
    return as_role(Role.ANALYST)


@pytest.fixture
def administrator(as_role) -> Client:
    return as_role(Role.ADMINISTRATOR)
