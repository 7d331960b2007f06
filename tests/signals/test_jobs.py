"""Jobs: whatever happens in the middle, each thing is done once, and people can stop it and start it again."""

import os
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest
import redis
from django.db import OperationalError, connection
from django.utils import timezone
from django.utils.module_loading import import_string

from signals import jobs
from signals.models import Job, Theme

ROOT = Path(__file__).resolve().parents[2]
TOTAL = 7


def make_themes(job, *, now):
    """Three themes a batch. The unique name makes doing anything twice an error."""
    first = job.cursor.get("next", 0)
    numbers = range(first, min(first + 3, job.total))
    for number in numbers:
        Theme.objects.create(name=f"Theme {number}", slug=f"theme-{number}")
        if number == job.arguments.get("fails_at") and not Theme.objects.filter(slug="mended").exists():
            raise {"people": jobs.JobError("The vectors are missing."), "bug": KeyError("x"),
                   "database": OperationalError("deadlock detected")}[job.arguments["how"]]  # fmt: skip
        flag = Path(job.arguments.get("flag", "."))
        if number == job.arguments.get("hangs_at") and not flag.exists():
            flag.touch()
            time.sleep(60)
    return jobs.Batch(
        done=len(numbers), cursor={"next": first + 3}, is_last=first + 3 >= job.total, result={"last": first}
    )


def clear_themes(job, *, now):
    Theme.objects.all().delete()


@pytest.fixture(autouse=True)
def steps(monkeypatch):
    monkeypatch.setitem(jobs.STEPS, "themes", "tests.signals.test_jobs.make_themes")


def start(**arguments) -> Job:
    return jobs.start_job(kind="themes", title="Making themes", arguments=arguments, total=TOTAL)


def made() -> list[str]:
    return sorted(Theme.objects.values_list("name", flat=True))


ALL = [f"Theme {number}" for number in range(TOTAL)]


def test_a_job_is_done_in_batches_to_its_end(db):
    job = jobs.run_job(start())
    assert (job.state, job.done, job.failed, job.result) == ("done", TOTAL, 0, {"last": 6})
    assert job.ended_at and job.heartbeat_at and job.lease_until is None
    assert made() == ALL
    assert jobs.run_due_jobs() == 0


@pytest.mark.parametrize(("how", "words"), [("people", "The vectors are missing."), ("bug", "KeyError: 'x'")])
def test_a_failed_batch_leaves_nothing_behind_and_a_retry_goes_on_from_the_cursor(db, how, words):
    job = start(fails_at=4, how=how)
    if how == "bug":
        with pytest.raises(KeyError):
            jobs.run_job(job)
    else:
        jobs.run_job(job)
    job.refresh_from_db()
    assert (job.state, job.error, job.done, job.cursor) == ("failed", words, 3, {"next": 3})
    assert made() == ALL[:3], "the half-done batch was rolled back"
    Theme.objects.create(name="Mended", slug="mended")
    assert jobs.retry_job(job=job)
    assert not jobs.retry_job(job=job), "it waits already"
    job = jobs.run_job(job)
    assert (job.state, job.error, job.done) == ("done", "", TOTAL)
    assert made() == ["Mended", *ALL]


def test_when_the_database_gives_up_the_job_is_taken_over_later(db):
    job = start(fails_at=4, how="database")
    with pytest.raises(OperationalError):
        jobs.run_job(job)
    assert jobs.run_due_jobs() == 0, "its lease holds"
    Theme.objects.create(name="Mended", slug="mended")
    long_ago = timezone.now() - timedelta(minutes=2)
    Job.objects.update(lease_until=long_ago, heartbeat_at=long_ago)
    assert jobs.run_due_jobs() == 2
    assert made() == ["Mended", *ALL]


def test_a_worker_that_lost_its_lease_writes_nothing(db):
    start()
    slow = jobs.claim_job()
    later = timezone.now() + 3 * jobs.LEASE
    other = jobs.claim_job(now=later)
    assert other is not None
    assert not jobs.run_batch(slow)
    assert made() == []
    assert jobs.run_batch(other)
    assert made() == ALL[:3]


