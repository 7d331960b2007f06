"""An upgrade that reads otherwise reads the past again, and leaves people's words alone."""

import pytest
from django.core.management import call_command
from django.utils import timezone

from signals.curation.decisions import decide_tagging
from signals.jobs import run_job
from signals.models import Article, Job, Setting, State, Tagging, User
from tests.signals.web.making import make_article, make_source, make_tag

pytestmark = pytest.mark.django_db


def test_what_an_older_version_read_is_read_again_but_for_decisions():
    tag = make_tag("Mixture of experts")
    article = make_article(
        make_source(),
        title="Mixture of experts at home",
        text="A mixture of experts.",
        processed_at=timezone.now(),
    )
    refused = make_article(
        make_source(), [tag], title="Mixture of experts again", processed_at=timezone.now()
    )
    decide_tagging(article=refused, tag=tag, by=User.objects.create_user("ana@example.org"), verdict="reject")
    Setting.objects.create(name="starter_loaded", value=True)
    Setting.objects.create(name="read_as", value="an older version")

    call_command("prepare", "--no-static")
    job = Job.objects.get(kind="read_again")
    run_job(job)

    assert Job.objects.get(pk=job.pk).state == Job.State.DONE
    assert Tagging.objects.get(article=article, tag=tag).state == State.SUGGESTED
    assert Tagging.objects.get(article=refused, tag=tag).state == State.REJECTED
    assert Article.objects.get(pk=article.pk).keywords
    call_command("prepare", "--no-static")
    assert Job.objects.filter(kind="read_again").count() == 1
