"""A simulated analyst: what was decided is learned, judged on what came later, put to use, and taken back."""

from datetime import timedelta
from random import Random

import pytest
from django.db import OperationalError, connection, transaction
from django.utils import timezone

from signals.curation.catalogue import create_tag, load_catalogue
from signals.curation.decisions import decide_tagging
from signals.curation.errors import CurationError
from signals.curation.taggers import take_back_tagger
from signals.curation.undo import undo_change, undo_last
from signals.jobs import claim_job, run_batch, run_job, start_job
from signals.models import (
    Article,
    Change,
    Job,
    MentionDelta,
    Origin,
    Source,
    SourceKind,
    StagedTagging,
    State,
    Tag,
    TaggerVersion,
    Tagging,
    User,
)
from signals.tagging.catalogue_index import current_tagger, version_in_use
from signals.tagging.learned import Learned
from signals.tagging.service import tag_articles
from signals.tagging.tagger import Document
from signals.tagging.versions import Wait, train_if_due, training_due
from signals.trends.rollup import drain_marks, rebuild
from tests.signals.curation.test_locks import elsewhere, in_a_thread, wait_for_a_waiter

NAMES = """
[[tag]]
kind = "technology"
name = "Gemini"
description = "Google's family of AI models."

[[tag]]
kind = "technology"
name = "Large language models"
aliases = ["LLM", "language model"]
description = "AI models trained on text that write and answer in natural language."
"""
MODELS = [
    "A language model reads the code and answers developers",
    "the team trains a chatbot on more data",
    "tokens cost less for those who build agents",
    "a benchmark compares what each LLM can prove",
    "engineers call the API from their software",
    "the laboratory opens the weights of its AI model",
]
STARS = [
    "The horoscope promises love and a journey",
    "astrologers see AI under a lucky moon",
    "a twin sign born in June should rest",
    "Venus and Mars favour new friends this week",
    "the zodiac warns of quarrels about money",
    "stars smile on those who wait for an answer",
]


def text(random, sentences):
    first, second, third = random.sample(sentences, 3)
    return f"{first}. With Gemini {second}. {third.capitalize()}."


class World:
    """Articles about the models and about the stars, tagged, and an analyst who knows which is which."""

    def __init__(self):
        load_catalogue(NAMES)
        self.tag = Tag.objects.get(name="Gemini")
        self.source = Source.objects.create(kind=SourceKind.FEED, name="A feed", url="https://f.example/rss")
        self.ana = User.objects.create_user("ana@example.org")
        self.random = Random(1)
        self.now = timezone.now()

    def news(self, count):
        made = []
        for number in range(count):
            is_star = number % 2 == 1
            at = self.now - timedelta(days=20) + timedelta(minutes=Article.objects.count())
            made.append(
                Article.objects.create(
                    source=self.source,
                    title=f"Gemini this {self.random.choice(['Monday', 'Friday', 'summer'])}",
                    text=text(self.random, STARS if is_star else MODELS),
                    publisher=f"p{number % 5}.example",
                    author="stars" if is_star else "models",
                    published_at=at,
                    known_at=at,
                    sort_at=at,
                )
            )
        tag_articles([article.pk for article in made])
        return made

    def decide(self, articles, start=0, *, is_changed=False):
        for number, article in enumerate(articles):
            at = self.now - timedelta(days=10) + timedelta(minutes=start + number)
            for tagging in article.taggings.waiting().select_related("tag"):
                is_wrong = article.author == "stars"
                verdict = "reject" if is_wrong is not is_changed else "accept"
                decide_tagging(article=article, tag=tagging.tag, by=self.ana, verdict=verdict, now=at)

    def train(self):
        return train_if_due(self.now).version


@pytest.fixture
def world(db):
    return World()


@pytest.fixture
def committed(transactional_db):
    return World()


def machines():
    """What the machine says, without ids and versions."""
    fields = [field.name for field in Tagging._meta.concrete_fields]
    fields = [name for name in fields if name not in {"id", "tagger_version"}]
    return list(Tagging.objects.order_by("article", "tag").values(*fields))


def counts():
    drain_marks()
    return list(
        MentionDelta.objects.order_by("tag", "day", "known_on").values_list("tag", "day", "suggested")
    )


def shown(tag, articles):
    return set(
        Tagging.objects.filter(tag=tag, article__in=articles, state=State.SUGGESTED).values_list(
            "article__author", flat=True
        )
    )


