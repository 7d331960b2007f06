"""Two tags made one, and two again: nothing is lost, nothing is left behind."""

from datetime import date

import pytest
from django.apps import apps
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from signals.curation.catalogue import add_alias, create_tag
from signals.curation.comments import add_comment
from signals.curation.decisions import decide_tagging, undo_decision
from signals.curation.errors import CurationError
from signals.curation.merge_fields import NAMES, TEXTS
from signals.curation.merging import merge_tags, split_tag
from signals.curation.ratings import rate_tag, refresh_relevancies
from signals.curation.tags import edit_tag
from signals.curation.undo import undo_last
from signals.models import (
    Alert,
    Comment,
    DirtyMark,
    Note,
    NoteRow,
    OutlookReview,
    Proposal,
    Rating,
    Signpost,
    State,
    Subscription,
    Tag,
    Tagging,
    TagName,
    Theme,
    User,
)
from tests.signals.web.making import make_article, make_source, make_tag

pytestmark = pytest.mark.django_db

KEPT = [
    *("Tag", "TagName", "Tagging", "Decision", "Rating", "NoteRow", "Proposal"),
    *("Comment", "Signpost", "OutlookReview", "Alert"),
]


@pytest.fixture
def ana() -> User:
    return User.objects.create_user("ana@example.org")


@pytest.fixture
def pair() -> tuple[Tag, Tag]:
    return make_tag("Language models"), make_tag("Large language models")


def rows() -> dict:
    """Every row that a merge may touch."""
    kept = {name: list(apps.get_model("signals", name).objects.order_by("pk").values()) for name in KEPT}
    kept["themes"] = sorted(Tag.themes.through.objects.values_list("tag", "theme"))
    for tag in kept["Tag"]:
        tag.pop("search")
    return kept


def test_everything_linked_to_a_tag_is_the_survivors(ana, pair):
    source, into = pair
    article = make_article(make_source(), [source])
    decide_tagging(article=article, tag=source, by=ana, verdict="accept")
    rate_tag(tag=source, by=ana, relevancy=5)
    note = Note.objects.create(article=article, note_key="n", content_hash="h")
    row = NoteRow.objects.create(
        note=note, kind="technology", position=0, name="LM", tag=source, link="confirmed"
    )
    source.themes.add(Theme.objects.create(name="Models", slug="models"))
    older = make_tag("LM")
    merge_tags(source=older, into=source, by=ana)
    merge_tags(source=source, into=into, by=ana)
    row.refresh_from_db()
    older.refresh_from_db()
    into.refresh_from_db()
    assert (row.tag, row.name, older.merged_into) == (into, "LM", into)
    assert (into.relevancy, into.relevancy_raters) == (5, 1)
    assert [theme.name for theme in into.themes.all()] == ["Models"]
    assert set(into.names.filter(is_live=True, is_alias=True).values_list("name", flat=True)) == {
        "Language models", "LM",
    }  # fmt: skip
    assert not Tagging.objects.filter(tag=source).exists()
    assert not source.names.exists()


def test_on_an_article_with_both_a_persons_word_outranks_a_machines(ana, pair):
    source, into = pair
    decided, undecided = make_article(make_source(), list(pair)), make_article(make_source(), list(pair))
    decide_tagging(article=decided, tag=source, by=ana, verdict="reject")
    Tagging.objects.filter(article=undecided, tag=source).update(quote="Another.")
    merge_tags(source=source, into=into, by=ana)
    assert Tagging.objects.get(article=decided).state == State.REJECTED
    assert Tagging.objects.get(article=undecided).quote == "A sentence about it."


def test_a_name_that_the_survivors_kind_has_already_rests(ana):
    into = create_tag(kind="issue", name="Hallucination")
    source = create_tag(kind="concern", name="Hallucination")
    third = create_tag(kind="issue", name="Made-up facts")
    add_alias(tag=source, name="Made-up facts")
    before = rows()
    merge_tags(source=source, into=into, by=ana)
    assert list(TagName.objects.filter(is_live=True).order_by("pk").values_list("tag", "name")) == [
        (into.pk, "Hallucination"), (third.pk, "Made-up facts"),
    ]  # fmt: skip
    undo_last(by=ana)
    after = rows()
    for name, kept in before.items():
        assert after[name] == kept


