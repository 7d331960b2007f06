"""Several people's words on one mention: scores add up to a median, the last word says whether it stands."""

import statistics
import uuid
from datetime import UTC, date, timedelta
from importlib import import_module

import pytest
from django.apps import apps
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from signals.curation.bulk import Verdict, decide_many
from signals.curation.decisions import (
    DecidedSinceError,
    ReasonWantedError,
    decide_tagging,
    explain_score,
    seen_form,
    undo_decision,
)
from signals.curation.errors import CurationError
from signals.curation.merging import merge_tags, split_tag
from signals.curation.people import deactivate_person
from signals.curation.undo import undo_change
from signals.curation.undo_decisions import undo_decisions
from signals.curation.waiting import Waiting
from signals.models import (
    Article,
    Change,
    Decision,
    Dispute,
    MentionDelta,
    Origin,
    Role,
    State,
    Tag,
    Tagging,
    User,
)
from signals.tagging.ranking_lessons import read_lessons as read_ranking_lessons
from signals.tagging.versions import read_lessons
from signals.trends.rollup import drain_marks, rebuild
from signals.web.tag_reviews import count_due, due_words
from tests.signals.web.making import make_article, make_source, make_tag

pytestmark = pytest.mark.django_db


@pytest.fixture
def people() -> list[User]:
    names = ("ana", "bob", "cy", "dee")
    return [
        User.objects.create_user(f"{name}@example.org", role=Role.ANALYST, name=name.title())
        for name in names
    ]


@pytest.fixture
def mention(db) -> Tagging:
    return Tagging.objects.get(article=make_article(make_source(), [make_tag()]))


def say(mention, by, what, **more) -> Decision:
    """A score for a number, else a verdict."""
    verdict, number = ("score", what) if isinstance(what, int) else (what, None)
    return decide_tagging(
        article=mention.article, tag=mention.tag, by=by, verdict=verdict, relevancy=number, **more
    )


def now(mention) -> tuple[str, int | None, str]:
    found = Tagging.objects.get(article=mention.article_id, tag=mention.tag_id)
    return found.state, found.stated_relevancy, found.dispute


@pytest.mark.parametrize(
    ("said", "number", "dispute"),
    [
        ([(0, 4)], 4, ""),
        ([(0, 4), (1, 5)], 5, ""),  # a half is the step above
        ([(0, 2), (1, 3)], 3, ""),
        ([(0, 4), (1, 4), (2, 1)], 4, "unexplained"),
        ([(0, 1), (0, 5), (1, 4)], 5, ""),  # the latest of each
        ([(0, 5), (1, 1), (1, 4)], 5, ""),  # whoever came nearer is asked nothing any more
        ([(0, 1), (1, 2), (2, 2), (3, 3)], 2, ""),
        ([(0, 4), (1, "accept")], 4, ""),  # says that it stands, and no number
    ],
)
def test_the_number_is_the_median_of_what_each_said_last(people, mention, said, number, dispute):
    for who, what in said:
        say(mention, people[who], what)
    assert now(mention) == (State.CONFIRMED, number, dispute)


def test_three_scores_with_a_spread_of_two_are_contested_and_a_far_one_without_a_reason_is_said_to_be(
    people, mention
):
    for who, number in enumerate((2, 2, 5)):
        say(mention, people[who], number, comment="Because." if number == 5 else "")
    assert now(mention) == (State.CONFIRMED, 2, Dispute.NONE)
    say(mention, people[3], 5)
    assert now(mention) == (State.CONFIRMED, 4, Dispute.UNEXPLAINED)
    explained = explain_score(article=mention.article, tag=mention.tag, by=people[3], comment=" It is. ")
    assert now(mention) == (State.CONFIRMED, 4, Dispute.CONTESTED)
    assert Change.objects.get(target=f"decision:{explained.pk}").after["rationale"] == "It is."
    undo_decision(decision=explained, by=people[0])
    assert now(mention) == (State.CONFIRMED, 2, Dispute.NONE)
    with pytest.raises(CurationError, match="no score of yours"):
        explain_score(article=mention.article, tag=mention.tag, by=people[3], comment="Late.")


def test_the_last_word_says_whether_it_stands_and_whoever_rejected_last_has_no_part_in_the_number(
    people, mention
):
    ana, bob, cy, _dee = people
    say(mention, ana, 5)
    say(mention, bob, 3)
    say(mention, cy, "reject")
    assert now(mention)[:2] == (State.REJECTED, 4)
    say(mention, bob, "reject")
    assert now(mention)[:2] == (State.REJECTED, 5)
    say(mention, cy, 4)
    assert now(mention)[:2] == (State.CONFIRMED, 5)
    say(mention, bob, "accept")
    assert now(mention)[:2] == (State.CONFIRMED, 4)


