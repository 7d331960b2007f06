"""The log of changes: readable, filtered, paged by key, and a way back from each line."""

import re
import uuid
from datetime import timedelta
from html import unescape
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from signals.curation.comments import add_comment
from signals.curation.decisions import decide_tagging
from signals.curation.errors import CurationError
from signals.curation.outlooks import review_outlook
from signals.curation.proposals import accept_proposal
from signals.curation.ratings import rate_tag
from signals.curation.tags import add_tag, edit_tag
from signals.curation.undo import TOLD, built_since, undo_all, undo_change, undo_last
from signals.jobs import run_job
from signals.models import Article, Change, Decision, Proposal, Rating, Role, State, Tag, Tagging, User
from signals.web.change_words import GROUPS, VERBS, differences, group_of, named_keys
from tests.signals.web.making import make_article, make_proposal, make_source, make_tag, plain


@pytest.fixture
def ana(people) -> User:
    return people[Role.ANALYST]


@pytest.fixture
def suggested(db):
    """One article and the tag that is suggested for it."""
    tag = make_tag("Sparse attention")
    return make_article(make_source(), [tag], title="Less is enough"), tag


def decide(suggested, by, **verdict) -> Change:
    article, tag = suggested
    decide_tagging(article=article, tag=tag, by=by, **verdict)
    return Change.objects.latest("pk")


def taggings() -> list:
    return list(Tagging.objects.order_by("pk").values_list("state", "stated_relevancy", "decided_at"))


def test_a_line_says_who_when_before_and_after_in_words(analyst, ana, suggested):
    decide(suggested, ana, verdict="score", relevancy=4)
    words = plain(analyst.get("/history/").content)
    assert "analyst@example.org · decided" in words
    assert re.search(r"State suggested → became confirmed", words)
    assert re.search(r"Score – → became 4", words)
    assert "{" not in words


def test_a_long_text_shows_which_words_went_and_came(ana):
    tag = make_tag()
    said = (
        "It began with one laboratory and a borrowed machine, and then it grew for ten years without pause."
    )
    edit_tag(tag=tag, by=ana, values={"outlook": said})
    edit_tag(tag=tag, by=ana, values={"outlook": said.replace("ten years", "a decade")})
    change = Change.objects.latest("pk")
    (field,) = differences(change, named_keys([change]))
    assert [(what, words) for what, words in field.pieces if what in {"gone", "new"}] == [
        ("gone", "ten years"),
        ("new", "a decade"),
    ]


def test_whether_an_outlook_held_is_told_in_words(ana):
    tag = make_tag()
    edit_tag(tag=tag, by=ana, values={"outlook": "Nobody reads any more."})
    review_outlook(tag=tag, by=ana, held="too_early")
    change = Change.objects.latest("pk")
    assert "too early to say" in {field.after for field in differences(change, named_keys([change]))}


def test_another_analyst_undoes_a_line_and_the_log_says_who(as_role, people, suggested):
    before = taggings()
    change = decide(suggested, people[Role.ADMINISTRATOR], verdict="reject", why="wrong")
    analyst = as_role(Role.ANALYST)
    assert f"/history/{change.pk}/undo/" in analyst.get("/history/").content.decode()
    analyst.post(f"/history/{change.pk}/undo/")
    assert taggings() == before
    words = plain(analyst.get("/history/").content)
    assert "Undone by analyst@example.org" in words
    assert analyst.post(f"/history/{change.pk}/undo/").status_code == 409


def test_undoing_an_old_change_first_tells_what_was_built_on_it(analyst, ana, people, suggested):
    old = decide(suggested, ana, verdict="score", relevancy=2)
    new = decide(suggested, people[Role.ADMINISTRATOR], verdict="score", relevancy=5)
    told = analyst.post(f"/history/{old.pk}/undo/")
    assert told.status_code == 409
    assert "Built on it since" in plain(told.content)
    assert "administrator@example.org" in plain(told.content)
    assert Change.objects.filter(undone_at=None).count() == 2
    analyst.post(f"/history/{old.pk}/undo/", {"knowing": new.pk})
    old.refresh_from_db()
    assert old.undone_at is not None
    assert Tagging.objects.get().stated_relevancy == 5