def test_what_was_edited_since_stays_where_it_was_edited(ana, pair):
    source, into = pair
    moved, both = make_article(make_source(), [source]), make_article(make_source(), list(pair))
    change = merge_tags(source=source, into=into, by=ana)
    for article in (moved, both):
        decide_tagging(article=article, tag=into, by=ana, verdict="accept", relevancy=5)
    rate_tag(tag=into, by=ana, relevancy=4)
    split_tag(change=change, by=ana)
    states = dict(Tagging.objects.values_list("tag__name", "state").filter(article=moved))
    assert states == {source.name: State.SUGGESTED, into.name: State.CONFIRMED}
    states = dict(Tagging.objects.values_list("tag__name", "state").filter(article=both))
    assert states == {source.name: State.SUGGESTED, into.name: State.CONFIRMED}
    assert Rating.objects.get().tag == into
    # The decisions can still be taken back, and leave what the survivor had.
    for decision in into.decisions.all():
        undo_decision(decision=decision, by=ana)
    assert set(Tagging.objects.filter(tag=into).values_list("article", "state")) == {
        (both.pk, State.SUGGESTED)
    }


@pytest.mark.parametrize("decided", [0, 1])
def test_a_decision_taken_back_while_merged_stays_taken_back(ana, pair, decided):
    article = make_article(make_source(), list(pair))
    decision = decide_tagging(article=article, tag=pair[decided], by=ana, verdict="reject")
    change = merge_tags(source=pair[0], into=pair[1], by=ana)
    undo_decision(decision=decision, by=ana)
    split_tag(change=change, by=ana)
    assert set(Tagging.objects.values_list("tag", "state", "decided_at")) == {
        (tag.pk, State.SUGGESTED, None) for tag in pair
    }


def test_the_counts_of_both_tags_are_made_anew(ana, pair):
    source, into = pair
    make_article(make_source(), [source])
    DirtyMark.objects.all().delete()
    change = merge_tags(source=source, into=into, by=ana)
    assert set(DirtyMark.objects.values_list("tag", flat=True)) == {source.pk, into.pk}
    DirtyMark.objects.all().delete()
    split_tag(change=change, by=ana)
    assert set(DirtyMark.objects.values_list("tag", flat=True)) == {source.pk, into.pk}


def test_merges_that_make_no_sense_are_refused(ana, pair):
    source, into = pair
    with pytest.raises(CurationError):
        merge_tags(source=source, into=source, by=ana)
    change = merge_tags(source=source, into=into, by=ana)
    with pytest.raises(CurationError):
        merge_tags(source=source, into=into, by=ana)
    further = merge_tags(source=into, into=make_tag("Models"), by=ana)
    with pytest.raises(CurationError, match="merged further"):
        split_tag(change=change, by=ana)
    split_tag(change=further, by=ana)
    split_tag(change=change, by=ana)
    with pytest.raises(CurationError):
        split_tag(change=change, by=ana)


def test_of_two_merges_into_one_tag_the_later_is_taken_back_first(ana, pair):
    """Else the survivor would keep on the article what the first one brought there."""
    source, into = pair
    other = make_tag("Models")
    article = make_article(make_source(), [])
    for tag in (source, other):
        decide_tagging(article=article, tag=tag, by=ana, verdict="accept")
    before = rows()
    first = merge_tags(source=source, into=into, by=ana)
    second = merge_tags(source=other, into=into, by=ana)
    with pytest.raises(CurationError, match="Models"):
        split_tag(change=first, by=ana)
    split_tag(change=second, by=ana)
    split_tag(change=first, by=ana)
    assert rows() == before


