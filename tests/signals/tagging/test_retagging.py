"""Jobs that tag the past with a version: what one that ends early takes with it."""

import pytest

from signals.curation.undo import undo_change
from signals.curation.work import go_on, stop_work
from signals.jobs import start_job
from signals.models import Change, Job, StagedTagging, TaggerVersion, User


def job_of(number, **fields) -> Job:
    job = start_job(kind="retag", title=f"Version {number}", arguments={"version": number}, total=1)
    Job.objects.filter(pk=job.pk).update(**fields)
    return Job.objects.get(pk=job.pk)


@pytest.mark.parametrize("way", ["cancelled", "retry undone"])
def test_an_old_job_that_ends_leaves_a_newer_version_that_tags_the_past_alone(db, way):
    ana = User.objects.create_user("ana@example.org", role="analyst")
    TaggerVersion.objects.create(number=2, status="refused")
    TaggerVersion.objects.create(number=3, status="staging")
    StagedTagging.objects.create(version=3, article_id=1, tag_id=1, state="suggested")
    newer = job_of(3)
    if way == "cancelled":
        stop_work(job=job_of(2), by=ana)
    else:
        go_on(job=job_of(2, state="failed", error="The disk is full."), by=ana)
        undo_change(change=Change.objects.get(verb="job.retried"), by=ana)
    assert TaggerVersion.objects.get(number=3).status == "staging"
    assert StagedTagging.objects.filter(version=3).exists()
    stop_work(job=newer, by=ana)
    assert TaggerVersion.objects.get(number=3).measures["why"] == "given_up"
    assert not StagedTagging.objects.exists()
