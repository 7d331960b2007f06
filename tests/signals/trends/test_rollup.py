"""The incremental roll-up against the plain truth, and what was known before stays as it was."""

import random
import threading
from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import IntegrityError, connection, connections, transaction

from signals.curation.decisions import decide_tagging, undo_decision
from signals.models import (
    Article,
    Decision,
    DirtyMark,
    Kind,
    MentionDelta,
    Source,
    SourceKind,
    Story,
    Tag,
    Tagging,
    User,
    VolumeDelta,
)
from signals.trends.marks import mark_articles, mark_tags
from signals.trends.rollup import drain_marks, rebuild

FIRST = datetime(2026, 1, 1, 9, tzinfo=UTC)


def rows():
    """The roll-up as it stands."""
    return (
        sorted(MentionDelta.objects.values_list("tag", "day", "known_on", "confirmed", "suggested")),
        sorted(VolumeDelta.objects.values_list("day", "known_on", "articles")),
    )


def counts_known_on(when):
    """Counts per (tag, day) from the roll-up; volume under tag None; zeros left out."""
    counts = {}
    for tag, day, confirmed, suggested in MentionDelta.objects.filter(known_on__lte=when).values_list(
        "tag", "day", "confirmed", "suggested"
    ):
        before = counts.get((tag, day), (0, 0))
        counts[tag, day] = (before[0] + confirmed, before[1] + suggested)
    for day, articles in VolumeDelta.objects.filter(known_on__lte=when).values_list("day", "articles"):
        counts[None, day] = counts.get((None, day), 0) + articles
    return {key: count for key, count in counts.items() if count not in (0, (0, 0))}


def counts_now():
    """The same counts straight from articles and taggings as they are."""
    first, counts, seen = {}, Counter(), {}
    dated = list(Article.objects.exclude(published_at=None))
    names = {a.pk: (a.story_id or f"alone {a.pk}", a.publisher) for a in dated}
    for a in dated:
        day = min(a.published_at, a.known_at).date()
        first[names[a.pk]] = min(first.get(names[a.pk], day), day)
    for day in first.values():
        counts[None, day] += 1
    for tagging in Tagging.objects.counted().filter(article__in=names):
        mention = (tagging.tag_id, names[tagging.article_id])
        seen[mention] = seen.get(mention, False) or tagging.state == "confirmed"
    for (tag, name), is_confirmed in seen.items():
        confirmed, suggested = counts.get((tag, first[name]), (0, 0))
        counts[tag, first[name]] = (confirmed + is_confirmed, suggested + (not is_confirmed))
    return dict(counts)


class World:
    """A few tags, publishers and stories, to which things happen by chance."""

    def __init__(self, seed):
        self.chance = random.Random(seed)
        self.now = FIRST
        self.source = Source.objects.create(kind=SourceKind.FEED, name="A feed", url="https://feed.example/")
        self.users = [User.objects.create(email=f"analyst{seed}-{n}@example.org") for n in range(3)]
        self.tags = [Tag.objects.create(kind=Kind.SIGNAL, name=f"Tag {n}") for n in range(4)]
        self.stories = [Story.objects.create() for _ in range(4)]

    def article(self):
        """A new article, often late, sometimes undated or dated in the future, tagged at once."""
        ago = self.chance.choice([0, 0, 1, 1, 5, 20, -2])
        article = Article.objects.create(
            source=self.source,
            title="News",
            publisher=self.chance.choice(["a.example", "b.example", ""]),
            story=self.chance.choice([None, *self.stories]),
            published_at=self.now - timedelta(days=ago) if self.chance.random() < 0.9 else None,
            known_at=self.now,
        )
        for tag in self.chance.sample(self.tags, 2):
            Tagging.objects.create(
                article=article,
                tag=tag,
                state=self.chance.choice(["suggested", "suggested", "suggested", "sampled"]),
                confidence=self.chance.choice([0.4, 0.5, 0.9, 0.9]),
                estimated_relevancy=self.chance.choice([2, 3, 4, 5]),
                known_at=self.now,
            )
        mark_articles([article.pk])

    def decision(self):
        """An analyst accepts, rejects or scores, also a tag that nobody suggested."""
        article = self.chance.choice(Article.objects.order_by("id"))
        verdict = self.chance.choice(["accept", "reject", "score"])
        decide_tagging(
            article=article,
            tag=self.chance.choice(self.tags),
            by=self.chance.choice(self.users),
            verdict=verdict,
            relevancy=self.chance.choice([1, 2, 3, 5]) if verdict == "score" else None,
            now=self.now,
        )

    def undo(self):
        """A decision is taken back, whatever was decided on top of it."""
        holding = list(Decision.objects.filter(undone_at=None).order_by("id"))
        if holding:
            undo_decision(decision=self.chance.choice(holding), by=self.users[0], now=self.now)

    def merge(self):
        """Two stories become one, or an article changes its story, publisher or date."""
        article = self.chance.choice(Article.objects.order_by("id"))
        mark_articles([article.pk])
        changed = []
        match self.chance.randrange(4):
            case 0:
                keep, gone = self.chance.sample(self.stories, 2)
                moved = list(Article.objects.filter(story=gone).values_list("id", flat=True))
                Article.objects.filter(story=gone).update(story=keep)
                mark_articles(moved)
            case 1:
                article.story, changed = self.chance.choice([None, *self.stories]), ["story"]
            case 2:
                article.publisher, changed = "c.example", ["publisher"]
            case 3:
                article.published_at = article.known_at - timedelta(days=self.chance.randrange(9))
                changed = ["published_at"]
        if changed:
            article.save(update_fields=changed)
        mark_articles([article.pk])