def test_what_was_built_after_the_page_was_read_is_told_again(analyst, ana, suggested):
    old = decide(suggested, ana, verdict="score", relevancy=2)
    seen = decide(suggested, ana, verdict="score", relevancy=3)
    decide(suggested, ana, verdict="score", relevancy=4)
    assert analyst.post(f"/history/{old.pk}/undo/", {"knowing": seen.pk}).status_code == 409
    assert Decision.objects.filter(undone_at=None).count() == 3


def test_the_later_ones_go_along_newest_first(analyst, ana, suggested):
    before = taggings()
    changes = [decide(suggested, ana, verdict="score", relevancy=number) for number in (2, 3, 4)]
    analyst.post(f"/history/{changes[0].pk}/undo/", {"knowing": changes[-1].pk, "along": "1"})
    assert taggings() == before
    assert not Change.objects.filter(undone_at=None).exists()


def test_only_what_touches_the_same_stands_on_a_change(ana, suggested):
    first = decide(suggested, ana, verdict="accept")
    article, tag = suggested
    decide_tagging(article=article, tag=make_tag(), by=ana, verdict="accept")
    rate_tag(tag=tag, by=ana, relevancy=3)
    assert built_since(first) == []
    edited = edit_tag(tag=tag, by=ana, values={"outlook": "Soon."})
    edit_tag(tag=tag, by=ana, values={"change": "From one to two."})
    assert built_since(edited) == []
    again = edit_tag(tag=tag, by=ana, values={"outlook": "Later."})
    assert built_since(edited) == [again]


def test_what_touches_the_same_is_found_under_many_later_edits_of_other_fields(ana):
    tag = make_tag()
    edited = edit_tag(tag=tag, by=ana, values={"outlook": "Soon."})
    again = edit_tag(tag=tag, by=ana, values={"outlook": "Later."})
    unnamed = Change.objects.create(user=ana, verb="tag.edited", target=f"tag:{tag.pk}", title="Thing")
    for number in range(TOLD):
        edit_tag(tag=tag, by=ana, values={"change": f"From one to {number}."})
    assert built_since(edited) == [unnamed, again]


def test_the_newest_of_many_comments_on_an_item_added_by_hand_is_told(ana):
    tag = add_tag(by=ana, values={"kind": "issue", "name": "Entirely new"})
    for number in range(TOLD + 1):
        newest = add_comment(tag=tag, by=ana, text=f"Remark {number}")
    assert built_since(Change.objects.get(verb="tag.created"))[0].target == f"comment:{newest.pk}"


def test_what_was_made_in_one_go_is_one_line_that_opens_and_goes_back_at_once(analyst, ana):
    source, tag, go = make_source(), make_tag(), uuid.uuid4()
    for _ in range(3):
        decide((make_article(source, [tag]), tag), ana, verdict="reject")
    Change.objects.update(together=go)
    page = analyst.get("/history/").content.decode()
    assert page.count("data-row>") == 1
    assert "3 in one go: decided" in plain(page)
    assert analyst.get(f"/history/?together={go}").content.decode().count("data-row>") == 3
    newest = Change.objects.latest("pk")
    analyst.post(f"/history/{newest.pk}/undo/", {"go": "1"})
    assert set(Tagging.objects.values_list("state", flat=True)) == {State.SUGGESTED}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=enough", {"decided"}),
        ("q=ENOUGH+attention", {"decided"}),
        ("q=100%25", set()),
        ("kind=ratings", {"rated"}),
        ("kind=decisions", {"decided"}),
        ("tag=sparse+ATTENTION", {"decided", "rated"}),
        ("tag=nothing+of+the+kind", set()),
        ("undone=yes", set()),
        ("undone=no", {"decided", "rated"}),
        ("to=2001-01-01", set()),
        ("from=2001-01-01", {"decided", "rated"}),
        ("from=nonsense&person=x&before=%C2%B2&after=-1&together=1&kind=x", {"decided", "rated"}),
        ("to=9999-12-31", {"decided", "rated"}),
    ],
)
def test_the_log_is_filtered_by_its_address(analyst, ana, suggested, query, found):
    decide(suggested, ana, verdict="accept")
    rate_tag(tag=suggested[1], by=ana, relevancy=3)
    words = plain(analyst.get(f"/history/?{query}").content)
    assert {verb for verb in ("decided", "rated") if f"· {verb} ·" in words} == found


