"""Whatever people and machines do, in any order: counts kept in step equal counts made from scratch."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from ingestion.stories import group_stories
from signals.curation.articles import add_article
from signals.curation.catalogue import create_tag
from signals.curation.decisions import decide_tagging, undo_decision
from signals.curation.errors import CurationError
from signals.curation.merging import merge_tags, split_tag
from signals.curation.sample import remove_sample
from signals.models import Article, Change, Decision, Source, SourceKind, Tag, Tagging, User
from signals.tagging.service import tag_articles
from signals.trends import timeline
from signals.trends.marks import mark_articles
from signals.trends.rollup import drain_marks, rebuild
from tests.signals.trends.test_rollup import counts_known_on, counts_now, rows

START = datetime(2026, 1, 5, 9, tzinfo=UTC)
NAMES = ("Quantum annealing", "Federated learning", "Neural rendering", "Speech cloning")
KEEPS_THE_PAST = {"late", "decide", "undo"}
STEPS = st.tuples(
    st.sampled_from(
        [
            *("late", "late", "late", "decide", "decide", "undo", "merge", "split"),
            *("archive", "retag", "join", "leave", "rebuild", "remove_sample"),
        ]
    ),
    st.integers(0, 60),
    st.integers(0, 60),
    st.integers(0, 30),
)


def mentions_known_on(day):
    """Mentions per (tag, day) by the state of a day alone, which past days of the table are read from."""
    asked = {
        "tags": list(Tag.objects.live().values_list("pk", flat=True)),
        "start": day - timedelta(days=400),
        "as_of": day,
        "known_on": day,
    }
    with transaction.atomic(), connection.cursor() as cursor:
        timeline.load_mentions(cursor, asked)
        cursor.execute("SELECT tag_id, day, count(*) FROM rollup_mention GROUP BY 1, 2")
        return {(tag, when): count for tag, when, count in cursor.fetchall()}


class Newsroom:
    """An installation to which things happen through its own services."""

    def __init__(self, tags, source, user):
        self.now, self.tags, self.source, self.user = START, tags, source, user

    def late(self, n, m):
        """An article that appeared up to weeks ago, known from now on."""
        named = {NAMES[n % 4], NAMES[m % 4]}
        text = " ".join(f"A laboratory shows what {name.lower()} can do on machine {n}." for name in named)
        article, is_new = add_article(
            text=f"{', '.join(sorted(named))} on machine {n}\n{text}",
            url=f"https://paper{m % 3}.example/{n}",
            published_at=self.now - timedelta(days=m % 23),
            source=self.source if n % 3 else None,
            now=self.now,
        )
        if is_new:
            tag_articles([article.pk], now=self.now)

    def decide(self, n, m):
        article = self.any_of(Article, n)
        verdict = ["accept", "reject", "score"][m % 3]
        if article:
            decide_tagging(
                article=article,
                tag=self.tags[n % 4],
                by=self.user,
                verdict=verdict,
                relevancy=1 + m % 5 if verdict == "score" else None,
                now=self.now,
            )

    def undo(self, n, m):
        if decision := self.any_of(Decision, n):
            undo_decision(decision=decision, by=self.user, now=self.now)

    def merge(self, n, m):
        merge_tags(
            source=Tag.objects.get(pk=self.tags[n % 4].pk),
            into=Tag.objects.get(pk=self.tags[m % 4].pk),
            by=self.user,
            now=self.now,
        )

    def split(self, n, m):
        merged = Change.objects.filter(verb="tag.merged").order_by("pk")
        if merged:
            split_tag(change=merged[n % len(merged)], by=self.user, now=self.now)

    def archive(self, n, m):
        Tag.objects.filter(pk=self.tags[n % 4].pk).update(status=["archived", "tracked"][m % 2])

    def retag(self, n, m):
        tag_articles(list(Article.objects.values_list("pk", flat=True)), now=self.now)

    def join(self, n, m):
        group_stories(list(Article.objects.values_list("pk", flat=True)))

    def leave(self, n, m):
        if article := self.any_of(Article.objects.exclude(story=None), n):
            mark_articles([article.pk])
            Article.objects.filter(pk=article.pk).update(story=None, story_reason="taken out")
            mark_articles([article.pk])

    def rebuild(self, n, m):
        rebuild()

    def remove_sample(self, n, m):
        if n % 4 == 0:
            remove_sample()
            self.source = None

    def any_of(self, what, n):
        found = list(getattr(what, "objects", what).order_by("pk"))
        return found[n % len(found)] if found else None


class UndoneError(Exception):
    """Leaves the transaction of an example."""


@pytest.mark.django_db
def test_any_run_of_services_leaves_the_counts_of_a_rebuild_and_the_past_as_it_was_known(db):
    tags = [create_tag(kind="technology", name=name, description=f"What {name} does.") for name in NAMES]
    source = Source.objects.create(kind=SourceKind.CURATED, name="Sample", is_sample=True)
    user = User.objects.create(email="analyst@example.org")
    seen = {"taggings": 0, "held": 0, "mentions": 0}

    @settings(
        max_examples=8,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        derandomize=True,
        phases=[Phase.generate],
    )
    @given(st.lists(STEPS, min_size=15, max_size=30))
    def run(steps):
        try:
            with transaction.atomic():
                room = Newsroom(tags, source, user)
                for name, n, m, hours in steps:
                    room.now += timedelta(hours=hours)
                    past = [room.now.date() - timedelta(days=back) for back in (1, 4, 9)]
                    drain_marks()
                    known = [counts_known_on(day) for day in past]
                    try:
                        with transaction.atomic():
                            getattr(room, name)(n, m)
                    except CurationError:
                        continue
                    if name in KEEPS_THE_PAST:
                        drain_marks(at_once=1 + m)
                        assert [counts_known_on(day) for day in past] == known, name
                        seen["held"] += any(known)
                drain_marks()
                assert counts_known_on(datetime.max.date()) == counts_now()
                for day in [*past, room.now.date()]:
                    counted = {
                        place: sum(counts)
                        for place, counts in counts_known_on(day).items()
                        if place[0] and place[1] <= day
                    }
                    assert mentions_known_on(day) == counted
                    seen["mentions"] += len(counted)
                increments = rows()
                rebuild()
                assert rows() == increments
                seen["taggings"] += Tagging.objects.counted().count()
                raise UndoneError
        except UndoneError:
            pass

    run()
    # Nothing would be shown by histories in which nothing happened.
    assert seen["taggings"] > 20
    assert seen["held"] > 20
    assert seen["mentions"] > 20