def test_what_a_note_stated_is_nobodys_vote_and_is_there_again_when_no_score_counts(people, mention):
    Tagging.objects.update(stated_relevancy=5, origin=Origin.NOTE, state=State.CONFIRMED)
    mention.refresh_from_db()
    say(mention, people[0], 2)
    assert now(mention)[:2] == (State.CONFIRMED, 2)
    assert Tag.objects.get().relevancy == 2
    say(mention, people[0], "reject")
    assert now(mention)[:2] == (State.REJECTED, 5)
    say(mention, people[1], "accept")
    assert now(mention)[:2] == (State.CONFIRMED, 5)


def test_of_two_at_once_the_second_is_told_without_the_number_and_once_sent_again_counts_beside(
    people, mention
):
    ana, bob = people[:2]
    seen = seen_form(mention)
    say(mention, ana, 4, seen=seen)
    with pytest.raises(DecidedSinceError) as told:
        say(mention, bob, 5, seen=seen)
    assert "Ana decided meanwhile: scored." in str(told.value)
    assert now(mention)[1] == 4
    mention.refresh_from_db()
    say(mention, bob, 3, seen=seen_form(mention))
    assert now(mention)[1] == 4
    # Bob has said his: now he is told the number.
    seen = seen_form(Tagging.objects.get())
    say(mention, ana, 2)
    with pytest.raises(DecidedSinceError, match="scored 2"):
        say(mention, bob, 4, seen=seen)


def test_forms_that_ask_for_a_reason_refuse_a_score_far_from_the_last_or_from_the_others(people, mention):
    ana, bob = people[:2]
    say(mention, ana, 5, must_explain=True)
    for by, number in ((bob, 3), (ana, 3)):
        with pytest.raises(ReasonWantedError):
            say(mention, by, number, must_explain=True, comment=" ")
    assert Decision.objects.count() == 1
    say(mention, bob, 3, must_explain=True, comment="Only its last part.")
    say(mention, ana, 4, must_explain=True)
    assert now(mention) == (State.CONFIRMED, 4, "")
    # Sent twice it is one word; with a reason that was not there it is another.
    told = [say(mention, ana, 4, seen="", comment=why).pk for why in ("", "Again.", "Again.")]
    assert (told[0] == told[1], told[1] == told[2], Decision.objects.count()) == (False, True, 4)
    with pytest.raises(CurationError, match="At most"):
        say(mention, ana, 4, comment="x" * 5001)


def test_a_reason_is_as_long_as_the_browser_counts_it_and_an_empty_one_wipes_out_none(people, mention):
    said = say(mention, people[0], 4, comment="a\r\n" * 2_000 + "b")
    assert len(said.comment) == 4_001
    explain_score(article=mention.article, tag=mention.tag, by=people[0], comment=" ")
    said.refresh_from_db()
    assert len(said.comment) == 4_001


def test_the_scores_of_somebody_who_may_no_longer_log_in_stay(people, mention):
    ana, bob = people[:2]
    admin = User.objects.create_user("admin@example.org", role=Role.ADMINISTRATOR)
    say(mention, ana, 5)
    deactivate_person(person=ana, by=admin)
    say(mention, bob, 3)
    assert now(mention)[:2] == (State.CONFIRMED, 4)


def test_many_at_once_count_beside_what_others_said_and_all_go_back(people):
    """What waits carries no word; should one be there all the same, it is not wiped out."""
    ana, bob = people[:2]
    source, tag = make_source(), make_tag()
    first, second = (make_article(source, [tag]) for _ in range(2))
    decide_tagging(article=first, tag=tag, by=ana, verdict="score", relevancy=5)
    Tagging.objects.filter(article=first).update(state=State.SUGGESTED)
    chosen = Waiting(articles=(first.pk, second.pk))
    decide_many(chosen=chosen, verdict=Verdict("score", 3), by=bob, together=uuid.uuid4())
    assert dict(Tagging.objects.values_list("article", "stated_relevancy")) == {first.pk: 4, second.pk: 3}
    undo_decisions(changes=list(Change.objects.filter(user=bob)), by=bob)
    assert set(Tagging.objects.values_list("article", "state", "stated_relevancy")) == {
        (first.pk, State.CONFIRMED, 5), (second.pk, State.SUGGESTED, None),
    }  # fmt: skip


def test_a_first_word_asks_nothing_more_of_the_database_and_a_later_one_a_single_question(people, mention):
    asked = []
    for by in people[:3]:
        with CaptureQueriesContext(connection) as captured:
            say(mention, by, "accept")
        asked.append(len(captured))
    assert asked[1] <= asked[0] + 1
    assert asked[2] <= asked[0] + 1