def test_a_name_rejected_in_one_context_is_hidden_there_and_everything_comes_back_when_taken_back(world):
    world.decide(world.news(60))
    later = world.news(20)
    assert shown(world.tag, later) == {"models", "stars"}
    drain_marks()
    before, counted = machines(), counts()
    version = world.train()
    assert version.measures["why"] == ""
    assert version.measures["new"]["log_loss"] < version.measures["old"]["log_loss"]
    assert version.status == TaggerVersion.Status.STAGING
    assert training_due(world.now).wait == Wait.STAGING
    job = run_job(Job.objects.get(kind="retag"))
    assert (job.state, job.done) == (Job.State.DONE, 80)
    assert version_in_use() == version.number
    assert shown(world.tag, later) == {"models"}
    assert set(Tagging.objects.filter(article__in=later).values_list("tagger_version", flat=True)) == {2}
    switched = counts()
    assert switched != counted
    rebuild()
    assert counts() == switched
    assert training_due(world.now + timedelta(hours=1)).wait == Wait.PROMOTED_TODAY
    fresh = world.news(4)
    assert shown(world.tag, fresh) == {"models"}
    fresh_ids = [article.pk for article in fresh]

    assert take_back_tagger(by=world.ana) is None
    assert version_in_use() == 1
    assert shown(world.tag, fresh) == {"models", "stars"}
    Article.objects.filter(pk__in=fresh_ids).update(published_at=None)
    assert [row for row in machines() if row["article"] not in fresh_ids] == before
    version.refresh_from_db()
    assert version.status == TaggerVersion.Status.TAKEN_BACK
    assert training_due(timezone.now() + timedelta(days=2)).wait == Wait.TOO_FEW
    assert not StagedTagging.objects.exists()
    with pytest.raises(CurationError):
        take_back_tagger(by=world.ana)
    # It is undone from the log alone, and doesn't stand in the way of what the person did before.
    assert undo_last(by=world.ana).change.target.startswith("decision:")


def test_a_version_that_was_taken_back_is_put_to_work_again_from_the_log(world):
    world.decide(world.news(60))
    later = world.news(20)
    version = world.train()
    run_job(Job.objects.get())
    learned = machines()
    take_back_tagger(by=world.ana)
    change = Change.objects.get(verb="tagger.taken_back")
    assert machines() != learned
    undo_change(change=change, by=world.ana)
    run_job(Job.objects.get(state=Job.State.WAITING))
    assert version_in_use() == version.number
    assert shown(world.tag, later) == {"models"}
    assert machines() == learned
    # One who reads it twice is told; a second way back is another change.
    with pytest.raises(CurationError):
        undo_change(change=Change.objects.get(pk=change.pk), by=world.ana)
    assert take_back_tagger(by=world.ana) is None
    TaggerVersion.objects.filter(number=version.number).update(status=TaggerVersion.Status.REFUSED)
    with pytest.raises(CurationError, match="Another version"):
        undo_change(change=Change.objects.latest("pk"), by=world.ana)


def test_a_version_whose_predecessor_is_still_on_its_way_back_stays_in_use(world, monkeypatch):
    monkeypatch.setattr("signals.curation.taggers.AT_ONCE", 0)
    world.decide(world.news(60))
    version = world.train()
    run_job(Job.objects.get())
    world.news(4)
    job = take_back_tagger(by=world.ana)
    change = Change.objects.get(verb="tagger.taken_back")
    claim_job(job.pk)
    with pytest.raises(CurationError, match="just coming back"):
        undo_change(change=change, by=world.ana)
    Job.objects.filter(pk=job.pk).update(state=Job.State.WAITING, lease_until=None)
    undo_change(change=change, by=world.ana)
    job.refresh_from_db()
    assert job.state == Job.State.CANCELLED
    assert (version_in_use(), TaggerVersion.objects.get().status) == (version.number, "active")


def test_a_version_that_is_no_better_is_kept_aside_with_its_figures_and_nothing_moves(world):
    articles = world.news(60)
    world.decide(articles[:48])
    world.decide(articles[48:], start=48, is_changed=True)
    before = machines()
    version = world.train()
    assert version.status == TaggerVersion.Status.REFUSED
    assert version.measures["why"] == "not_better"
    assert version.held_back == version.measures["new"]["decisions"] > 5
    assert not Job.objects.exists()
    assert machines() == before
    assert training_due(world.now).wait == Wait.TOO_FEW


