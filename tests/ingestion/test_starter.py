import pytest

from ingestion.models import Schedule
from ingestion.starter import add_starter_sources
from signals.models import Source

pytestmark = pytest.mark.django_db


def test_the_starter_pack_is_added_once_with_its_registries_and_folders():
    assert add_starter_sources() == Source.objects.count() >= 40
    assert Source.objects.filter(kind="modelsdev").count() == 1
    assert not Source.objects.filter(kind="feed", folder="").exists()
    assert Schedule.objects.count() == Source.objects.count()
    assert add_starter_sources() == 0