def test_an_upgrade_adds_up_what_several_had_scored_before_and_has_its_days_counted_again(people):
    ana, bob, cy, _dee = people
    tag = make_tag()
    taggings = {
        name: Tagging.objects.get(article=make_article(make_source(), [tag]))
        for name in ("far", "rejected", "accepted", "one", "undone")
    }
    for name, by, what in (
        ("far", ana, 5), ("far", bob, 5), ("far", cy, 1),
        ("rejected", ana, 5), ("rejected", bob, 2), ("rejected", cy, "reject"),
        ("accepted", ana, 5), ("accepted", ana, "reject"), ("accepted", bob, "accept"),
        ("one", ana, 2),
        ("undone", ana, 5), ("undone", bob, 2),
    ):  # fmt: skip
        last = say(taggings[name], by, what)
    undo_decision(decision=last, by=bob)
    rebuild()
    as_it_is = forms(), counts(), Tag.objects.values("relevancy", "relevancy_notes").get()
    # The number that was said last, as it was.
    for name, number in (("far", 1), ("rejected", 2), ("accepted", 5)):
        Tagging.objects.filter(pk=taggings[name].pk).update(stated_relevancy=number, dispute="")
    MentionDelta.objects.all().delete()
    Tag.objects.update(relevancy=4, relevancy_notes=9)
    assert forms() != as_it_is[0]
    import_module("signals.migrations.0022_scores_add_up").add_up(apps, connection.schema_editor())
    drain_marks()
    assert (forms(), counts(), Tag.objects.values("relevancy", "relevancy_notes").get()) == as_it_is
    assert now(taggings["far"]) == (State.CONFIRMED, 5, Dispute.UNEXPLAINED)


def counts() -> list[tuple]:
    fields = [field.attname for field in MentionDelta._meta.concrete_fields if not field.primary_key]
    return sorted(MentionDelta.objects.values_list(*fields), key=str)


def test_what_learns_from_decisions_learns_the_median(people, mention):
    for by, number in zip(people, (2, 4, 5), strict=False):
        say(mention, by, number)
    assert [lesson.relevance for lesson in read_lessons()] == [4]
    say(mention, people[3], "accept")
    assert [(lesson.is_right, lesson.relevance) for lesson in read_lessons()] == [(True, 4)]
    (ranked,) = read_ranking_lessons().values()
    say(mention, people[3], 4)
    assert read_ranking_lessons() == {mention.article_id: ranked}


TODAY = timezone.now().astimezone(UTC).date()


def test_a_day_to_look_again_goes_with_the_persons_next_word_and_with_the_undo_comes_back(people, mention):
    ana, bob = people[:2]
    later = TODAY + timedelta(days=30)
    for day in (TODAY, TODAY - timedelta(days=1)):
        with pytest.raises(CurationError, match="has to be to come"):
            say(mention, ana, "reject", review_on=day)
    rejected = say(mention, ana, "reject", review_on=later)
    say(mention, bob, 4)
    assert list(due_words(ana, until=later)) == [rejected]
    assert list(due_words(ana, until=later - timedelta(days=1))) == []
    assert list(due_words(bob, until=later)) == []
    Decision.objects.filter(pk=rejected.pk).update(review_on=TODAY)
    assert (count_due(ana, now=timezone.now()), count_due(bob, now=timezone.now())) == (1, 0)
    again = say(mention, ana, 3)
    told = Change.objects.get(target=f"decision:{again.pk}")
    assert (told.before["review_on"], "review_on" in told.after) == (TODAY.isoformat(), False)
    assert list(due_words(ana, until=later)) == []
    undo_decision(decision=again, by=bob)
    assert list(due_words(ana, until=later)) == [rejected]
    undo_decision(decision=rejected, by=ana)
    assert list(due_words(ana, until=date.max)) == []


def test_sent_twice_a_word_with_a_day_is_one_and_with_another_day_another(people, mention):
    days = [TODAY + timedelta(days=number) for number in (5, 5, 9)]
    told = [say(mention, people[0], 4, seen="", review_on=day).pk for day in days]
    assert (told[0] == told[1], told[1] == told[2]) == (True, False)
    assert say(mention, people[0], 4, seen="").pk == told[2]


# Whatever several people say, take back, merge and split: one fold of what holds.

WHO, TAGS = 3, 3
said = st.tuples(
    st.just("say"),
    st.integers(0, TAGS - 1),
    st.integers(0, WHO - 1),
    st.one_of(st.sampled_from(["accept", "reject"]), st.integers(1, 5)),
    st.sampled_from([None, None, 1, 9]),
)
steps = st.lists(
    st.one_of(
        said,
        said,
        st.tuples(st.just("undo"), st.integers(0, 30)),
        st.tuples(st.just("undo many"), st.sets(st.integers(0, 30), min_size=2, max_size=4)),
        st.tuples(st.just("merge"), st.integers(0, TAGS - 1), st.integers(0, TAGS - 1)),
        st.tuples(st.just("split")),
    ),
    min_size=1,
    max_size=14,
)