def test_pages_are_told_by_key_in_a_few_queries_and_lose_nothing(analyst, ana):
    Change.objects.bulk_create(
        Change(user=ana, verb="tag.rated", target="rating:0", title=f"Change {number}")
        for number in range(120)
    )
    seen, address = [], "/history/"
    while address:
        with CaptureQueriesContext(connection) as asked:
            html = analyst.get(address).content.decode()
        assert len(asked) <= 12
        seen += re.findall(r"Change (\d+)</a>", html)
        older = re.search(r'rel="next" href="([^"]+)"', html)
        address = "/history/" + older[1].replace("&amp;", "&") if older else ""
    assert seen == [str(number) for number in reversed(range(120))]
    newer = re.search(r'rel="prev" href="([^"]+)"', html)
    back = analyst.get("/history/" + newer[1]).content.decode()
    assert re.findall(r"Change (\d+)</a>", back) == [str(number) for number in range(69, 19, -1)]


def test_a_last_hour_is_taken_back_newest_first_and_what_can_not_be_is_reported(analyst, ana, suggested):
    earlier = decide(suggested, ana, verdict="score", relevancy=2)
    Change.objects.filter(pk=earlier.pk).update(made_at=timezone.now() - timedelta(hours=2))
    decide(suggested, ana, verdict="score", relevancy=3)
    rate_tag(tag=suggested[1], by=ana, relevancy=4)
    gone = Change.objects.create(user=ana, verb="tag.rated", target="rating:999999", title="Gone")
    page = analyst.get("/history/take-back/?since=hour")
    assert "3 changes by analyst@example.org" in plain(page.content)
    report = plain(analyst.post("/history/take-back/", {"since": "hour"}).content)
    assert "2 changes undone." in report
    assert "Gone This is no longer there." in report
    assert set(Change.objects.filter(undone_at=None)) == {earlier, gone}
    assert Tagging.objects.get().stated_relevancy == 2
    assert not Rating.objects.filter(undone_at=None).exists()


@pytest.mark.parametrize("since", ["", "soon", "9999-99-99", "0001-01-01T00:00", "0001-01-01T00:00+14:00"])
def test_nonsense_as_a_moment_is_no_fault(analyst, since):
    assert analyst.get("/history/take-back/", {"since": since}).status_code == 200
    assert analyst.post("/history/take-back/", {"since": since}).status_code == 422


def test_many_are_taken_back_by_a_job_that_may_be_asked_for_twice(monkeypatch, administrator, ana):
    monkeypatch.setattr("signals.curation.undo.AT_ONCE", 2)
    source, tag = make_source(), make_tag()
    articles = [make_article(source, [tag]) for _ in range(4)]
    before = taggings()
    for article in articles:
        decide((article, tag), ana, verdict="accept")
    Change.objects.create(user=ana, verb="tag.rated", target="rating:999999", title="Gone")
    long_ago = timezone.now() - timedelta(days=1)
    undone = undo_all(by=ana, of=ana, since=long_ago)
    assert undo_all(by=ana, of=ana, since=long_ago).job == undone.job
    job = run_job(undone.job)
    assert (job.state, job.done, job.failed) == ("done", 5, 1)
    assert (job.result["undone"], [words for _pk, words, _why in job.result["refused"]]) == (4, ["Gone"])
    assert taggings() == before
    words = plain(administrator.get(f"/jobs/{job.pk}/").content)
    assert "4 changes undone." in words
    assert "Gone This is no longer there." in words


