"""The first run: loaded once, alive on its first page, and taken away with one click."""

from collections import Counter
from types import SimpleNamespace

import pytest
from django.db import connection, transaction
from django.utils import timezone

from signals.curation.decisions import decide_tagging
from signals.curation.errors import CurationError
from signals.curation.proposals import accept_proposal, fold_proposal
from signals.curation.sample import remove_sample
from signals.curation.starter import load_starter
from signals.curation.undo import undo_change, undo_last
from signals.models import (
    Article,
    ArticleType,
    Change,
    Comment,
    Kind,
    Note,
    NoteRow,
    Proposal,
    Release,
    Setting,
    Source,
    Story,
    Tag,
    Tagging,
    TagTrend,
    User,
)
from signals.trends.labels import Label
from signals.trends.rollup import roll_up
from tests.signals.web.making import make_article, make_proposal, make_source, make_tag
from tests.signals.web.tables import COUNTED, differing, tables

NUMBERED = 30
LEAST = {Kind.SIGNAL: 4, Kind.BEHAVIOR: 4, Kind.TECHNOLOGY: 4, Kind.ISSUE: 4, Kind.CONCERN: 2}


def count_rows():
    """How many of everything that the first run writes."""
    tables = (Tag, Article, Release, Source, NoteRow, Proposal, TagTrend)
    return {table.__name__: table.objects.count() for table in tables}


def newest_day():
    """The day of the sample's newest article."""
    return Article.objects.filter(is_sample=True).latest("published_at").published_at.date()


@pytest.fixture(scope="module")
def first_run(django_db_setup, django_db_blocker):
    """The starter content, loaded once for this file and rolled back after it."""
    with django_db_blocker.unblock(), transaction.atomic():
        first = load_starter()
        before = count_rows()
        again = load_starter()
        yield SimpleNamespace(first=first, again=again, before=before)
        transaction.set_rollback(True)


@pytest.fixture
def numbers(first_run, db):
    """The trends of the tags that show a number."""
    return list(TagTrend.objects.exclude(label=Label.TOO_LITTLE).select_related("tag"))


def test_loading_twice_is_loading_once(first_run, db):
    assert (first_run.first.briefs, first_run.first.notes) == (40, 12)
    assert (first_run.again.tags, first_run.again.briefs, first_run.again.notes) == (0, 0, 0)
    assert count_rows() == first_run.before


def test_every_kind_has_tags_with_a_number_on_the_samples_last_day(numbers):
    assert len(numbers) >= NUMBERED
    assert {trend.as_of for trend in numbers} == {newest_day()}
    assert all(trend.mentions >= 3 and trend.publishers >= 2 for trend in numbers)
    of_kind = Counter(trend.tag.kind for trend in numbers)
    assert {kind: of_kind[kind] for kind, least in LEAST.items() if of_kind[kind] < least} == {}


def test_the_first_page_shows_movement_of_several_sorts_and_much_that_stays(numbers):
    labels = Counter(trend.label for trend in numbers)
    assert labels[Label.SURGING] >= 4
    assert labels[Label.EMERGING] >= 3
    assert labels[Label.NEW] >= 1
    assert labels[Label.SPIKE] >= 1
    assert labels[Label.STEADY] >= 10


def test_half_of_the_notes_rows_are_linked_and_some_are_proposals(first_run, db):
    linked = NoteRow.objects.filter(link=NoteRow.Link.CONFIRMED).count()
    assert 0.5 <= linked / NoteRow.objects.count() <= 0.75
    assert Proposal.objects.filter(status=Proposal.Status.WAITING).count() >= 20


def test_what_notes_state_is_shown_as_the_relevance_of_their_tags(first_run, db):
    stated = Tag.objects.filter(relevancy__isnull=False, relevancy_raters=0)
    assert stated.count() >= 20
    assert all(tag.relevancy_notes for tag in stated)


