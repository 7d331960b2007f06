"""Editing a tag: every edit is in the log with before and after, and goes back exactly."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from signals.curation.catalogue import NameTakenError, create_tag
from signals.curation.comments import add_comment, withdraw_comment
from signals.curation.decisions import decide_tagging
from signals.curation.errors import CurationError
from signals.curation.matching import match_batch
from signals.curation.merging import merge_tags
from signals.curation.outlooks import review_outlook
from signals.curation.ratings import rate_tag
from signals.curation.signposts import add_signpost, see_signpost, withdraw_signpost
from signals.curation.tags import (
    ChangedMeanwhileError,
    FieldError,
    add_name,
    add_tag,
    edit_tag,
    remove_name,
    seen_as,
)
from signals.curation.undo import built_since, undo_change, undo_last
from signals.models import (
    Change,
    Comment,
    DirtyMark,
    Job,
    OutlookReview,
    Role,
    Signpost,
    State,
    Tag,
    Tagging,
    TagName,
    TagTrend,
    Theme,
    User,
)
from signals.trends.marks import mark_articles
from signals.trends.rollup import roll_up
from tests.signals.web.making import make_article, make_source, make_tag

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
def ana(db) -> User:
    return User.objects.create_user("ana@example.org", role=Role.ANALYST)


@pytest.fixture
def ben(db) -> User:
    return User.objects.create_user("ben@example.org", role=Role.ANALYST)


@pytest.fixture
def tag(db) -> Tag:
    return create_tag(
        kind="technology", name="Edge inference", name_fr="Inférence locale", aliases=["On-device AI"]
    )


def form(tag: Tag) -> tuple:
    """All that an edit may touch."""
    [columns] = Tag.objects.filter(pk=tag.pk).values()
    columns.pop("search")
    names = sorted(tuple(row.items()) for row in TagName.objects.filter(tag=tag).values())
    return columns, names, sorted(tag.themes.values_list("pk", flat=True))


def called(tag: Tag, **which) -> set[str]:
    return set(TagName.objects.filter(tag=tag, is_live=True, **which).values_list("name", flat=True))


EDITS = st.lists(
    st.one_of(
        st.tuples(
            st.just("name"),
            st.sampled_from(["Edge inference", "EDGE inference", "Local models", "On-device AI"]),
        ),
        st.tuples(
            st.just("name_fr"), st.sampled_from(["", "Modèles locaux", "Inférence locale", "Local models"])
        ),
        st.tuples(st.just("description"), st.sampled_from(["", "One", "Two\nlines"])),
        st.tuples(st.just("kind"), st.sampled_from(["technology", "issue"])),
        st.tuples(st.just("status"), st.sampled_from(["tracked", "candidate", "archived"])),
        st.tuples(st.just("outlook_due_on"), st.sampled_from([None, date(2030, 1, 1)])),
        st.tuples(st.just("alias"), st.sampled_from(["Tiny models", "Local models"])),
        st.tuples(st.just("no alias"), st.sampled_from(["On-device AI", "Tiny models", "Local models"])),
    ),
    min_size=1,
    max_size=8,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(edits=EDITS)
def test_edits_taken_back_in_reverse_leave_the_tag_as_it_was(ana, edits):
    tag = create_tag(
        kind="technology", name="Edge inference", name_fr="Inférence locale", aliases=["On-device AI"]
    )
    try:
        before = form(tag)
        for field, value in edits:
            tag.refresh_from_db()
            try:
                if field == "alias":
                    add_name(tag=tag, by=ana, name=value)
                elif field == "no alias":
                    name = TagName.objects.filter(tag=tag, name=value).first()
                    remove_name(tag=tag, by=ana, name_id=name.pk if name else 0)
                else:
                    edit_tag(tag=tag, by=ana, values={field: value})
            except CurationError:
                continue
        for change in Change.objects.filter(undone_at=None).order_by("-pk"):
            undo_change(change=change, by=ana)
        assert form(tag) == before
    finally:
        Change.objects.all().delete()
        tag.delete()


def test_an_edit_says_what_was_and_what_is_and_marks_nothing_when_nothing_changed(ana, tag):
    assert edit_tag(tag=tag, by=ana, values={"description": ""}) is None
    change = edit_tag(tag=tag, by=ana, values={"description": "  What it is\r\nand does. "}, now=NOW)
    assert (change.before, change.after) == ({"description": ""}, {"description": "What it is\nand does."})
    assert (change.user, change.made_at, change.target) == (ana, NOW, f"tag:{tag.pk}")


def test_whoever_writes_second_is_told_what_the_other_wrote(ana, ben, tag):
    seen = {"description": seen_as(tag, "description")}
    edit_tag(tag=tag, by=ana, values={"description": "Ana's words"}, seen=seen)
    with pytest.raises(ChangedMeanwhileError) as told:
        edit_tag(tag=tag, by=ben, values={"description": "Ben's words"}, seen=seen)
    assert (told.value.field, told.value.theirs, told.value.who) == ("description", "Ana's words", str(ana))
    # The same words are no conflict, another field neither.
    assert edit_tag(tag=tag, by=ben, values={"description": "Ana's words"}, seen=seen) is None
    assert edit_tag(
        tag=tag, by=ben, values={"change": "From a to b"}, seen={"change": seen_as(tag, "change")}
    )


def test_a_renamed_tag_is_found_by_its_old_name_and_matched_with_the_past(ana, tag):
    make_article(make_source())
    edit_tag(tag=tag, by=ana, values={"name": "Local models"})
    tag.refresh_from_db()
    assert (tag.name, tag.slug) == ("Local models", "local-models")
    assert called(tag, is_alias=False) == {"Local models", "Inférence locale"}
    assert called(tag, is_alias=True) == {"On-device AI", "Edge inference"}
    assert Job.objects.get().arguments == {"tags": [tag.pk]}


@pytest.mark.parametrize("values", [{"name": "Small models"}, {"name_fr": "small MODELS"}])
def test_a_name_of_another_live_tag_is_refused_and_says_which(ana, tag, values):
    other = create_tag(kind="technology", name="Small models")
    with pytest.raises(NameTakenError) as refused:
        edit_tag(tag=tag, by=ana, values=values)
    assert refused.value.tag == other
    with pytest.raises(NameTakenError):
        add_name(tag=tag, by=ana, name="Small Models")
    assert not Change.objects.exists()


def test_a_kind_in_which_one_of_its_names_is_taken_is_refused(ana, tag):
    other = create_tag(kind="issue", name="On-device AI")
    with pytest.raises(NameTakenError) as refused:
        edit_tag(tag=tag, by=ana, values={"kind": "issue"})
    assert refused.value.tag == other
    edit_tag(tag=tag, by=ana, values={"kind": "signal"})
    assert set(TagName.objects.filter(tag=tag).values_list("kind", flat=True)) == {"signal"}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "  "),
        ("name", "x" * 301),
        ("kind", "idea"),
        ("status", ""),
        ("outlook", "x" * 20_001),
        ("pk", "1"),
    ],
)
def test_a_value_that_a_field_cannot_have_is_refused_and_names_the_field(ana, tag, field, value):
    before = form(tag)
    with pytest.raises(FieldError) as refused:
        edit_tag(tag=tag, by=ana, values={field: value})
    assert refused.value.field == field
    assert form(tag) == before


def test_names_of_an_archived_tag_rest_and_wake_but_for_those_given_away(ana, tag):
    edit_tag(tag=tag, by=ana, values={"status": "archived"})
    assert called(tag) == set()
    other = create_tag(kind="technology", name="On-device AI")
    edit_tag(tag=tag, by=ana, values={"status": "tracked"})
    assert called(tag) == {"Edge inference", "Inférence locale"}
    assert called(other) == {"On-device AI"}


def test_an_archived_tag_whose_own_name_was_given_away_cannot_be_tracked_again(ana, tag):
    archived = edit_tag(tag=tag, by=ana, values={"status": "archived"})
    create_tag(kind="technology", name="Edge inference")
    with pytest.raises(NameTakenError):
        edit_tag(tag=tag, by=ana, values={"status": "tracked"})
    with pytest.raises(NameTakenError):
        undo_change(change=archived, by=ana)
    tag.refresh_from_db()
    assert tag.status == "archived"
    assert Change.objects.get(pk=archived.pk).undone_at is None


def test_what_was_only_suggested_of_an_archived_tag_goes_and_what_people_said_stays(ana, tag):
    source = make_source()
    waiting, said = make_article(source, [tag]), make_article(source, [tag])
    decide_tagging(article=said, tag=tag, by=ana, verdict="accept")
    DirtyMark.objects.all().delete()
    edit_tag(tag=tag, by=ana, values={"status": "archived"})
    assert DirtyMark.objects.filter(tag=tag.pk).exists()
    job = Job.objects.get()
    batch = match_batch(job, now=NOW)
    assert batch.cursor == {"phase": "proposals"}
    assert list(Tagging.objects.values_list("article", "state")) == [(said.pk, State.CONFIRMED)]
    assert waiting.pk


def test_a_suggestion_made_by_a_name_that_is_gone_goes(ana):
    tag = create_tag(kind="technology", name="Edge inference", aliases=["Zorblax"])
    article = make_article(make_source(), [tag], text="All about Zorblax and nothing else.")
    Tagging.objects.update(because={"code": "name"})
    remove_name(tag=tag, by=ana, name_id=TagName.objects.get(name="Zorblax").pk)
    match_batch(Job.objects.get(), now=NOW)
    assert not Tagging.objects.filter(article=article).exists()


def test_undo_of_an_edit_that_was_edited_again_is_refused_and_says_who(ana, ben, tag):
    first = edit_tag(tag=tag, by=ana, values={"outlook": "One", "description": "Said"})
    second = edit_tag(tag=tag, by=ben, values={"outlook": "Two"})
    third = edit_tag(tag=tag, by=ben, values={"driving_force": "Cost"})
    assert built_since(first) == [second]
    assert built_since(second) == []
    undo_change(change=first, by=ana)
    tag.refresh_from_db()
    # What was left as it was goes back, what was edited since stays.
    assert (tag.outlook, tag.description, tag.driving_force) == ("Two", "", "Cost")
    fourth = edit_tag(tag=tag, by=ana, values={"outlook": "Three"})
    with pytest.raises(CurationError, match="since by ana"):
        undo_change(change=second, by=ben)
    undo_change(change=fourth, by=ana)
    undo_change(change=second, by=ben)
    undo_change(change=third, by=ben)


def test_themes_go_back_beside_those_that_others_chose(ana, ben, tag):
    one, two, three = (Theme.objects.create(name=name, slug=name) for name in ("one", "two", "three"))
    edit_tag(tag=tag, by=ana, values={"themes": [one.pk]})
    change = edit_tag(tag=tag, by=ana, values={"themes": [two.pk]})
    edit_tag(tag=tag, by=ben, values={"themes": [two.pk, three.pk]})
    undo_change(change=change, by=ana)
    assert set(tag.themes.all()) == {one, three}


def test_a_tag_added_by_hand_goes_again_unless_people_worked_with_it(ana):
    tag = add_tag(
        by=ana,
        values={
            "kind": "issue",
            "name": "Model collapse",
            "outlook": "Rarer",
            "outlook_due_on": date(2030, 1, 1),
        },
    )
    assert (tag.outlook_due_on, tag.status, tag.origin) == (date(2030, 1, 1), "tracked", "person")
    created = Change.objects.get()
    make_article(make_source(), [tag])
    rating = rate_tag(tag=tag, by=ana, relevancy=4)
    assert [one.target for one in built_since(created)] == [f"rating:{rating.pk}"]
    with pytest.raises(CurationError, match="since"):
        undo_change(change=created, by=ana)
    undo_last(by=ana)
    undo_last(by=ana)
    assert not Tag.objects.exists()
    with pytest.raises(NameTakenError):
        add_tag(
            by=ana,
            values={"kind": "issue", "name": make_tag("Twice").name, "status": "tracked"}
            | {"kind": "technology"},
        )


def test_a_tag_that_was_merged_away_is_not_edited(ana, tag):
    change = edit_tag(tag=tag, by=ana, values={"description": "Said"})
    merge_tags(source=tag, into=make_tag(), by=ana)
    for write in (
        lambda: edit_tag(tag=tag, by=ana, values={"description": "Said again"}),
        lambda: add_name(tag=tag, by=ana, name="Another"),
        lambda: add_comment(tag=tag, by=ana, text="Hm"),
        lambda: add_signpost(tag=tag, by=ana, words="Something"),
        lambda: rate_tag(tag=tag, by=ana, relevancy=3),
        lambda: undo_change(change=change, by=ana),
    ):
        with pytest.raises(CurationError, match="merged into"):
            write()


def test_a_comment_is_withdrawn_by_who_wrote_it_and_both_can_be_undone(ana, ben, tag):
    comment = add_comment(tag=tag, by=ana, text=" Doubtful. ")
    with pytest.raises(CurationError, match="Only who wrote it"):
        withdraw_comment(comment=comment, by=ben)
    withdraw_comment(comment=comment, by=ana)
    said, withdrawn = Change.objects.order_by("pk")
    with pytest.raises(CurationError):
        undo_change(change=said, by=ana)
    undo_change(change=withdrawn, by=ana)
    assert Comment.objects.get().undone_at is None
    undo_change(change=said, by=ana)
    assert Comment.objects.get().undone_at is not None
    with pytest.raises(CurationError):
        add_comment(tag=tag, by=ana, text=" \x00 ")


def test_a_signpost_is_seen_once_and_each_step_goes_back(ana, tag):
    article = make_article(make_source())
    signpost = add_signpost(tag=tag, by=ana, words="A phone runs a 30B model")
    with pytest.raises(CurationError, match="to come"):
        see_signpost(signpost=signpost, by=ana, seen_on=NOW.date() + timedelta(days=1), now=NOW)
    see_signpost(signpost=signpost, by=ana, seen_on=NOW.date(), article=article, now=NOW)
    with pytest.raises(CurationError, match="before"):
        see_signpost(signpost=signpost, by=ana, seen_on=NOW.date(), now=NOW)
    withdraw_signpost(signpost=signpost, by=ana)
    added, seen, withdrawn = Change.objects.order_by("pk")
    with pytest.raises(CurationError, match="since"):
        undo_change(change=seen, by=ana)
    undo_change(change=withdrawn, by=ana)
    found = Signpost.objects.get()
    assert (found.seen_on, found.article, found.undone_at) == (NOW.date(), article, None)
    undo_change(change=seen, by=ana)
    found.refresh_from_db()
    assert (found.seen_on, found.article) == (None, None)
    undo_change(change=added, by=ana)
    found.refresh_from_db()
    assert found.undone_at is not None


def test_a_review_keeps_what_the_outlook_said_and_sets_the_next_date(ana, ben, tag):
    with pytest.raises(CurationError, match="no outlook"):
        review_outlook(tag=tag, by=ana, held="yes")
    edit_tag(tag=tag, by=ana, values={"outlook": "On every phone", "outlook_due_on": date(2026, 3, 1)})
    tag.refresh_from_db()
    seen = seen_as(tag, "outlook")
    for bad in ({"held": "maybe"}, {"held": "yes", "next_on": NOW.date()}):
        with pytest.raises(CurationError):
            review_outlook(tag=tag, by=ana, now=NOW, **bad)
    review_outlook(tag=tag, by=ana, held="partly", words="Half", next_on=date(2027, 3, 1), seen=seen, now=NOW)
    review = OutlookReview.objects.get()
    assert (review.outlook, review.due_on, review.held) == ("On every phone", date(2026, 3, 1), "partly")
    edit_tag(tag=tag, by=ben, values={"outlook": "On some phones"})
    with pytest.raises(ChangedMeanwhileError):
        review_outlook(tag=tag, by=ana, held="no", seen=seen, now=NOW)
    undo_change(change=Change.objects.get(verb="outlook.reviewed"), by=ana)
    tag.refresh_from_db()
    assert (tag.outlook_due_on, tag.outlook) == (date(2026, 3, 1), "On some phones")


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_reviews_taken_back_in_any_order_lead_to_the_date_before_both(ana, tag, order):
    edit_tag(tag=tag, by=ana, values={"outlook": "On every phone", "outlook_due_on": date(2026, 3, 1)})
    for held, day in (("yes", date(2027, 3, 1)), ("no", date(2028, 3, 1))):
        review_outlook(tag=tag, by=ana, held=held, next_on=day, now=NOW)
    reviews = list(Change.objects.filter(verb="outlook.reviewed").order_by("pk"))
    for number in order:
        undo_change(change=reviews[number], by=ana)
    tag.refresh_from_db()
    assert tag.outlook_due_on == date(2026, 3, 1)


def test_undoing_a_review_leaves_a_date_that_was_set_since(ana, tag):
    edit_tag(tag=tag, by=ana, values={"outlook": "On every phone"})
    review_outlook(tag=tag, by=ana, held="too_early", next_on=date(2027, 3, 1), now=NOW)
    edit_tag(tag=tag, by=ana, values={"outlook_due_on": date(2029, 1, 1)})
    undo_change(change=Change.objects.get(verb="outlook.reviewed"), by=ana)
    tag.refresh_from_db()
    assert tag.outlook_due_on == date(2029, 1, 1)


def test_a_second_press_on_the_same_button_says_nothing_twice(ana, tag):
    edit_tag(tag=tag, by=ana, values={"outlook": "On every phone"})
    for say in (
        lambda: add_comment(tag=tag, by=ana, text="Doubtful"),
        lambda: add_signpost(tag=tag, by=ana, words="A phone runs a 30B model"),
        lambda: review_outlook(tag=tag, by=ana, held="yes"),
    ):
        say()
        with pytest.raises(CurationError):
            say()


def test_an_archived_tag_leaves_the_trends_and_comes_back(ana, tag):
    for day in range(1, 9):
        at = timezone.now() - timedelta(days=day)
        article = make_article(make_source(), [tag], published_at=at, known_at=at, sort_at=at)
        mark_articles([article.pk])
        decide_tagging(article=article, tag=tag, by=ana, verdict="accept")
    roll_up()
    assert TagTrend.objects.get(tag=tag).mentions > 0
    change = edit_tag(tag=tag, by=ana, values={"status": "archived"})
    roll_up()
    assert not TagTrend.objects.filter(tag=tag).exists()
    undo_change(change=change, by=ana)
    roll_up()
    assert TagTrend.objects.get(tag=tag).mentions > 0


def test_a_theme_given_taken_and_given_again_stays_when_the_first_time_alone_is_undone(ana, tag):
    theme = Theme.objects.create(name="Chips", slug="chips")
    first, _taken, again = (
        edit_tag(tag=tag, by=ana, values={"themes": themes}) for themes in ([theme.pk], [], [theme.pk])
    )
    undo_change(change=first, by=ana)
    assert list(tag.themes.all()) == [theme]
    undo_change(change=again, by=ana)
    assert not tag.themes.exists()