@pytest.mark.django_db
@pytest.mark.parametrize("seed", range(9))
def test_whatever_happens_the_increments_equal_the_truth_and_the_past_stays_as_it_was_known(seed):
    world = World(seed)
    world.article()
    known = {}
    for _ in range(25):
        for _ in range(world.chance.randrange(5)):
            world.chance.choice([world.article, world.decision, world.decision, world.undo])()
            world.now += timedelta(hours=1)
        if world.chance.random() < 0.5:
            drain_marks(at_once=world.chance.choice([3, 1000]))
        known[world.now.date()] = counts_now()
        world.now = (world.now + timedelta(days=1)).replace(hour=9)
    drain_marks()
    assert not DirtyMark.objects.exists()
    assert sum(len(counts) for counts in known.values()) > 100
    for day, counts in known.items():
        assert counts_known_on(day) == counts, day
    increments = rows()
    rebuild()
    assert rows() == increments


@pytest.mark.django_db
@pytest.mark.parametrize("seed", range(6))
def test_moved_stories_publishers_and_dates_leave_the_increments_equal_to_the_truth(seed):
    world = World(seed)
    for _ in range(6):
        world.article()
    for _ in range(60):
        world.chance.choice([world.article, world.decision, world.undo, world.merge, world.merge])()
        world.now += timedelta(hours=world.chance.randrange(30))
        if world.chance.random() < 0.3:
            drain_marks()
    drain_marks()
    assert counts_known_on(date.max) == counts_now()
    increments = rows()
    rebuild()
    assert rows() == increments


@pytest.mark.django_db
def test_merging_tags_moves_their_mentions():
    world = World(1)
    for _ in range(10):
        world.article()
    drain_marks()
    old, new = world.tags[0], world.tags[1]
    mark_tags([old.pk])
    Tagging.objects.filter(tag=old).exclude(article__taggings__tag=new).update(tag=new)
    Tagging.objects.filter(tag=old).delete()
    old.merged_into = new
    old.save()
    mark_tags([new.pk])
    drain_marks()
    assert not MentionDelta.objects.filter(tag=old).exists()
    assert counts_known_on(date.max) == counts_now()


@pytest.mark.django_db
def test_a_deleted_article_leaves_no_mention():
    world = World(2)
    for _ in range(5):
        world.article()
    drain_marks()
    mark_articles(Article.objects.values_list("id", flat=True))
    Article.objects.all().delete()
    drain_marks()
    assert rows() == ([], [])


@pytest.mark.django_db(transaction=True)
def test_writers_and_two_roll_ups_at_once_lose_nothing():
    world = World(3)
    failures = []

    def repeat(step, times):
        try:
            for _ in range(times):
                with transaction.atomic():
                    step()
        except Exception as failure:
            failures.append(failure)
            raise
        finally:
            connections.close_all()

    threads = [
        threading.Thread(target=repeat, args=(world.article, 60)),
        threading.Thread(target=repeat, args=(drain_marks, 15)),
        threading.Thread(target=repeat, args=(lambda: drain_marks(at_once=5), 15)),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    drain_marks()
    assert Article.objects.count() == 60
    assert counts_known_on(date.max) == counts_now()


@pytest.mark.django_db
def test_a_roll_up_that_dies_half_way_leaves_its_marks():
    world = World(4)
    world.article()
    marks = DirtyMark.objects.count()
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE signals_volumedelta ADD CONSTRAINT disk_full CHECK (articles < 0)")
    with pytest.raises(IntegrityError, match="disk_full"):
        drain_marks()
    assert DirtyMark.objects.count() == marks
    assert rows() == ([], [])