def test_the_survivor_takes_the_fields_that_were_chosen_and_gives_them_back_unless_edited(ana, pair):
    source, into = pair
    Tag.objects.filter(pk=source.pk).update(
        kind="concern", outlook="Theirs.", outlook_due_on=date(2035, 1, 1)
    )
    source.refresh_from_db()
    source.names.update(kind="concern")
    before = rows()
    fields = {
        **{"name": "Models of language", "name_fr": "Modèles de langage", "kind": "concern"},
        **{"outlook": source.outlook, "outlook_due_on": source.outlook_due_on, "status": "candidate"},
    }
    change = merge_tags(source=source, into=into, by=ana, fields=fields)
    into.refresh_from_db()
    assert {field: getattr(into, field) for field in fields} == fields
    assert into.slug == "models-of-language"
    assert set(into.names.filter(is_live=True).values_list("name", "kind", "is_alias")) == {
        ("Models of language", "concern", False), ("Modèles de langage", "concern", False),
        ("Language models", "concern", True), ("Large language models", "concern", True),
    }  # fmt: skip
    Tag.objects.filter(pk=into.pk).update(outlook="Edited since.")
    split_tag(change=change, by=ana)
    into.refresh_from_db()
    assert (into.outlook, into.name) == ("Edited since.", "Large language models")
    Tag.objects.filter(pk=into.pk).update(outlook="")
    assert rows() == before


def test_a_name_that_a_third_tag_has_can_not_be_chosen(ana, pair):
    source, into = pair
    third = create_tag(kind="issue", name="Large language models")
    for fields in ({"kind": "issue"}, {"kind": "issue", "name": "large LANGUAGE models"}, {"name": " "}):
        before = rows()
        with pytest.raises(CurationError):
            merge_tags(source=source, into=into, by=ana, fields=fields)
        assert rows() == before
    merge_tags(source=source, into=into, by=ana, fields={"kind": "issue", "name": "Models"})
    assert list(third.names.values_list("name", flat=True)) == ["Large language models"]


def test_a_reader_who_wants_to_hear_of_both_is_told_once_and_keeps_both_wishes(ana, pair):
    both, one = (Subscription.objects.create(email=f"{n}@example.org") for n in "ab")
    for subscription, tag in ((both, pair[0]), (both, pair[1]), (one, pair[0])):
        Alert.objects.create(subscription=subscription, tag=tag)
    before = rows()
    change = merge_tags(source=pair[0], into=pair[1], by=ana)
    assert list(pair[1].alerts.order_by("pk").values_list("subscription", flat=True)) == [both.pk, one.pk]
    split_tag(change=change, by=ana)
    assert rows() == before


def test_what_was_said_on_the_survivor_since_stays_there(ana, pair):
    source, into = pair
    Comment.objects.create(tag=source, user=ana, text="Before.")
    change = merge_tags(source=source, into=into, by=ana)
    Comment.objects.create(tag=into, user=ana, text="Since.")
    add_alias(tag=into, name="Said since")
    split_tag(change=change, by=ana)
    assert set(Comment.objects.values_list("text", "tag")) == {("Before.", source.pk), ("Since.", into.pk)}
    assert TagName.objects.get(name="Said since").tag == into


TAGS, ARTICLES = 4, 4
links = st.sets(st.tuples(st.integers(0, ARTICLES - 1), st.integers(0, TAGS - 1)), max_size=10)
chosen = st.fixed_dictionaries(
    {"own_themes": st.booleans()},
    optional={
        **{field: st.sampled_from(["theirs", "written anew"]) for field in TEXTS},
        "kind": st.sampled_from(["theirs", "issue"]),
        "status": st.sampled_from(["theirs", "candidate", "archived"]),
        "outlook_due_on": st.sampled_from(["theirs", None, date(2036, 1, 1)]),
    },
)
edits = st.one_of(
    st.tuples(st.just("write"), st.sampled_from([field for field in TEXTS if field not in NAMES])),
    st.tuples(st.just("decide"), st.integers(0, ARTICLES - 1), st.sampled_from(["accept", "reject"])),
    st.tuples(st.just("rate"), st.integers(1, 5)),
    st.tuples(st.just("comment")),
)
merges = st.lists(
    st.tuples(
        st.integers(0, TAGS - 1), st.integers(0, TAGS - 1), chosen, st.lists(edits, max_size=3)
    ),
    min_size=1,
    max_size=5,
)  # fmt: skip


