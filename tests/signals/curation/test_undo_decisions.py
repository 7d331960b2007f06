"""Many decisions taken back at once leave what taking back each for itself leaves."""

from random import Random

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from signals.curation.decisions import decide_tagging
from signals.curation.undo import undo_change
from signals.curation.undo_decisions import undo_decisions
from signals.models import Change, Decision, DirtyMark, Stance, Tag, Tagging, User
from tests.signals.web.making import make_article, make_source, make_tag

pytestmark = pytest.mark.django_db


@pytest.fixture
def analysts():
    return [User.objects.create_user(f"{name}@example.org", role="analyst") for name in ("ana", "ben")]


def state():
    """Taggings, decisions, changes and medians; a tagging that was made anew has another number."""
    fields = [field.attname for field in Tagging._meta.concrete_fields if not field.primary_key]
    return [
        list(Tagging.objects.order_by("article", "tag").values(*fields)),
        list(Decision.objects.order_by("pk").values("pk", "before", "undone_by", "tag")),
        list(Change.objects.order_by("pk").values("pk", "undone_by")),
        list(Tag.objects.order_by("pk").values("relevancy", "relevancy_notes")),
        sorted(set(DirtyMark.objects.values_list("tag", "day")), key=str),
    ]


def decide_at_random(seed, analysts):
    rng, source = Random(seed), make_source()
    tags = [make_tag(f"Tag {number}") for number in range(4)]
    articles = [make_article(source, tags[:2]) for _ in range(5)]
    for _ in range(30):
        verdict = rng.choice(Decision.Verdict.values)
        decide_tagging(
            article=rng.choice(articles),
            tag=rng.choice(tags),
            by=rng.choice(analysts),
            verdict=verdict,
            relevancy=rng.randint(1, 5) if verdict == "score" else None,
            stance=rng.choice(Stance.values),
        )
    DirtyMark.objects.all().delete()


class Back(Exception):
    """Nothing of this happened."""


@pytest.mark.parametrize("seed", range(6))
def test_together_is_as_one_by_one(analysts, seed):
    decide_at_random(seed, analysts)
    chosen = list(Change.objects.filter(user=analysts[0]).order_by("-pk"))
    told = []
    try:
        with transaction.atomic():
            for change in chosen:
                undo_change(change=change, by=analysts[1])
            told = state()
            raise Back
    except Back:
        assert not Change.objects.exclude(undone_at=None).exists()
    assert undo_decisions(changes=chosen, by=analysts[1]) == {}
    assert state() == told
    again = undo_decisions(changes=chosen, by=analysts[1])
    assert set(again) == {change.pk for change in chosen}
    assert state() == told


def test_a_hundred_ask_the_database_no_more_than_three_do(analysts):
    source, tag = make_source(), make_tag()
    for article in [make_article(source, [tag]) for _ in range(100)]:
        decide_tagging(article=article, tag=tag, by=analysts[0], verdict="accept")
    changes = list(Change.objects.order_by("-pk"))
    asked = []
    for some in (changes[:3], changes[3:]):
        with CaptureQueriesContext(connection) as captured:
            assert undo_decisions(changes=some, by=analysts[0]) == {}
        asked.append(len(captured))
    assert asked[0] == asked[1]
    assert set(Tagging.objects.values_list("state", flat=True)) == {"suggested"}