def number_of(decisions: list[Decision]) -> int | None:
    """The median, worked out from the rows alone."""
    numbers = []
    for user in {decision.user_id for decision in decisions}:
        own = [decision for decision in decisions if decision.user_id == user]
        given = [decision.relevancy for decision in own if decision.relevancy]
        if given and own[-1].verdict != "reject":
            numbers.append(given[-1])
    return int(statistics.median(numbers) + 0.5) if numbers else None


def check_fold(article) -> None:
    """Each mention is what the decisions on it that hold make of what was before the first."""
    for tag in Tag.objects.filter(merged_into=None):
        holding = list(Decision.objects.filter(article=article, tag=tag, undone_at=None).order_by("pk"))
        if not holding:
            continue
        found = Tagging.objects.get(article=article, tag=tag)
        number = number_of(holding)
        if number is None:
            number = holding[0].before.get("stated_relevancy")
        state = State.REJECTED if holding[-1].verdict == "reject" else State.CONFIRMED
        assert (found.state, found.stated_relevancy) == (state, number)
        assert found.decided_at == holding[-1].known_at
        # A snapshot says what its decision found: what the ones before make.
        for decision, before in zip(holding[1:], holding, strict=False):
            assert decision.before["decided_at"] == before.known_at.isoformat()


def check_days(people) -> None:
    """What each wants to look at again is what their last word on each mention says, worked out from the rows."""
    for user in people:
        last = {
            (one.article_id, one.tag_id): one for one in user.decisions.filter(undone_at=None).order_by("pk")
        }
        wanted = sorted(
            (one for one in last.values() if one.review_on), key=lambda one: (one.review_on, one.pk)
        )
        assert list(due_words(user, until=date.max)) == wanted


def forms() -> list[dict]:
    """All mentions, but for their keys: one that is made anew has another."""
    rows = Tagging.objects.order_by("article", "tag").values()
    return [{name: value for name, value in row.items() if name != "id"} for row in rows]


@settings(
    max_examples=60,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@example(
    carried={0: None, 1: 3},
    steps=[
        ("say", 0, 0, 5, None),
        ("say", 1, 1, 2, 9),
        ("merge", 0, 1),
        ("undo", 0),
        ("split",),
        ("say", 0, 2, 1, None),
    ],
)
@example(
    carried={},
    steps=[
        ("say", 0, 0, 5, 9),
        ("merge", 0, 1),
        ("say", 1, 1, 1, None),
        ("undo", 0),
        ("say", 1, 0, 3, 1),
    ],
)
@given(
    carried=st.dictionaries(st.integers(0, TAGS - 1), st.sampled_from([None, 3, 5])),
    steps=steps,
)
def test_whatever_is_said_taken_back_merged_and_split_each_mention_is_what_the_words_that_hold_make_of_it(
    people, carried, steps
):
    for model in (Change, Decision, Article, Tag):
        model.objects.all().delete()
    tags = [make_tag(f"Thing {number}") for number in range(TAGS)]
    article = make_article(make_source(), [tags[number] for number in sorted(carried)])
    for number, stated in carried.items():
        Tagging.objects.filter(tag=tags[number]).update(stated_relevancy=stated)
    before, merges = forms(), []

    def holding(chosen) -> list[Change]:
        changes = list(Change.objects.filter(verb="tagging.decided", undone_at=None).order_by("pk"))
        return [changes[number % len(changes)] for number in sorted(chosen)] if changes else []

    for what, *how in steps:
        if what == "say":
            tag = Tag.objects.get(pk=tags[how[0]].pk)
            while tag.merged_into is not None:
                tag = tag.merged_into
            day = TODAY + timedelta(days=how[3]) if how[3] else None
            say(Tagging(article=article, tag=tag), people[how[1]], how[2], review_on=day)
        elif what == "undo":
            for change in holding(how):
                undo_change(change=change, by=people[0])
        elif what == "undo many":
            undo_decisions(changes=holding(how[0]), by=people[0])
        elif what == "merge":
            source, into = (Tag.objects.get(pk=tags[number].pk) for number in how)
            if source != into and source.merged_into is None and into.merged_into is None:
                merges.append(merge_tags(source=source, into=into, by=people[0]))
        elif merges:
            split_tag(change=merges.pop(), by=people[0])
        check_fold(article)
        check_days(people)
    for change in reversed(merges):
        split_tag(change=change, by=people[0])
        check_fold(article)
    check_days(people)
    for change in holding(range(Change.objects.filter(verb="tagging.decided", undone_at=None).count())):
        undo_change(change=change, by=people[0])
        check_fold(article)
    assert forms() == before
