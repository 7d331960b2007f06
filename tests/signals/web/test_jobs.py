"""Watching, stopping and resuming what works in the background."""

from datetime import timedelta

import pytest
from django.utils import timezone

from signals import jobs
from signals.models import Change, Job, Role
from tests.signals.web.making import make_tag, plain

KIND = "match_tags"


@pytest.fixture
def job(db) -> Job:
    now = timezone.now()
    return Job.objects.create(
        kind=KIND, title="“MoE” matched with past articles", state="running", arguments={"tags": [0]},
        total=100_000, done=45_600, result={"created": 12}, started_at=now - timedelta(minutes=3),
        heartbeat_at=now - timedelta(seconds=20), lease_until=now + timedelta(seconds=10),
    )  # fmt: skip


def test_only_analysts_see_what_works_in_the_background(as_role, job):
    for path in ("/jobs/", f"/jobs/{job.pk}/"):
        assert as_role("").get(path).status_code == 302
        assert as_role(Role.VIEWER).get(path).status_code == 403
        assert as_role(Role.ANALYST).get(path).status_code == 200
    assert "/jobs/" in as_role(Role.ANALYST).get("/settings/").content.decode()
    assert "/jobs/" not in as_role(Role.VIEWER).get("/settings/").content.decode()


def test_a_running_job_says_how_far_it_is_and_asks_again(analyst, job):
    html = analyst.get(f"/jobs/{job.pk}/").content.decode()
    words = plain(html)
    for said in ("running", "45,600 of 100,000 · 45 %", "12 suggestions", "Last sign of life", "seconds ago"):
        assert said in words
    assert 'value="45"' in html and 'hx-trigger="every 2s"' in html and "Cancel" in words
    part = analyst.get(f"/jobs/{job.pk}/?state=running", headers={"HX-Request": "true"}).content.decode()
    assert part.lstrip().startswith("<section") and "job-said" not in part


def test_the_end_is_said_aloud_once_and_the_asking_ends(analyst, job):
    Job.objects.update(state="done", done=100_000, ended_at=timezone.now())
    part = analyst.get(f"/jobs/{job.pk}/?state=running", headers={"HX-Request": "true"}).content.decode()
    assert "hx-trigger" not in part and 'id="job-said"' in part and "100 %" in part
    assert "hx-trigger" not in analyst.get("/jobs/").content.decode()


def test_one_that_stands_still_says_so(analyst, job):
    Job.objects.update(heartbeat_at=timezone.now() - timedelta(minutes=5), lease_until=None)
    assert "Nobody works on it right now" in plain(analyst.get(f"/jobs/{job.pk}/").content)


def test_an_analyst_stops_a_job_and_lets_a_failed_one_go_on(analyst, job):
    assert analyst.post(f"/jobs/{job.pk}/cancel/").status_code == 302
    job.refresh_from_db()
    assert (job.state, job.is_cancel_asked) == ("running", True)
    assert "ends after this batch" in plain(analyst.get(f"/jobs/{job.pk}/").content)
    Job.objects.update(state="failed", error="The disk is <full>.", ended_at=timezone.now())
    html = analyst.get(f"/jobs/{job.pk}/").content.decode()
    assert "It stopped: The disk is &lt;full&gt;." in html and "Go on from here" in html
    analyst.post(f"/jobs/{job.pk}/retry/")
    job.refresh_from_db()
    assert (job.state, job.done, job.error, job.is_cancel_asked) == ("waiting", 45_600, "", False)
    assert "There is nothing to go on with" in plain(
        analyst.post(f"/jobs/{job.pk}/retry/", follow=True).content
    )
    assert analyst.get("/jobs/123456/").status_code == 404


def test_a_tag_that_is_being_matched_says_so_with_a_link_for_those_who_may_follow_it(as_role, job):
    tag = make_tag()
    path = tag.get_absolute_url()
    assert "Being matched" not in plain(as_role(Role.ANALYST).get(path).content)
    Job.objects.update(arguments={"tags": [tag.pk, 7]})
    html = as_role(Role.ANALYST).get(path).content.decode()
    assert "Being matched with past articles: 45 %" in plain(html) and f"/jobs/{job.pk}/" in html
    html = as_role(Role.VIEWER).get(path).content.decode()
    assert "45 %" in plain(html) and "/jobs/" not in html
    jobs.cancel_job(job=job)
    Job.objects.update(state="cancelled")
    assert "Being matched" not in plain(as_role(Role.ANALYST).get(path).content)


def test_undoing_the_stop_of_a_job_that_came_to_its_end_says_that_it_has_ended(analyst, job):
    analyst.post(f"/jobs/{job.pk}/cancel/")
    # Its batch was the last one: it came to its end before it was asked to stop.
    Job.objects.update(state="done", ended_at=timezone.now(), lease_until=None)
    answer = analyst.post(f"/history/{Change.objects.get().pk}/undo/")
    assert answer.status_code == 409
    assert "It has ended since." in plain(answer.content)
    assert "go on from where it stopped" not in plain(answer.content)
