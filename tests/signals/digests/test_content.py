"""An edition is the difference between what is known now and what the last one knew."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from signals.curation.decisions import decide_tagging
from signals.digests.choose import choose_content
from signals.digests.content import LIMITS, Content
from signals.digests.entries import Contradiction, Due, Repriced, Rescoring, Reviewed
from signals.digests.periods import Month, Week, parse_period
from signals.digests.wishes import RELEASES, Wishes, preferences_hash
from signals.models import (
    Article,
    Decision,
    Edition,
    Kind,
    Model,
    OutlookReview,
    Rating,
    Release,
    Stance,
    Tag,
    Tagging,
    Theme,
    User,
)
from tests.signals.digests.conftest import CONTENT, WEEK, move, publish

BEFORE = datetime(2024, 5, 19, 12, tzinfo=UTC)
WITHIN = datetime(2024, 5, 23, 12, tzinfo=UTC)
AFTER = datetime(2024, 5, 27, 12, tzinfo=UTC)


@pytest.fixture
def ada(db):
    return User.objects.create_user("ada@lab.example", role="analyst")


@pytest.fixture
def tag(db):
    return Tag.objects.create(kind=Kind.SIGNAL, name="Agents write code", outlook="All code is written so.")


def test_periods_are_weeks_and_months_and_know_the_one_before():
    assert parse_period("2026-11") == Month(date(2026, 11, 1))
    assert Month.parse("2024-02").ends_on == date(2024, 2, 29)
    assert Month.last_full(datetime(2026, 1, 1, 0, 30, tzinfo=UTC)).period == "2025-12"
    assert Week.parse("2026-W01").before.period == "2025-W52"
    assert Month.parse("2026-01").before.period == "2025-12"
    for wrong in ("2026-13", "2026-1", "2026-11-22", "", "٢٠٢٦-11", "0000-01", "2026-W00"):
        with pytest.raises(ValueError):
            parse_period(wrong)


def test_a_skipped_week_is_covered_by_the_next_edition(db):
    model = Model.objects.create(slug="heron", name="Heron")
    for day in (8, 15, 22):
        Release.objects.create(model=model, event_key=f"r{day}", date=date(2024, 5, day))
    assert [entry.on for entry in choose_content(WEEK).releases] == ["2024-05-22"]
    old = replace(CONTENT, as_of="2024-05-05", before="2024-04-28")
    sent = Week.parse("2024-W18")
    edition = Edition.objects.create(
        period=sent.period,
        starts_on=sent.starts_on,
        ends_on=sent.ends_on,
        content=old.params(),
        status=Edition.Status.DRAFT,
    )
    assert choose_content(WEEK).before == "2024-05-19", "a draft has told nobody anything"
    edition.status = Edition.Status.SENT
    edition.save()
    content = choose_content(WEEK)
    assert content.before == "2024-05-05"
    assert [entry.on for entry in content.releases] == ["2024-05-22", "2024-05-15", "2024-05-08"]
    assert choose_content(Month.parse("2024-05")).before == "2024-04-30", "months are counted by themselves"


def test_what_is_approved_and_waits_for_its_readers_hour_is_not_told_again(db):
    Edition.objects.create(
        period=WEEK.before.period,
        starts_on=WEEK.before.starts_on,
        ends_on=WEEK.before.ends_on,
        status=Edition.Status.APPROVED,
        content=replace(FULL, as_of="2024-05-17").params(),
    )
    assert choose_content(WEEK).before == "2024-05-17"


def test_a_tag_that_stands_where_the_last_edition_saw_it_is_not_told_again(moving_world):
    told = choose_content(WEEK)
    assert told.movers + told.risers
    edition = Edition.objects.create(
        period="2024-W20",
        starts_on=WEEK.before.starts_on,
        ends_on=WEEK.before.ends_on,
        # it knew all but the last day, on which nothing changed any more
        content=replace(told, as_of="2024-05-25").params(),
        status=Edition.Status.SENT,
    )
    again = choose_content(WEEK)
    assert again.before == "2024-05-25"
    assert again.movers + again.risers == ()
    edition.delete()
    assert choose_content(WEEK) == told


def against(article, tag, by, at, **fields):
    Decision.objects.create(
        article=article, tag=tag, user=by, verdict="accept", stance=Stance.CONTRADICTS, known_at=at, **fields
    )
    Tagging.objects.filter(article=article, tag=tag).update(stance=Stance.CONTRADICTS, decided_at=at)


def test_evidence_against_is_told_once_with_its_quote_and_who_published_it(source, tag, ada):
    publish(source, {date(2024, 5, 21): {tag: 4}}, many=4)
    one, old, late, undone = Article.objects.order_by("pk")
    against(one, tag, ada, WITHIN)
    against(one, tag, ada, WITHIN + timedelta(hours=1))
    against(old, tag, ada, BEFORE)
    against(old, tag, ada, WITHIN)
    against(late, tag, ada, AFTER)
    against(undone, tag, ada, WITHIN, undone_at=WITHIN)
    (told,) = choose_content(WEEK).contradictions
    assert (told.article, told.publisher, told.on) == (one.pk, "p0.example", "2024-05-21")
    assert told.quote == "Evidence of Agents write code on 2024-05-21."
    assert not choose_content(WEEK).is_empty


def test_a_stance_taken_in_the_inbox_reaches_the_next_digest(source, tag, ada):
    publish(source, {date(2024, 5, 21): {tag: 1}}, many=1)
    article = Article.objects.get()
    decide_tagging(article=article, tag=tag, by=ada, verdict="accept", stance=Stance.CONTRADICTS, now=WITHIN)
    assert [entry.article for entry in choose_content(WEEK).contradictions] == [article.pk]


def rate(tag, by, relevancy, at, **fields):
    Rating.objects.create(tag=tag, user=by, relevancy=relevancy, known_at=at, made_at=at, **fields)


def test_when_an_analyst_rescores_a_tag_the_next_digest_says_so(tag, ada):
    other = Tag.objects.create(kind=Kind.ISSUE, name="Energy demand")
    untouched = Tag.objects.create(kind=Kind.ISSUE, name="Water demand")
    bob = User.objects.create_user("bob@lab.example", role="analyst")
    rate(tag, ada, 2, BEFORE)
    rate(tag, bob, 3, BEFORE)
    rate(tag, ada, 5, WITHIN, rationale="Three banks run it.")
    rate(other, bob, 4, WITHIN)
    rate(untouched, ada, 3, BEFORE)
    rate(untouched, ada, 3, WITHIN)
    rate(untouched, ada, 1, WITHIN, undone_at=WITHIN)
    rate(untouched, ada, 1, AFTER)
    changed, first = choose_content(WEEK).rescored
    assert (changed.tag, changed.before, changed.after, changed.raters) == (tag.pk, 2.5, 4.0, 2)
    assert changed.rationale == "Three banks run it."
    assert (first.tag, first.before, first.after) == (other.pk, None, 4.0)


def test_outlooks_are_told_when_due_and_when_looked_back_at(tag, ada):
    tag.outlook_due_on = date(2024, 6, 2)
    tag.save()
    Tag.objects.create(kind=Kind.ISSUE, name="Far off", outlook_due_on=date(2024, 6, 3))
    content = choose_content(WEEK)
    assert [(entry.tag, entry.due_on) for entry in content.due] == [(tag.pk, "2024-06-02")]
    assert content.is_empty, "a review that waits is no news"
    for held, at in (("no", BEFORE), ("too_early", WITHIN), ("partly", WITHIN), ("yes", AFTER)):
        OutlookReview.objects.create(
            tag=tag, user=ada, due_on=date(2024, 5, 20), held=held, outlook=tag.outlook, made_at=at
        )
    (told,) = choose_content(WEEK).reviewed
    assert (told.held, told.outlook) == ("partly", "All code is written so.")


def test_a_changed_price_has_its_old_and_new_value_and_unknown_is_none(db):
    model = Model.objects.create(slug="heron", name="Heron", developer="Example Lab")
    known = {"side": "output", "from": 10.0, "to": 0.0, "provider": "Lab cloud"}
    for day, detail in ((22, known), (23, {"side": "input", "to": 3}), (27, known)):
        Release.objects.create(
            model=model, event="price", event_key=f"p{day}", date=date(2024, 5, day), detail=detail
        )
    prices = choose_content(WEEK).prices
    assert [(price.before, price.after) for price in prices] == [(None, 3.0), (10.0, 0.0)]
    assert not choose_content(WEEK).releases


OF_TAG = {"tag": 1, "kind": "signal", "name": "Agents write code", "relevancy": 4.0}
FULL = replace(
    CONTENT,
    contradictions=(Contradiction(**OF_TAG, article=7, quote="It is not so.", publisher="p", headline="h"),),
    rescored=(Rescoring(**OF_TAG, before=3.0, after=4.0, raters=3, rationale="Because."),),
    reviewed=(Reviewed(**OF_TAG, review=5, held="partly", words="Half.", due_on="2024-05-20"),),
    due=(Due(**OF_TAG, due_on="2024-06-02", outlook="All code is written so."),),
    prices=(Repriced(9, "Heron 2", "Example Lab", "Lab cloud", "output", 10.0, None, "2024-05-22"),),
)


def test_content_survives_being_kept_as_json_and_older_editions_are_still_read(edition):
    edition.content = FULL.params()
    edition.save()
    edition.refresh_from_db()
    assert Content.from_params(edition.content) == FULL
    older = {name: edition.content[name] for name in ("as_of", "before", "is_sample", "movers", "gaps")}
    assert Content.from_params(older).movers == FULL.movers


def test_an_editor_drops_entries_and_moves_others_to_the_front():
    one, two = CONTENT.movers
    edited = FULL.edited(
        dropped=["risers:3", "movers:99"],
        ordered=["movers:2", "prices:9"],
        note="Read this.",
        note_fr="Lisez.",
    )
    assert edited.movers == (two, one)
    assert edited.risers == ()
    assert (edited.note, edited.note_fr) == ("Read this.", "Lisez.")
    many = replace(CONTENT, movers=tuple(move(n, "signal", f"t{n}") for n in range(20)))
    shown = many.edited(dropped=[], ordered=["movers:15"]).chosen(Wishes("en"))
    assert [entry.tag for entry in shown.movers] == [15, 0, 1, 2, 3, 4, 5]
    assert set(FULL.keys()) >= {"contradictions:1-7", "rescored:1", "reviewed:5", "due:1", "prices:9"}


def test_lists_are_bounded_and_say_how_many_more_there_are():
    many = replace(
        FULL,
        movers=tuple(move(n, "signal", f"t{n}") for n in range(20)),
        releases=FULL.releases * 30,
        prices=FULL.prices * 5,
    )
    shown = many.chosen(Wishes("en"))
    assert shown.more == {"movers": 13, "releases": 20}
    assert all(len(entries) <= LIMITS[name] for name, entries in shown.sections())


@pytest.mark.parametrize(
    ("wishes", "names", "has_models"),
    [
        ({}, ["Agents write code", "Mixture of experts", "Energy demand"], True),
        ({"kinds": ("technology",)}, ["Mixture of experts"], False),
        ({"kinds": ("technology", RELEASES)}, ["Mixture of experts"], True),
        ({"kinds": (RELEASES,)}, [], True),
        ({"least_relevancy": 3}, ["Agents write code"], True),
        ({"tags": (3,)}, ["Energy demand"], False),
        ({"tags": (33,)}, ["Energy demand"], False),
        ({"tags": (3,), "least_relevancy": 4}, ["Agents write code", "Energy demand"], True),
        ({"themes": (8,)}, ["Mixture of experts"], True),
        ({"themes": (8,), "tags": (1,)}, ["Agents write code", "Mixture of experts"], True),
        ({"themes": (8,), "kinds": ("issue",)}, [], False),
    ],
)
def test_wishes_cut_an_edition_down(wishes, names, has_models):
    one, two = CONTENT.movers
    content = replace(
        FULL,
        movers=(one, replace(two, themes=(8, 9))),
        risers=(replace(CONTENT.risers[0], merged=(33,)),),
    )
    shown = content.chosen(Wishes("en", **wishes))
    assert [entry.name for entry in shown.movers + shown.risers] == names
    assert bool(shown.releases and shown.prices) == has_models
    assert bool(shown.contradictions) == ("Agents write code" in names)


def test_the_key_of_a_rendering_is_what_the_mail_holds_and_not_when_it_comes():
    one = Wishes("en", kinds=("issue", "signal"), themes=(2, 1), tags=(5,), least_relevancy=3)
    same = replace(
        one, kinds=("signal", "issue", "issue"), cadence="monthly", weekday=4, hour=20, time_zone="Asia/Tokyo"
    )
    assert preferences_hash(one) == preferences_hash(same)
    others = [
        replace(one, kinds=("issue",)),
        replace(one, themes=(1,)),
        replace(one, tags=(6,)),
        replace(one, least_relevancy=2),
        replace(one, themes=(5,), tags=(2, 1)),
    ]
    assert len({preferences_hash(wishes) for wishes in [one, *others]}) == 6


def test_a_tags_themes_and_what_was_merged_into_it_are_found(moving_world):
    tag = moving_world[0]
    theme = Theme.objects.create(name="Work", slug="work")
    tag.themes.add(theme)
    gone = Tag.objects.create(kind=Kind.SIGNAL, name="Coding agents", merged_into=tag)
    content = choose_content(WEEK)
    found = next(entry for entry in content.movers + content.risers if entry.tag == tag.pk)
    assert (found.themes, found.merged) == ((theme.pk,), (gone.pk,))
    assert len(found.weeks) == 12
    for wishes in (Wishes("en", tags=(gone.pk,)), Wishes("en", themes=(theme.pk,))):
        chosen = content.chosen(wishes)
        assert [entry.tag for entry in chosen.movers + chosen.risers] == [tag.pk]
