"""What every test may ask for: a database, a broker and the folder of real data."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

from config import embedded

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def servers() -> Iterator[None]:
    """PostgreSQL and Valkey, for tests that need Valkey but no database; `db` brings both."""
    with embedded.running(settings.VIGIE_HOME, servers=embedded.unset_servers(), durable=False):
        yield


@pytest.fixture(scope="session")
def django_db_modify_db_settings(servers: None) -> None:
    """pytest-django asks for this before it makes the test database."""


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real feeds, notes and news beside the checkout; where they are not, the test is skipped."""
    if not DATA.is_dir():
        pytest.skip("needs the real data in ../shared/data, which is not part of the project")
    return DATA
