import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from signals.curation.catalogue import add_alias, create_tag
from signals.models import Decision, DirtyMark, Origin, Proposal, State, Tag, Tagging, User
from signals.tagging.service import TaggingSummary, tag_articles
from tests.signals.tagging.conftest import NOW

pytestmark = pytest.mark.django_db
TEXT = "A router picks the experts. Mixture-of-experts models (MoE) are sparse. AI agents use them."


def tag(name):
    return Tag.objects.get(name=name)


def state():
    # Which hidden pairs are drawn for the sample depends on the ids that the database happens to give.
    kept = Tagging.objects.exclude(state=State.SAMPLED)
    return list(kept.order_by("article_id", "tag_id").values())


def test_an_article_gets_suggestions_that_quote_it(small_catalogue, article):
    one = article("Mixture of experts, again", TEXT)
    assert tag_articles([one.pk], now=NOW).created == 2
    tagging = Tagging.objects.get(article=one, tag=tag("Mixture of experts (MoE)"))
    assert (tagging.state, tagging.origin, tagging.known_at) == (State.SUGGESTED, Origin.TAGGER, one.known_at)
    assert tagging.quote == "Mixture-of-experts models (MoE) are sparse."
    assert TEXT[tagging.quote_start :].startswith(tagging.quote)
    assert tagging.confidence >= 0.5
    assert tagging.estimated_relevancy >= 4
    one.refresh_from_db()
    assert one.processed_at == NOW
    assert one.tagger_version > 0
    assert DirtyMark.objects.filter(tag=tagging.tag).exists()


def test_tagging_again_changes_nothing(small_catalogue, article):
    ids = [article("Mixture of experts", TEXT).pk, article("Weather", "Rain is expected.").pk]
    tag_articles(ids, now=NOW)
    before, marks = state(), DirtyMark.objects.count()
    assert tag_articles(ids, now=NOW + timedelta(days=1)) == TaggingSummary(articles=2)
    assert state() == before
    assert DirtyMark.objects.count() == marks


def test_an_edited_article_loses_the_mentions_it_no_longer_makes(small_catalogue, article):
    one = article("Mixture of experts", TEXT)
    tag_articles([one.pk])
    one.title, one.text = "LLMs at work", ""
    one.save()
    DirtyMark.objects.all().delete()
    summary = tag_articles([one.pk])
    assert (summary.created, summary.deleted) == (1, 2)
    assert DirtyMark.objects.filter(tag=tag("Mixture of experts (MoE)")).exists()


def test_what_a_person_decided_survives_every_run(small_catalogue, article):
    one = article("Mixture of experts and AI agents", TEXT)
    tag_articles([one.pk])
    user = User.objects.create(email="analyst@team.example")
    rejected = Tagging.objects.get(tag=tag("AI agents"))
    rejected.state, rejected.decided_at, rejected.origin = State.REJECTED, NOW, Origin.PERSON
    rejected.save()
    accepted = Tagging.objects.get(tag=tag("Mixture of experts (MoE)"))
    accepted.state, accepted.stated_relevancy, accepted.decided_at = State.CONFIRMED, 5, NOW
    accepted.save()
    removed = tag("Large language models")
    Decision.objects.create(article=one, tag=removed, user=user, verdict=Decision.Verdict.REJECT)
    one.title, one.text = "LLMs", "Large language models and nothing else."
    one.save()
    before = state()
    tag_articles([one.pk])
    assert state() == before


def test_workers_notice_a_changed_catalogue(small_catalogue, article):
    one = article("Speculative decoding doubles the speed of LLMs")
    tag_articles([one.pk])
    assert len(state()) == 1
    new = create_tag(kind="technology", name="Draft models")
    add_alias(tag=new, name="speculative decoding")
    tag_articles([one.pk])
    assert Tagging.objects.filter(tag=new).count() == 1
    new.status = Tag.Status.ARCHIVED
    new.save()
    tag_articles([one.pk])
    assert not Tagging.objects.filter(tag=new).exists()


def test_queries_do_not_grow_with_the_number_of_articles(
    small_catalogue, article, django_assert_max_num_queries
):
    tag_articles([article("LLMs").pk])
    ids = [article(f"Mixture of experts {number}", TEXT).pk for number in range(40)]
    with django_assert_max_num_queries(31):
        tag_articles(ids)


def test_a_change_that_two_publishers_report_is_one_proposal_that_rises(small_catalogue, article):
    said = "Hospitals shift from central AI servers to bedside language models, driven by privacy rules."
    one = article("AI in care", said, publisher="a.example")
    two = article("More AI in care", said, publisher="b.example")
    tag_articles([one.pk, two.pk])
    tag_articles([one.pk, two.pk])
    proposal = Proposal.objects.get(kind="signal")
    assert (proposal.articles_count, proposal.publishers_count) == (2, 2)
    assert proposal.change == "From central AI servers to bedside language models"
    assert proposal.driving_force == "privacy rules"
    assert proposal.outlook == ""
    assert proposal.evidence.get(article=one).quote == said


def test_a_rejected_proposal_stays_rejected_and_a_forgotten_one_goes(small_catalogue, article):
    one = article("AI in care", "There is a lack of trained AI nurses. Debate about AI triage rules goes on.")
    tag_articles([one.pk])
    rejected = Proposal.objects.get(name__startswith="Lack")
    rejected.status = Proposal.Status.REJECTED
    rejected.save()
    one.text = ""
    one.save()
    tag_articles([one.pk])
    assert list(Proposal.objects.values_list("pk", "status")) == [(rejected.pk, "rejected")]


def test_the_command_tags_what_waits_and_refuses_what_is_not_there(small_catalogue, article):
    article("LLMs"), article("Rain")
    out = StringIO()
    call_command("tag_articles", "--json", stdout=out)
    assert json.loads(out.getvalue())["articles"] == 2
    out = StringIO()
    call_command("tag_articles", "--json", stdout=out)
    assert json.loads(out.getvalue())["articles"] == 0
    call_command("tag_articles", "--all", stdout=out)
    assert "2 articles tagged" in out.getvalue()
    with pytest.raises(CommandError, match="No such article: 4242"):
        call_command("tag_articles", "4242")


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_the_same_articles_write_each_mention_once(small_catalogue, article):
    said = "There is a lack of trained AI nurses."
    ids = [article(f"Mixture of experts {number}", f"{TEXT} {said}").pk for number in range(30)]

    def work(chosen):
        try:
            for _ in range(3):
                tag_articles(chosen)
        finally:
            connection.close()

    with ThreadPoolExecutor(3) as pool:
        for done in [pool.submit(work, chosen) for chosen in (ids, ids[::-1], ids[10:])]:
            done.result()
    assert Tagging.objects.exclude(state=State.SAMPLED).count() == 2 * len(ids)
    assert Proposal.objects.get().articles_count == len(ids)