def test_one_refused_change_does_not_stop_the_key_for_ever(analyst, ana, people, suggested):
    before = taggings()
    decide(suggested, ana, verdict="accept")
    tag = accept_proposal(proposal=make_proposal(suggested[0], "Stuck"), by=ana)
    rate_tag(tag=tag, by=people[Role.ADMINISTRATOR], relevancy=4)
    refused = unescape(plain(analyst.post("/inbox/undo/", follow=True).content))
    assert re.search("“accepted: Stuck” can't be undone: .* Undo again for what came before.", refused)
    analyst.post("/inbox/undo/")
    assert taggings()[:1] == before
    assert Tag.objects.filter(pk=tag.pk).exists()


def test_the_key_takes_back_all_that_was_made_in_one_go_and_no_settings(ana):
    source, tag = make_source(), make_tag()
    before = taggings()
    for _ in range(3):
        decide((make_article(source, [tag]), tag), ana, verdict="accept")
    Change.objects.update(together=uuid.uuid4())
    Change.objects.create(user=ana, verb="settings.changed", target=f"person:{ana.pk}", title="Settings")
    assert undo_last(by=ana).count == 3
    assert {state for state, *_rest in taggings()} == {State.SUGGESTED}
    assert before == []


def test_a_reader_sees_the_log_without_a_way_to_change_it_and_strangers_nothing(
    as_role, ana, suggested, settings
):
    change = decide(suggested, ana, verdict="accept")
    viewer = as_role(Role.VIEWER)
    for address in ("/history/", f"/history/{change.pk}/"):
        html = viewer.get(address).content.decode()
        assert "Less is enough" in html
        assert "undo/" not in html
        assert "take-back" not in html
    assert viewer.post(f"/history/{change.pk}/undo/").status_code == 403
    settings.PUBLIC_READ_ONLY = True
    for address in ("/history/", f"/history/{change.pk}/", "/history/take-back/"):
        assert as_role("").get(address).status_code == 302


def test_what_is_about_people_is_for_administrators_and_what_is_private_for_oneself(as_role, people):
    ana = people[Role.ANALYST]
    invited = Change.objects.create(
        user=people[Role.ADMINISTRATOR],
        verb="invitation.sent",
        target="invitation:1",
        title="new@example.org",
    )
    own = Change.objects.create(user=ana, verb="view.saved", target="view:1", title="My movers")
    analyst, viewer, root = as_role(Role.ANALYST), as_role(Role.VIEWER), as_role(Role.ADMINISTRATOR)
    assert "new@example.org" not in analyst.get("/history/").content.decode()
    assert analyst.get(f"/history/{invited.pk}/").status_code == 404
    assert analyst.post(f"/history/{invited.pk}/undo/").status_code == 404
    assert "My movers" in analyst.get("/history/").content.decode()
    assert viewer.get(f"/history/{own.pk}/").status_code == 404
    assert root.get(f"/history/{own.pk}/").status_code == 200


def test_a_change_whose_thing_is_gone_is_refused_in_words(analyst, ana, suggested):
    change = decide(suggested, ana, verdict="accept")
    Article.objects.all().delete()
    answer = analyst.post(f"/history/{change.pk}/undo/")
    assert answer.status_code == 409
    assert "no longer there" in plain(answer.content)
    with pytest.raises(CurationError):
        undo_change(change=change, by=ana)


def test_every_verb_that_the_code_writes_has_words_and_a_place_in_the_filter():
    root = Path(__file__).parents[3]
    sources = [
        *root.glob("signals/curation/*.py"),
        *root.glob("signals/digests/*.py"),
        root / "ingestion/services.py",
    ]
    nouns = "|".join(sorted({verb.partition(".")[0] for verb in VERBS} | {"alert", "edition", "story"}))
    said = re.compile(rf'"((?:{nouns})\.[a-z_]+)"')
    written = {verb for path in sources for verb in said.findall(path.read_text())}
    written |= {f"proposal.{status}" for status in Proposal.Status.values if status != "waiting"}
    assert len(written) > 40
    assert written <= set(VERBS)
    assert {verb for verb in VERBS if group_of(verb) not in GROUPS} == set()