def test_removing_the_sample_keeps_catalogue_and_releases_and_it_does_not_come_back(first_run, db):
    tags, releases = Tag.objects.count(), Release.objects.count()
    facts = Article.objects.filter(type=ArticleType.RELEASE).count()
    assert remove_sample() == 52
    assert not Article.objects.filter(is_sample=True).exists()
    assert not NoteRow.objects.exists()
    assert not Tag.objects.filter(relevancy__isnull=False).exists()
    assert not Source.objects.filter(is_sample=True).exists()
    assert not Proposal.objects.filter(status=Proposal.Status.WAITING, evidence=None).exists()
    assert (Tag.objects.count(), Release.objects.count()) == (tags, releases)
    assert Article.objects.filter(type=ArticleType.RELEASE).count() == facts > 200

    again = load_starter()
    assert (again.briefs, again.notes) == (0, 0)
    assert not Article.objects.filter(is_sample=True).exists()
    assert Setting.objects.get(name="sample").value == {"loaded": False}


def test_what_was_decided_on_the_sample_goes_with_it_and_what_was_decided_before_can_still_be_undone(db):
    ana = User.objects.create_user("ana@example.org")
    tag, source = make_tag(), make_source()
    real, sample = make_article(source, [tag]), make_article(source, [tag], is_sample=True)
    for article in (real, sample):
        decide_tagging(article=article, tag=tag, by=ana, verdict="accept")
    remove_sample()
    undo_last(by=ana)
    assert Tagging.objects.get(article=real).state == "suggested"
    with pytest.raises(CurationError):
        undo_last(by=ana)


def test_a_proposal_seen_elsewhere_too_no_longer_counts_the_sample(db):
    source = make_source()
    proposal = make_proposal(make_article(source))
    proposal.evidence.create(article=make_article(source, is_sample=True))
    Proposal.objects.update(articles_count=2, publishers_count=2)
    remove_sample()
    proposal.refresh_from_db()
    assert (proposal.articles_count, proposal.publishers_count) == (1, 1)


def test_the_removed_sample_comes_back_as_it_was_with_what_was_decided_on_it(first_run, db):
    ada = User.objects.create_user("ada@example.org", role="administrator")
    decided = Tagging.objects.filter(article__is_sample=True, state="suggested").first()
    decide_tagging(article=decided.article, tag=decided.tag, by=ada, verdict="accept", relevancy=5)
    comment = Comment.objects.create(tag=decided.tag, article=decided.article, user=ada, text="See there.")
    roll_up()
    before, numbers = tables(without=COUNTED), ("tag", "mentions", "publishers", "label")
    trends = list(TagTrend.objects.order_by("tag").values_list(*numbers))
    remove_sample(by=ada)
    comment.refresh_from_db()
    assert comment.article is None
    removed = Change.objects.get(verb="sample.removed")
    undo_change(change=removed, by=ada)
    assert differing(before, tables(without=COUNTED)) == {}
    assert list(TagTrend.objects.order_by("tag").values_list(*numbers)) == trends
    assert load_starter().briefs == 0, "and it is not loaded a second time"
    undo_change(change=Change.objects.get(verb="tagging.decided"), by=ada)
    assert Tagging.objects.get(pk=decided.pk).state == "suggested"


def test_the_sample_comes_back_beside_what_came_since_or_says_in_words_why_not(first_run, db):
    ada = User.objects.create_user("ada@example.org", role="administrator")
    note = Note.objects.filter(article__is_sample=True).first()
    wording = Proposal.objects.filter(status="waiting", evidence__article__is_sample=True).first()
    tag, other = Tag.objects.filter(taggings__article__is_sample=True).order_by("pk").distinct()[:2]
    remove_sample(by=ada)
    removed = Change.objects.get(verb="sample.removed")
    source = make_source()
    anew = make_proposal(make_article(source))
    Proposal.objects.filter(pk=anew.pk).update(kind=wording.kind, normalised=wording.normalised)
    again = Note.objects.create(article=make_article(source), note_key=note.note_key, content_hash="x")
    with pytest.raises(CurationError, match="read in again since"):
        undo_change(change=removed, by=ada)
    again.delete()
    Tag.objects.filter(pk=tag.pk).update(merged_into=other)
    with pytest.raises(CurationError, match="merged since"):
        undo_change(change=removed, by=ada)
    Tag.objects.filter(pk=tag.pk).update(merged_into=None)
    undo_change(change=removed, by=ada)
    assert Article.objects.filter(is_sample=True).count() == 52
    assert not Proposal.objects.filter(pk=wording.pk).exists()
    assert Proposal.objects.get(pk=anew.pk).evidence.filter(article__is_sample=True).exists()