def make_desk(tag: Tag, user: User) -> None:
    """Something of everything that people add to a tag."""
    shared, _new = Subscription.objects.get_or_create(email="reader@example.org")
    Alert.objects.create(subscription=shared, tag=tag)
    Alert.objects.create(subscription=Subscription.objects.create(email=f"{tag.pk}@example.org"), tag=tag)
    Comment.objects.create(tag=tag, user=user, text="Said.")
    Signpost.objects.create(tag=tag, words="A sign.")
    OutlookReview.objects.create(tag=tag, user=user, due_on=date(2026, 1, 1), held="no", outlook="")
    theme, _new = Theme.objects.get_or_create(slug=f"theme-{tag.kind}", defaults={"name": tag.kind})
    tag.themes.add(theme)
    Tag.objects.filter(pk=tag.pk).update(outlook=f"Outlook {tag.pk}", outlook_due_on=date(2030, 1, 1))


class Edits:
    """What people said of tags after merges, and what it leaves of the rows of before once all are split."""

    def __init__(self, by: User, articles: list) -> None:
        self.by, self.articles, self.count = by, articles, 0
        self.written: dict[tuple[int, str], str] = {}
        self.decided: dict[tuple[int, int], str] = {}
        self.said: dict[str, dict[int, int]] = {"Decision": {}, "Rating": {}, "Comment": {}}

    def make(self, tag: Tag, what: str, *how) -> None:
        self.count += 1
        words = f"Edit {self.count}"
        if what == "write":
            edit_tag(tag=tag, by=self.by, values={how[0]: words})
            self.written[tag.pk, how[0]] = words
        elif what == "decide":
            article, verdict = self.articles[how[0]], how[1]
            made = decide_tagging(article=article, tag=tag, by=self.by, verdict=verdict)
            self.said["Decision"][made.pk] = tag.pk
            self.decided[article.pk, tag.pk] = verdict
        elif what == "rate":
            made = rate_tag(tag=tag, by=self.by, relevancy=how[0], rationale=words)
            self.said["Rating"][made.pk] = tag.pk
        else:
            made = add_comment(tag=tag, by=self.by, text=words)
            self.said["Comment"][made.pk] = tag.pk

    def check(self, before: dict, after: dict) -> None:
        """Every edit is on the tag that was edited, and nothing else differs from before."""
        for name, made in self.said.items():
            assert {row["id"]: row["tag_id"] for row in after[name] if row["id"] in made} == made
            after[name] = [row for row in after[name] if row["id"] not in made]
        for row in before["Tag"]:
            row |= {field: words for (tag, field), words in self.written.items() if tag == row["id"]}
        if self.count:
            # Follows ratings and decisions, which are compared; that it does is asked below.
            for row in (*before["Tag"], *after["Tag"]):
                for field in ("relevancy", "relevancy_raters", "relevancy_spread", "relevancy_notes"):
                    row.pop(field)
        if self.decided:
            states = {"accept": State.CONFIRMED, "reject": State.REJECTED}
            found = {(row["article_id"], row["tag_id"]): row["state"] for row in after["Tagging"]}
            for place, verdict in self.decided.items():
                assert found[place] == states[verdict]
            for side in (before, after):
                side["Tagging"] = self._others(side["Tagging"])
        for name, kept in before.items():
            assert after[name] == kept, name
        relevancies = Tag.objects.order_by("pk").values_list(
            "relevancy", "relevancy_raters", "relevancy_notes"
        )
        kept = list(relevancies)
        refresh_relevancies(tag_ids=Tag.objects.values_list("pk", flat=True))
        assert list(relevancies.all()) == kept

    def _others(self, taggings: list[dict]) -> list[dict]:
        """Those that nobody decided on since; one that an edit took the place of comes back under another number."""
        kept = {(row["article_id"], row["tag_id"]): row for row in taggings}
        return [
            {name: value for name, value in kept[place].items() if name != "id"}
            for place in sorted(kept)
            if place not in self.decided
        ]


