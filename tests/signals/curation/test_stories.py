"""A person says which articles tell the same news; the machine keeps to it, and all of it can be taken back."""

from datetime import timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from ingestion.stories import content_hash, group_stories, story_columns
from signals.curation.errors import CurationError
from signals.curation.stories import group_articles, move_article, split_story, take_out
from signals.curation.undo import built_since, undo_change, undo_last
from signals.models import Article, Change, DirtyMark, MentionDelta, Story, Tagging, User, VolumeDelta
from signals.trends.rollup import drain_marks, rebuild
from tests.signals.web.making import NOW, make_article, make_source, make_tag

pytestmark = pytest.mark.django_db

NEWS = (
    "Small lab releases open weights model that beats larger rivals",
    "Regulator opens inquiry into chatbots that give medical advice",
)


@pytest.fixture
def ana() -> User:
    return User.objects.create_user("ana@example.org")


def make_news(number: int, *, title: str = NEWS[0], **fields) -> Article:
    at = NOW - timedelta(days=3 + number)
    made = {"publisher": f"p{number % 3}.example", "published_at": at, "known_at": at, "sort_at": at}
    made |= {"text": "", "content_hash": content_hash(title, ""), **story_columns(title, "")}
    return make_article(make_source(), title=title, **made | fields)


def places() -> list:
    return list(Article.objects.order_by("pk").values_list("pk", "story", "story_reason", "is_story_decided"))


def stories() -> list[set[int]]:
    """The articles of each story with more than one, in order."""
    found: dict[int, set[int]] = {}
    for pk, story, _reason, _decided in places():
        if story is not None:
            found.setdefault(story, set()).add(pk)
    return sorted((one for one in found.values() if len(one) > 1), key=min)