def test_people_and_notes_keep_their_word_and_a_tag_changed_meanwhile_its_taggings(world):
    world.decide(world.news(60))
    later = world.news(10)
    world.train()
    kept = Tagging.objects.filter(article=later[1], tag=world.tag)
    kept.update(origin=Origin.NOTE, state=State.CONFIRMED, stated_relevancy=5)
    decided = list(Tagging.objects.exclude(decided_at=None).order_by("pk").values())
    job = claim_job(Job.objects.get().pk)
    assert run_batch(job)
    new = create_tag(kind="technology", name="Horoscopes")
    Tagging.objects.create(article=later[3], tag=new, confidence=0.9, estimated_relevancy=3, tagger_version=1)
    assert not run_batch(job)
    assert version_in_use() == 2
    assert list(Tagging.objects.exclude(decided_at=None).order_by("pk").values()) == decided
    assert kept.get().stated_relevancy == 5
    assert Tagging.objects.get(tag=new).tagger_version == 1
    hidden = Tagging.objects.filter(article=later[5], tag=world.tag, state=State.SUGGESTED)
    assert not hidden.exists()
    # The long way back, as a job: no version in use has its place taken by one it did not replace.
    run_job(start_job(kind="retag", title="back", arguments={"version": 1, "instead_of": 3}, total=0))
    assert version_in_use() == 2
    run_job(start_job(kind="retag", title="back", arguments={"version": 1, "instead_of": 2}, total=0))
    assert version_in_use() == 1
    assert hidden.exists()
    assert list(Tagging.objects.exclude(decided_at=None).order_by("pk").values()) == decided


def test_what_was_learned_is_read_back_the_same_and_what_today_can_not_read_leaves_the_default(world):
    world.decide(world.news(60))
    later = world.news(10)
    version = world.train()
    version.refresh_from_db()
    learned = Learned.from_json(version.model)
    assert learned.to_json() == version.model
    run_job(Job.objects.get())
    assert current_tagger().version == version.number
    document = Document(later[0].title, later[0].text)
    (found,) = current_tagger().suggest([document])
    because = next(one.because for one in found if one.tag_id == world.tag.pk)
    assert because["name"] == "Gemini"
    assert because["like"] > 0
    assert set(because["words"]) <= set(learned.memory.wording.words)
    version.refresh_from_db()
    version.model["weights"].pop("named in title")
    version.number = 3
    version.save()
    assert current_tagger().version == 1
    assert current_tagger().learned is None
    assert training_due(world.now + timedelta(days=2)).wait == Wait.NOT


@pytest.mark.django_db(transaction=True)
def test_a_switch_killed_in_its_middle_leaves_the_old_state_whole_and_is_done_later(committed):
    committed.decide(committed.news(60))
    committed.news(10)
    drain_marks()
    before, counted = machines(), counts()
    committed.train()
    job = Job.objects.get()
    with elsewhere() as cursor:
        # The roll-up is the last that a switch does: when it waits for that, all is written.
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [0x726F6C6C7570])
        failed = []

        def run():
            try:
                run_job(job)
            except OperationalError as failure:
                failed.append(failure)

        thread, _failures = in_a_thread(run)
        wait_for_a_waiter(cursor, unless_ended=thread)
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE NOT granted AND pg_backend_pid() ="
            " ANY(pg_blocking_pids(pid))"
        )
        thread.join()
        assert failed
        assert machines() == before
    assert version_in_use() == 1
    assert counts() == counted
    Job.objects.update(lease_until=None)
    assert run_job(Job.objects.get()).state == Job.State.DONE
    assert version_in_use() == 2
    assert machines() != before


@pytest.mark.django_db(transaction=True)
def test_who_decides_while_taggers_switch_is_heard_and_what_comes_meanwhile_is_not_missed(committed):
    world = committed
    world.decide(world.news(60))
    later = world.news(10)
    world.train()
    job = Job.objects.get()
    with transaction.atomic():
        # Not yet committed when the switch comes: one pair of the old version, one that nobody suggested.
        llm = Tag.objects.get(name="Large language models")
        decide_tagging(article=later[1], tag=world.tag, by=world.ana, verdict="accept", relevancy=4)
        decide_tagging(article=later[3], tag=llm, by=world.ana, verdict="accept", relevancy=5)
        thread, failures = in_a_thread(lambda: run_job(job))
        with connection.cursor() as cursor:
            wait_for_a_waiter(cursor, unless_ended=thread)
        arriving, more_failures = in_a_thread(lambda: world.news(2))
    thread.join()
    arriving.join()
    assert failures == more_failures == []
    assert version_in_use() == 2
    for article, tag, relevancy in ((later[1], world.tag, 4), (later[3], llm, 5)):
        tagging = Tagging.objects.get(article=article, tag=tag)
        assert (tagging.state, tagging.stated_relevancy) == (State.CONFIRMED, relevancy)
    newest = Article.objects.order_by("-pk")[:2]
    assert set(Tagging.objects.filter(article__in=newest).values_list("tagger_version", flat=True)) == {2}
    drain_marks()
    counted = counts()
    rebuild()
    assert counts() == counted
