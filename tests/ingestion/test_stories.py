"""The same news at several publishers is one story."""

from datetime import UTC, datetime, timedelta

import pytest

from ingestion.stories import content_hash, group_stories, head_of, story_columns
from signals.models import Article, DirtyMark, Source, Story

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
WHEN = datetime(2026, 3, 2, 10, tzinfo=UTC)
TITLE = "Small lab releases open weights model that beats larger rivals"
TEXT = "The company said on Tuesday that its new model answers questions in forty languages and runs on one card."


def article(publisher, when=WHEN, title=TITLE, text="", url=""):
    source, _ = Source.objects.get_or_create(kind="feed", name=publisher, url=f"https://{publisher}/feed")
    return Article.objects.create(
        source=source, publisher=publisher, title=title, text=text, url_key=url, published_at=when,
        known_at=when, sort_at=when, content_hash=content_hash(title, text), **story_columns(title, text),
    )  # fmt: skip


def stories_of(*articles):
    for one in articles:
        one.refresh_from_db()
    return [one.story_id for one in articles]


def test_near_equal_titles_within_days_are_one_story_headed_by_the_earliest():
    second = article("b.example", WHEN + DAY, title=TITLE + " - B News")
    assert group_stories([second.pk]) == 0
    first = article("a.example")
    assert group_stories([first.pk]) == 2
    assert len(set(stories_of(first, second))) == 1
    assert head_of(first.story) == first.pk
    assert (first.story_reason, "title" in second.story_reason) == ("", True)


def test_the_same_title_weeks_later_or_from_the_same_publisher_is_other_news():
    batch = [article("a.example"), article("a.example", WHEN + DAY), article("b.example", WHEN + 30 * DAY)]
    assert group_stories([one.pk for one in batch]) == 0


def test_the_same_text_under_other_titles_is_one_story():
    batch = [article("a.example", text=TEXT * 2), article("b.example", title="Something else", text=TEXT * 2)]
    assert group_stories([one.pk for one in batch]) == 2


def test_a_pasted_article_joins_the_story_although_nobody_gave_it_keys_and_releases_never_do():
    news, pasted, release = (article(f"{name}.example") for name in "abc")
    Article.objects.filter(pk__in=[pasted.pk, release.pk]).update(title_key="", story_keys=[])
    Article.objects.filter(pk=release.pk).update(type="release")
    assert group_stories([news.pk, pasted.pk, release.pk]) == 2
    assert stories_of(news, pasted, release)[2] is None


def test_who_was_taken_out_by_a_person_stays_out():
    first, second = article("a.example"), article("b.example")
    Article.objects.filter(pk=second.pk).update(story_reason="taken out")
    assert group_stories([first.pk, second.pk]) == 0


def test_an_article_like_two_stories_makes_them_one():
    ends = [article("a.example", WHEN), article("b.example", WHEN + 6 * DAY)]
    for one in ends:
        Article.objects.filter(pk=one.pk).update(story=Story.objects.create())
    between = article("c.example", WHEN + 3 * DAY)
    group_stories([between.pk])
    group_stories([ends[1].pk, between.pk])
    assert len(set(stories_of(*ends, between))) == 1
    assert Story.objects.count() == 1


def test_joining_moves_the_counts_of_the_days_of_all_members():
    batch = [article("a.example"), article("b.example", WHEN + DAY)]
    group_stories([one.pk for one in batch])
    assert set(DirtyMark.objects.values_list("day", flat=True)) == {WHEN.date(), (WHEN + DAY).date()}


def test_a_story_that_meets_two_others_at_once_leaves_neither_behind():
    other = "Regulator opens inquiry into chatbots that give medical advice"
    stories = [Story.objects.create() for _ in range(3)]
    first, second = article("a.example"), article("b.example", title=other)
    batch = [article("c.example", WHEN + DAY), article("d.example", WHEN + DAY, title=other)]
    for one, story in zip(
        [first, second, *batch], [stories[0], stories[1], stories[2], stories[2]], strict=True
    ):
        Article.objects.filter(pk=one.pk).update(story=story)
    group_stories([one.pk for one in batch])
    assert len(set(stories_of(first, second, *batch))) == 1
    assert Story.objects.count() == 1