def test_an_article_moves_leaves_is_grouped_and_split_off_and_each_is_taken_back(ana):
    one, two, three, four = (make_news(n, title=NEWS[n // 2]) for n in range(4))
    group_stories([one.pk, two.pk, three.pk, four.pk])
    before, kept = places(), list(Story.objects.values())
    assert stories() == [{one.pk, two.pk}, {three.pk, four.pk}]
    move_article(article=two, to=three, by=ana)
    assert stories() == [{two.pk, three.pk, four.pk}]
    with pytest.raises(CurationError, match="already"):
        move_article(article=two, to=four, by=ana)
    take_out(article=three, by=ana)
    assert stories() == [{two.pk, four.pk}]
    group_articles(articles=[one.pk, four.pk], by=ana)
    assert stories() == [{one.pk, two.pk, four.pk}]
    split_story(articles=[one.pk, four.pk], by=ana)
    assert stories() == [{one.pk, four.pk}]
    for _ in range(4):
        undo_last(by=ana)
    assert (places(), list(Story.objects.values())) == (before, kept)


@pytest.mark.parametrize(
    ("do", "chosen"),
    [(group_articles, [0]), (group_articles, [0, 0]), (group_articles, [0, 1]), (split_story, [0, 1]),
     (split_story, [0, 2]), (split_story, [2]), (split_story, []), (group_articles, range(900, 1200))],
)  # fmt: skip
def test_what_makes_no_sense_is_refused_and_changes_nothing(ana, do, chosen):
    articles = [make_news(n) for n in range(2)] + [make_news(2, title=NEWS[1])]
    group_stories([article.pk for article in articles])
    before = places()
    with pytest.raises(CurationError):
        do(articles=[articles[n].pk if n < 3 else n for n in chosen], by=ana)
    assert (places(), Change.objects.count()) == (before, 0)


def test_the_machine_moves_nothing_that_a_person_placed(ana):
    one, two, three = (make_news(n) for n in range(3))
    group_stories([one.pk, two.pk, three.pk])
    take_out(article=three, by=ana)
    split_story(articles=[two.pk], by=ana)
    other = make_news(0, title=NEWS[1])
    move_article(article=two, to=other, by=ana)
    before = places()
    group_stories([one.pk, two.pk, three.pk, other.pk])
    assert places() == before
    # What is new may join; two stories between which a person drew a line stay two.
    late = make_news(4)
    group_stories([late.pk])
    group_stories([late.pk, one.pk, two.pk])
    assert [row for row in places() if row[0] != late.pk] == before
    late.refresh_from_db()
    assert late.story_id is not None


def test_what_was_moved_again_is_taken_back_in_reverse_and_told_before(ana):
    one, two, three = (make_news(n, title=f"{NEWS[0]} {n} {'x' * n * 9}", story_keys=[]) for n in range(3))
    first = move_article(article=one, to=two, by=ana)
    second = move_article(article=one, to=three, by=ana)
    assert [change.pk for change in built_since(first)] == [second.pk]
    with pytest.raises(CurationError, match="came later"):
        undo_change(change=first, by=ana)
    undo_change(change=second, by=ana)
    first.refresh_from_db()
    undo_change(change=first, by=ana)
    assert (stories(), Story.objects.count()) == ([], 0)


def test_who_left_a_story_that_became_another_one_comes_back_to_that(ana):
    one, two, three = (make_news(n) for n in range(3))
    gone, kept = Story.objects.create(), Story.objects.create()
    Article.objects.filter(pk__in=[one.pk, two.pk]).update(story=gone)
    change = take_out(article=two, by=ana)
    Article.objects.filter(pk__in=[one.pk, three.pk]).update(story=kept)
    gone.delete()
    undo_change(change=change, by=ana)
    two.refresh_from_db()
    assert (two.story_id, two.is_story_decided) == (kept.pk, False)


def rows() -> tuple:
    return (
        sorted(MentionDelta.objects.values_list("tag", "day", "known_on", "confirmed", "suggested")),
        sorted(VolumeDelta.objects.values_list("day", "known_on", "articles")),
    )


class UndoneError(Exception):
    """Leaves the transaction of an example."""


steps = st.tuples(
    st.sampled_from(["move", "out", "group", "split", "undo", "machine"]),
    st.lists(st.integers(0, 7), min_size=2, max_size=4, unique=True),
)


@settings(
    max_examples=15,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(st.lists(steps, min_size=5, max_size=14))
def test_any_run_of_moves_and_undos_leaves_the_counts_of_a_rebuild_and_goes_all_the_way_back(ana, run):
    try:
        with transaction.atomic():
            tags = [make_tag(f"Thing {n}") for n in range(2)]
            articles = [make_news(n, title=NEWS[n % 2], publisher=f"p{n // 3}.example") for n in range(8)]
            for n, article in enumerate(articles):
                Tagging.objects.create(
                    article=article, tag=tags[n % 3 % 2], confidence=0.9, estimated_relevancy=4
                )
            group_stories([article.pk for article in articles[:5]])
            rebuild()
            before, changes = places(), []
            for name, chosen in run:
                picked = [articles[n] for n in chosen]
                decided = [row for row in places() if row[3]]
                keys = [article.pk for article in picked]
                try:
                    if name == "move":
                        changes.append(move_article(article=picked[0], to=picked[1], by=ana))
                    elif name == "out":
                        changes.append(take_out(article=picked[0], by=ana))
                    elif name == "group":
                        changes.append(group_articles(articles=keys, by=ana))
                    elif name == "split":
                        changes.append(split_story(articles=keys, by=ana))
                    elif name == "undo" and changes:
                        change = Change.objects.get(pk=changes[chosen[0] % len(changes)].pk)
                        undo_change(change=change, by=ana)
                    elif name == "machine":
                        group_stories([article.pk for article in articles])
                        assert [row for row in places() if row[3]] == decided
                except CurationError:
                    continue
                if chosen[0] % 2:
                    drain_marks()
            for change in reversed(changes):
                change.refresh_from_db()
                if change.undone_at is None:
                    undo_change(change=change, by=ana)
                drain_marks()
            assert not DirtyMark.objects.exists()
            counted = rows()
            rebuild()
            assert rows() == counted
            if not any(name == "machine" for name, _chosen in run):
                assert places() == before
            raise UndoneError
    except UndoneError:
        pass