def test_whoever_comes_second_is_told_that_the_removal_was_undone_before(first_run, db):
    ada = User.objects.create_user("ada@example.org", role="administrator")
    remove_sample(by=ada)
    one, other = (Change.objects.get(verb="sample.removed") for _tab in range(2))
    undo_change(change=one, by=ada)
    with pytest.raises(CurationError, match="undone before"):
        undo_change(change=other, by=ada)


def test_an_item_made_of_the_sample_and_taken_back_meanwhile_does_not_keep_the_sample_away(first_run, db):
    ada = User.objects.create_user("ada@example.org", role="administrator")
    wording = Proposal.objects.filter(status="waiting", evidence__article__is_sample=True).first()
    made = accept_proposal(proposal=wording, by=ada)
    article = made.taggings.first().article
    decide_tagging(article=article, tag=made, by=ada, verdict="reject")
    remove_sample(by=ada)
    undo_last(by=ada)
    assert not Tag.objects.filter(pk=made.pk).exists()
    undo_change(change=Change.objects.get(verb="sample.removed"), by=ada)
    connection.check_constraints()
    wording.refresh_from_db()
    assert (wording.status, wording.articles_count) == ("waiting", wording.evidence.count())
    assert not Tagging.objects.filter(tag_id=made.pk).exists()
    assert Change.objects.get(verb="tagging.decided").undone_at is not None, "there is nothing to take back"


def test_the_sample_comes_back_without_the_story_proposal_and_item_that_went_meanwhile(first_run, db):
    ada = User.objects.create_user("ada@example.org", role="administrator")
    sample = Article.objects.filter(is_sample=True)
    story, near = Story.objects.create(created_at=timezone.now()), make_tag("Near")
    real = make_article(make_source(), story=story)
    moved = sample.filter(story=None).first()
    sample.filter(pk=moved.pk).update(story=story)
    waiting = Proposal.objects.filter(status="waiting", evidence__article__is_sample=True)
    likened, elsewhere = waiting.distinct().order_by("pk")[:2]
    Proposal.objects.filter(pk=likened.pk).update(similar_tag=near)
    elsewhere.evidence.create(article=real)
    remove_sample(by=ada)
    Article.objects.filter(pk=real.pk).update(story=None)
    for gone in (story, near, Proposal.objects.get(pk=elsewhere.pk)):
        gone.delete()
    undo_change(change=Change.objects.get(verb="sample.removed"), by=ada)
    connection.check_constraints()
    assert sample.count() == 52
    assert sample.get(pk=moved.pk).story is None
    assert Proposal.objects.get(pk=likened.pk).similar_tag is None


def test_a_fold_that_was_undone_while_the_sample_was_away_does_not_come_back_with_it(first_run, db):
    ada = User.objects.create_user("ada@example.org", role="administrator")
    wording = Proposal.objects.filter(status="waiting", evidence__article__is_sample=True).first()
    tag = Tag.objects.filter(kind=wording.kind, taggings=None).first() or make_tag(kind=wording.kind)
    fold_proposal(proposal=wording, into=tag, by=ada)
    assert Tagging.objects.filter(tag=tag, state="confirmed", article__is_sample=True).exists()
    remove_sample(by=ada)
    undo_change(change=Change.objects.get(verb="proposal.folded"), by=ada)
    with pytest.raises(CurationError, match="was part of it"):
        undo_change(change=Change.objects.get(verb="sample.removed"), by=ada)
    assert not Article.objects.filter(is_sample=True).exists()
