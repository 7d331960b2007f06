"""Nobody who only refers to a row makes a person wait, and what two do at once is done by both."""

import threading
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.db import connection, transaction

from ingestion.stories import group_stories, story_columns
from signals.curation.decisions import decide_tagging
from signals.curation.notes import import_note
from signals.curation.ratings import rate_tag, refresh_relevancies
from signals.curation.undo import undo_change
from signals.curation.work import stop_work
from signals.jobs import STEPS, Batch, claim_job, run_batch, start_job
from signals.models import Article, Change, Job, MentionDelta, Note, Story, User
from signals.notes.types import SourceNote
from signals.tagging.linking import link_note_rows
from signals.trends.rollup import drain_marks
from tests.signals.web.making import NOW, make_article, make_source, make_tag

pytestmark = pytest.mark.django_db(transaction=True)


@contextmanager
def elsewhere():
    """A cursor in somebody else's transaction, which is committed at the end."""
    other = connection.copy()
    other.set_autocommit(False)
    try:
        with other.cursor() as cursor:
            yield cursor
        other.commit()
    finally:
        other.close()


def wait_for_a_waiter(cursor, unless_ended=None):
    """Return once somebody waits for a lock of this transaction, or has ended without."""
    cursor.execute("SELECT pg_backend_pid()")
    (pid,) = cursor.fetchone()
    for _ in range(100_000):
        if unless_ended is not None and not unless_ended.is_alive():
            return
        cursor.execute(
            "SELECT count(*) FROM pg_locks WHERE NOT granted AND %s = ANY(pg_blocking_pids(pid))", [pid]
        )
        if cursor.fetchone()[0]:
            return
    raise AssertionError("nobody waits")


def in_a_thread(work):
    failures = []

    def run():
        try:
            work()
        except Exception as failure:  # noqa: BLE001 - shown by the test
            failures.append(failure)
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread, failures


def test_what_only_refers_to_an_article_or_a_tag_stops_nobody_from_deciding_rating_and_linking():
    ana = User.objects.create_user("ana@example.org")
    tag = make_tag()
    article = make_article(make_source(), [tag])
    report = import_note(note=SourceNote("A note"))
    with elsewhere() as cursor:
        # As a commit does with what its new taggings refer to; waiting for it in two orders is a deadlock.
        cursor.execute("SELECT 1 FROM signals_tag FOR KEY SHARE")
        cursor.execute("SELECT 1 FROM signals_article FOR KEY SHARE")
        with connection.cursor() as mine:
            mine.execute("SET lock_timeout = '3s'")
            decide_tagging(article=article, tag=tag, by=ana, verdict="accept")
            rate_tag(tag=tag, by=ana, relevancy=4)
            refresh_relevancies(tag_ids=[tag.pk])
            link_note_rows([report.note_id])
            mine.execute("RESET lock_timeout")


def test_a_note_that_comes_again_leaves_the_story_its_article_joined_meanwhile():
    report = import_note(note=SourceNote("A note", link="https://news.example/a", summary="Before."))
    story = Story.objects.create()
    with elsewhere() as cursor:
        cursor.execute(
            "UPDATE signals_article SET story_id = %s WHERE id = %s", [story.pk, report.article_id]
        )
        thread, failures = in_a_thread(
            lambda: import_note(note=SourceNote("A note", link="https://news.example/a", summary="After."))
        )
        wait_for_a_waiter(cursor)
    thread.join()
    assert failures == []
    assert Note.objects.get().summary == "After."
    assert Article.objects.get().story == story


def test_a_mention_whose_story_gains_an_earlier_article_while_it_is_decided_on_is_counted_on_that_day():
    ana, tag, source = User.objects.create_user("ana@example.org"), make_tag(), make_source()
    story = Story.objects.create()
    same = {"title": "Small lab releases open weights model that beats larger rivals", "text": ""}
    mentioned = make_article(source, publisher="p.example", story=story)
    Article.objects.filter(pk=mentioned.pk).update(published_at=NOW - timedelta(days=1))
    make_article(source, publisher="q.example", story=story, **same | story_columns(**same))
    earlier = make_article(
        source, publisher="p.example", published_at=NOW - timedelta(days=3), **same | story_columns(**same)
    )
    with transaction.atomic():
        decide_tagging(article=mentioned, tag=tag, by=ana, verdict="accept")
        thread, failures = in_a_thread(lambda: group_stories([earlier.pk]))
        with connection.cursor() as cursor:
            wait_for_a_waiter(cursor, unless_ended=thread)
    thread.join()
    assert failures == []
    assert Article.objects.filter(story=story).count() == 3
    drain_marks()
    (counted,) = MentionDelta.objects.values_list("tag", "day", "confirmed")
    assert counted == (tag.pk, (NOW - timedelta(days=3)).date(), 1)


def test_a_worker_that_was_asked_to_stop_goes_on_when_that_is_taken_back_as_it_looks(monkeypatch):
    monkeypatch.setitem(STEPS, "match_tags", "tests.signals.curation.test_locks.a_batch")
    user = User.objects.create_user("ana@example.org", role="analyst")
    job = claim_job(start_job(kind="match_tags", title="Matching", arguments={}, total=2).pk)
    stop_work(job=job, by=user)
    with transaction.atomic():
        undo_change(change=Change.objects.get(verb="job.cancelled"), by=user)
        thread, failures = in_a_thread(lambda: run_batch(job))
        with connection.cursor() as cursor:
            wait_for_a_waiter(cursor, unless_ended=thread)
    thread.join()
    assert failures == []
    job.refresh_from_db()
    assert (job.state, job.done) == (Job.State.RUNNING, 1)


def a_batch(job, *, now):
    return Batch(done=1)