def test_cancelling_ends_a_waiting_job_at_once_and_a_running_one_after_its_batch(db):
    waiting = start()
    assert jobs.cancel_job(job=waiting)
    assert not jobs.cancel_job(job=waiting)
    assert jobs.run_job(waiting).state == "cancelled"
    running = start()
    held = jobs.claim_job()
    assert jobs.run_batch(held)
    assert jobs.cancel_job(job=running)
    assert Job.objects.get(pk=running.pk).state == "running"
    assert not jobs.run_batch(held)
    running.refresh_from_db()
    assert (running.state, running.done) == ("cancelled", 3)
    assert jobs.retry_job(job=running)
    assert jobs.run_job(running).state == "done"
    assert made() == ALL


def test_giving_up_clears_what_its_kind_has_to_clear(db, monkeypatch):
    monkeypatch.setitem(jobs.GIVEN_UP, "themes", "tests.signals.test_jobs.clear_themes")
    job = start()
    held = jobs.claim_job()
    jobs.run_batch(held)
    jobs.cancel_job(job=job)
    jobs.run_batch(held)
    job.refresh_from_db()
    assert (job.state, made(), jobs.can_retry(job)) == ("cancelled", [], False)


def test_the_same_job_is_not_started_twice_while_it_is_open(db):
    first = start(of=1)
    assert start(of=1) == first
    assert start(of=2) != first
    jobs.run_job(first)
    assert start(of=1) != first


def test_of_one_kind_one_runs_at_a_time_and_jobs_of_different_kinds_take_turns(db, monkeypatch):
    monkeypatch.setitem(jobs.STEPS, "others", "tests.signals.test_jobs.make_themes")
    first, second = start(of=1), start(of=2)
    other = jobs.start_job(kind="others", title="Others", arguments={}, total=0)
    assert [jobs.claim_job(), jobs.claim_job(), jobs.claim_job()] == [first, other, None]
    assert second.state == "waiting"


def test_every_kind_has_what_it_names():
    kinds = {kind: path for kind, path in jobs.STEPS.items() if kind != "themes"}
    assert all(callable(import_string(path)) for path in [*kinds.values(), *jobs.GIVEN_UP.values()])
    assert jobs.GIVEN_UP.keys() <= kinds.keys()


@pytest.fixture
def broker(servers, settings):
    client = redis.Redis.from_url(settings.REDIS_URL)
    client.flushall()
    yield client
    client.flushall()


def test_a_turn_is_short_and_the_rest_is_asked_for_again(
    db, broker, django_capture_on_commit_callbacks, settings
):
    with django_capture_on_commit_callbacks(execute=True):
        job = start()
    assert broker.llen("analyze") == 1
    with django_capture_on_commit_callbacks(execute=True):
        assert jobs.run_due_jobs(job.pk, "", turn=0) == 1
    assert broker.llen("analyze") == 2
    assert jobs.run_due_jobs(job.pk, "", turn=0) == 0, "the first hint is an old one now"
    job.refresh_from_db()
    with django_capture_on_commit_callbacks(execute=True):
        assert jobs.run_due_jobs(job.pk, job.heartbeat_at.isoformat()) == 2
    assert broker.llen("analyze") == 2, "nothing is left to ask for"
    assert made() == ALL


WORKER = """
import sys
import django
from django.conf import settings
settings.DATABASES["default"]["NAME"] = sys.argv[1]
django.setup()
from signals import jobs
jobs.STEPS["themes"] = "tests.signals.test_jobs.make_themes"
jobs.run_due_jobs()
"""


@pytest.mark.django_db(transaction=True)
def test_a_worker_killed_in_mid_batch_leaves_its_job_to_the_next_one(tmp_path):
    flag = tmp_path / "hangs"
    job = start(hangs_at=4, flag=str(flag))
    worker = subprocess.Popen(
        [sys.executable, "-c", WORKER, connection.settings_dict["NAME"]],
        cwd=ROOT,
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "config.settings"},
    )
    try:
        limit = time.monotonic() + 30
        while not flag.exists():
            assert worker.poll() is None and time.monotonic() < limit
            time.sleep(0.02)
        later = timezone.now() + 3 * jobs.LEASE
        assert jobs.claim_job(job.pk, now=later) is None, "a batch may take longer than its lease"
    finally:
        worker.kill()
        worker.wait()
    assert made() == ALL[:3]
    Job.objects.update(lease_until=timezone.now())
    while jobs.claim_job(job.pk) is None:  # until the server has noticed that the worker is gone
        assert time.monotonic() < limit
        time.sleep(0.02)
    Job.objects.update(lease_until=timezone.now())
    job = jobs.run_job(job)
    assert (job.state, job.done) == ("done", TOTAL)
    assert made() == ALL