@settings(
    max_examples=25,
    deadline=None,
    phases=[
        Phase.explicit,
        Phase.reuse,
        Phase.generate,
    ],  # an example takes too long to look for a smaller one
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@example(
    carried=set(),
    decided={(0, 1), (0, 3), (0, 0)},
    noted=set(),
    rated={0, 1},
    asked=[(1, 0, {"own_themes": False}, [])],
)
@example(
    carried={(0, 1), (1, 0), (1, 1)},
    decided={(1, 0), (1, 1), (2, 1)},
    noted=set(),
    rated={0, 1},
    asked=[
        (1, 0, {"own_themes": False, "outlook": "theirs"}, [("decide", n, "accept") for n in range(3)]),
        (0, 2, {"own_themes": True}, [("write", "outlook"), ("decide", 1, "reject"), ("rate", 5)]),
        (3, 2, {"own_themes": True, "outlook": "theirs"}, [("comment",), ("write", "description")]),
    ],
)
@given(carried=links, decided=links, noted=links, rated=st.sets(st.integers(0, TAGS - 1)), asked=merges)
def test_splits_in_reverse_order_restore_what_each_merge_moved_and_later_edits_stay_on_the_tag_edited(
    ana, carried, decided, noted, rated, asked
):
    for model in (
        *(
            "Change",
            "Decision",
            "Rating",
            "Proposal",
            "Comment",
            "OutlookReview",
            "Article",
            "TagName",
            "Tag",
        ),
        *("Subscription", "Theme"),
    ):
        apps.get_model("signals", model).objects.all().delete()
    kinds = ("technology", "technology", "issue", "concern")
    tags = [
        create_tag(kind=kind, name=f"Thing {n // 2}" if n > 1 else f"Thing {n}")
        for n, kind in enumerate(kinds)
    ]
    source = make_source()
    articles = [
        make_article(source, [tags[tag] for one, tag in sorted(carried) if one == number])
        for number in range(ARTICLES)
    ]
    for article, tag in sorted(decided):
        verdict = "accept" if (article + tag) % 2 else "reject"
        stance = "contradicts" if tag % 2 else "supports"
        decide_tagging(article=articles[article], tag=tags[tag], by=ana, verdict=verdict, stance=stance)
    for place, (article, tag) in enumerate(sorted(noted)):
        note, _new = Note.objects.get_or_create(
            article=articles[article], defaults={"note_key": str(articles[article].pk), "content_hash": "h"}
        )
        NoteRow.objects.create(note=note, kind="issue", position=place, name="Row", tag=tags[tag])
        Proposal.objects.create(kind="issue", name=f"P{place}", normalised=f"p{place}", similar_tag=tags[tag])
    for tag in sorted(rated):
        rate_tag(tag=tags[tag], by=ana, relevancy=3)
        make_desk(tags[tag], ana)
    before, done, edited = rows(), [], Edits(ana, articles)
    for one, other, picks, since in asked:
        source, into = (Tag.objects.get(pk=tags[number].pk) for number in (one, other))
        themes = list(into.themes.values_list("pk", flat=True)) if picks["own_themes"] else None
        fields = {
            field: getattr(source, field) if value == "theirs" else value
            for field, value in picks.items()
            if field != "own_themes"
        }
        try:
            done.append(merge_tags(source=source, into=into, by=ana, fields=fields, themes=themes))
        except CurationError:
            continue
        for edit in since:
            edited.make(Tag.objects.get(pk=into.pk), *edit)
    for change in reversed(done):
        change.refresh_from_db()
        split_tag(change=change, by=ana)
    edited.check(before, rows())
