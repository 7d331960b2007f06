"""Who may do what, and how people get in."""

import re
from datetime import date, timedelta
from http.cookies import SimpleCookie
from urllib.parse import unquote

import pytest
from django.db import transaction
from django.test import Client
from django.urls import get_resolver, reverse
from django.utils import timezone

from signals.curation.comments import add_comment
from signals.curation.decisions import decide_tagging
from signals.curation.outlooks import review_outlook
from signals.curation.people import change_role, change_settings, issue_log_in_link
from signals.curation.ratings import rate_tag
from signals.curation.saved_views import delete_view, save_view
from signals.curation.signposts import add_signpost
from signals.curation.tags import edit_tag
from signals.curation.undo import undo_change
from signals.models import (
    Article,
    Change,
    Job,
    LogInLink,
    OutboxMail,
    Rating,
    Role,
    Setting,
    Source,
    State,
    Tag,
    Tagging,
    User,
)
from tests.signals.web.access import (
    ANYBODY,
    BY_THE_WEB,
    GETS,
    POSTS,
    POSTS_ELSEWHERE,
    POSTS_OF_OWN,
    PUBLIC,
    RANKS,
    make_addresses,
    writes,
)
from tests.signals.web.making import BACKEND, fill, make_article, make_source, make_tag, plain
from tests.signals.web.tables import COUNTED, differing, tables

LEFT = {
    "invite": {"signals_invitation"},  # withdrawn, not deleted: its link is out
    "source-enabled": {"signals_source", "ingestion_schedule"},  # is due at once, whenever it was due before
    "remove-sample": COUNTED,  # counts then and there
}
"""Tables that are not as before once a write was undone."""
WORK = {"signals_job"}
"""What is matched, counted or read anew in the background, for a change and for its undoing."""


@pytest.fixture
def addresses(people) -> dict[str, str]:
    return make_addresses(people)


@pytest.mark.parametrize("name", POSTS)
def test_only_those_who_may_change_something_can(as_role, addresses, name):
    before = state()
    stranger = as_role("").post(addresses[name])
    assert stranger.status_code == 302
    assert "/accounts/login/" in stranger["Location"]
    if POSTS[name] != Role.VIEWER:
        assert as_role(Role.VIEWER).post(addresses[name]).status_code == 403
    if POSTS[name] == Role.ADMINISTRATOR:
        assert as_role(Role.ANALYST).post(addresses[name]).status_code == 403
    assert state() == before
    assert as_role("administrator").post(addresses[name]).status_code in {200, 302, 409, 422}


def state() -> tuple:
    return (
        list(Tagging.objects.order_by("pk").values_list("state", "stated_relevancy")),
        list(Source.objects.order_by("pk").values_list("pk", "is_enabled")),
        Rating.objects.count(),
        Change.objects.count(),
        OutboxMail.objects.count(),
        list(Job.objects.order_by("pk").values_list("state")),
        Article.objects.count(),
    )


def routes(resolver=None, prefix=""):
    """Every address pattern of the site with its name."""
    for pattern in (resolver or get_resolver()).url_patterns:
        path = prefix + str(pattern.pattern)
        if hasattr(pattern, "url_patterns"):
            yield from routes(pattern, path)
        else:
            yield path, pattern.name or ("tag by number" if path == "tags/<int:pk>/" else path)


def test_every_page_says_who_may_read_it_and_who_may_write_there():
    """A new address has to stand in tests/signals/web/access.py."""
    own = {name for path, name in routes() if not path.startswith("admin/")}
    assert own == {*GETS, *POSTS, *POSTS_ELSEWHERE}


@pytest.mark.parametrize("who", ["", "public", *Role.values])
def test_each_page_lets_in_whom_it_should_and_nobody_else(as_role, addresses, settings, who):
    settings.PUBLIC_READ_ONLY = who == "public"
    browser = as_role("" if who == "public" else who)
    browser.raise_request_exception = False
    cookies = {name: cookie.value for name, cookie in browser.cookies.items()}
    rank = RANKS.index(who or ANYBODY)
    wrong = []
    for name, address in addresses.items():
        for method, levels in (("GET", GETS), ("POST", {**POSTS, **POSTS_ELSEWHERE})):
            level = levels.get(name)
            may = level is not None and rank >= RANKS.index(level)
            browser.cookies = SimpleCookie(cookies)
            with transaction.atomic():
                answer = browser.generic(method, address, content_type="application/x-www-form-urlencoded")
                transaction.set_rollback(True)
            # Whoever is in doesn't ask for the way in; whoever has just logged out asks for it.
            to_log_in = answer.get("Location", "").startswith("/accounts/login/")
            refused = to_log_in or answer.status_code in ({403, 405} if level else {403, 404, 405})
            # allauth sends on whoever is in already, or has nothing to confirm.
            is_excused = may and name.startswith(("account_", "mfa_"))
            if answer.status_code >= 500 or (refused == may and not is_excused):
                wrong.append(f"{method} {name}: {answer.status_code} {answer.get('Location', '')}")
    assert not wrong, "\n".join(wrong)


def test_a_part_of_a_page_says_why_it_is_refused_and_leaves_the_page_as_it_is(as_role, people, addresses):
    written = {"text": "A long comment"}
    stranger, viewer = as_role(""), as_role(Role.VIEWER)
    old_form = Client(enforce_csrf_checks=True)
    old_form.force_login(people[Role.ANALYST], backend=BACKEND)
    for browser, status, words in [
        (stranger, 401, "You were logged out."),
        (viewer, 403, "Your role does not allow this."),
        (old_form, 403, "This page is older than your log-in"),
    ]:
        told = browser.post(addresses["tag-comment"], written, headers={"HX-Request": "true"})
        assert (told.status_code, told.content[:6]) == (status, b"" if browser is not old_form else b"<!doct")
        assert unquote(told["X-Reason"]).startswith(words)
    assert "load the page again" in plain(old_form.post(addresses["tag-comment"], written).content)


def test_who_was_logged_out_while_writing_comes_back_to_the_page_of_the_form(as_role, addresses):
    for came_from, back in [
        ("http://testserver/tags/1-x/?a=b", "/tags/1-x/%3Fa%3Db"),
        ("http://evil.example/", "/"),
    ]:
        answer = as_role("").post(addresses["tag-comment"], headers={"Referer": came_from})
        assert answer["Location"] == f"/accounts/login/?next={back}"


def test_the_administration_lets_only_administrators_in(as_role, people):
    pages = {
        "/" + path.replace("<path:object_id>", "1").replace("<path:content_type_id>", "1")
        for path, _name in routes()
        if path.startswith("admin/") and not path.startswith(("admin/^", "admin/("))
    } - {"/admin/login/", "/admin/logout/"}
    for who in ("", *Role.values):
        browser = as_role(who)
        for page in sorted(pages):
            for ask in (browser.get, browser.post):
                with transaction.atomic():
                    answer = ask(page)
                    transaction.set_rollback(True)
                assert answer.status_code < 500, page
                if who != Role.ADMINISTRATOR:
                    assert answer.status_code in {302, 403}, (who, page)
                    assert answer.status_code == 403 or "/login/" in answer["Location"], (who, page)
    assert as_role(Role.ADMINISTRATOR).get("/admin/").status_code == 200


@pytest.mark.parametrize("name", POSTS)
def test_every_write_of_the_web_is_in_the_log_or_says_why_not_and_goes_back(as_role, addresses, people, name):
    make_article(make_source(), [make_tag()], is_sample=True)
    sent = writes(people)[name]
    if isinstance(sent, str):
        assert sent
        return
    root, left = as_role(Role.ADMINISTRATOR), LEFT.get(name, set()) | (set() if "job" in name else WORK)
    lines, before = set(Change.objects.values_list("pk", flat=True)), tables(without=left)
    root.post(addresses[name], sent)
    made = list(Change.objects.exclude(pk__in=lines).order_by("-pk"))
    assert made
    assert {change.verb for change in made} <= BY_THE_WEB
    assert all(change.user == people[Role.ADMINISTRATOR] for change in made)
    for change in made:
        answer = root.post(f"/history/{change.pk}/undo/")
        assert answer.status_code == 302, plain(answer.content)
    assert differing(before, tables(without=left)) == {}


@pytest.mark.parametrize(
    "path", ["/", "/tags/", "/themes/", "/articles/", "/models/", "/sources/", "/settings/", "/digests/"]
)
def test_a_stranger_is_asked_to_log_in(as_role, path):
    response = as_role("").get(path)
    assert (response.status_code, response["Location"]) == (302, f"/accounts/login/?next={path}")


def test_a_viewer_sees_no_control_that_would_be_refused(as_role, addresses):
    fill(1)
    numbers = re.compile(r"\d+")
    viewer = as_role(Role.VIEWER)
    tag, source, article = Tag.objects.first(), Source.objects.first(), Article.objects.first()
    for url in [
        "/",
        "/tags/",
        tag.get_absolute_url(),
        f"/articles/{article.pk}/",
        "/sources/",
        f"/sources/{source.pk}/",
        "/settings/",
        "/history/",
        "/digests/",
        addresses["digest"],
    ]:
        html = viewer.get(url).content.decode()
        offered = {numbers.sub("1", path) for path in re.findall(r'(?:action|hx-post)="([^"?]+)', html)}
        for name, role in POSTS.items():
            if role != Role.VIEWER:
                assert numbers.sub("1", addresses[name]) not in offered, f"{name} on {url}"
        assert "/inbox/" not in html, url
    assert viewer.get("/inbox/").status_code == 403


@pytest.mark.parametrize("name", POSTS_OF_OWN)
def test_a_viewer_takes_back_what_they_changed_of_their_own_and_nothing_else(
    as_role, people, addresses, name
):
    vera, root = people[Role.VIEWER], people[Role.ADMINISTRATOR]
    assert POSTS_OF_OWN[name] == Role.VIEWER
    viewer = as_role(Role.VIEWER)
    before = tables()["signals_savedview"]
    viewer.post("/tags/views/", {"name": "Mine", "query": "sort=name"})
    viewer.post("/settings/", {"name": "Vera", "language": "en", "time_zone": "Europe/Paris"})
    own = [change.pk for change in Change.objects.filter(user=vera)]
    # As an analyst one did more, which one may not do any more.
    User.objects.filter(pk=vera.pk).update(role=Role.ADMINISTRATOR)
    vera.refresh_from_db()
    rate_tag(tag=make_tag(), by=vera, relevancy=4)
    change_settings(person=root, by=vera, name="Root", language="en", time_zone="UTC")
    delete_view(view=save_view(by=vera, name="For all", query="sort=kind", is_shared=True), by=vera)
    shared = Change.objects.latest("pk")
    User.objects.filter(pk=vera.pk).update(role=Role.VIEWER)
    vera.refresh_from_db()
    # Another's hand on one's own settings is not one's own change.
    change_settings(person=vera, by=root, name="V.", language="en", time_zone="Europe/Paris")
    change_role(person=people[Role.ANALYST], role=Role.ADMINISTRATOR, by=root)

    made_shared = Change.objects.get(verb="view.saved", title="For all").pk
    offered = re.findall(r'hx-post="([^"]+/undo/)"', viewer.get("/history/").content.decode())
    assert sorted(offered) == sorted(reverse(name, args=[pk]) for pk in (*own, made_shared))
    others = list(Change.objects.exclude(pk__in=[*own, made_shared]))
    assert len(others) > 5
    stood = tables()
    for change in others:
        for sent in ({}, {"go": "1"}, {"along": "1", "knowing": "1"}):
            seen = Change.objects.seen_by(vera).filter(pk=change.pk).exists()
            refused = viewer.post(reverse(name, args=[change.pk]), sent)
            assert refused.status_code == (403 if seen else 404), (change.verb, sent)
    told = viewer.post(reverse(name, args=[shared.pk]), headers={"HX-Request": "true"})
    assert unquote(told["X-Reason"]) == "Your role does not allow this."
    assert tables() == stood
    # Nor do others' changes go along with one's own.
    settings = Change.objects.get(user=vera, target=f"settings:{vera.pk}")
    later = Change.objects.get(user=root, target=f"settings:{vera.pk}")
    refused = viewer.post(reverse(name, args=[settings.pk]), {"along": "1", "knowing": str(later.pk)})
    assert (refused.status_code, tables() == stood) == (409, True)

    undo_change(change=later, by=root)
    for pk in own:
        assert viewer.post(reverse(name, args=[pk])).status_code == 302
    assert tables()["signals_savedview"] == before
    vera.refresh_from_db()
    assert (vera.name, vera.time_zone) == ("", "UTC")


def test_a_log_in_link_is_not_used_up_by_looking_and_works_once(as_role, people):
    link = f"/log-in/{issue_log_in_link(user=people[Role.ANALYST])}/"
    stranger = as_role("")
    for _ in range(2):
        assert stranger.get(link).status_code == 200
        assert stranger.head(link).status_code == 200
    first = stranger.post(link)
    assert (first.status_code, first["Location"]) == (302, "/")
    assert stranger.get("/tags/").status_code == 200
    other = as_role("")
    assert other.post(link).status_code == 410
    assert other.get(link).status_code == 410
    assert other.get("/tags/").status_code == 302


def test_an_old_log_in_link_is_gone(as_role, people):
    link = f"/log-in/{issue_log_in_link(user=people[Role.ANALYST])}/"
    LogInLink.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert as_role("").get(link).status_code == 410
    assert as_role("").post(link).status_code == 410


def test_a_page_with_a_log_in_link_is_kept_nowhere(as_role, people):
    response = as_role("").get(f"/log-in/{issue_log_in_link(user=people[Role.ANALYST])}/")
    assert "no-store" in response["Cache-Control"]


def test_a_test_mail_lands_in_the_outbox_and_is_read_there(administrator, settings):
    settings.EMAIL_BACKEND = "signals.digests.outbox.EmailBackend"
    assert administrator.post("/settings/test-mail/").status_code == 302
    mail = OutboxMail.objects.get()
    assert mail.to == "administrator@example.org"
    assert "administrator@example.org" in administrator.get("/settings/outbox/").content.decode()
    html = administrator.get(f"/settings/outbox/{mail.pk}/").content.decode()
    assert "Vigie can send mail" in html


def test_a_refused_test_mail_says_what_the_server_said(administrator, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_USE_TLS = "127.0.0.1", 1, False
    html = administrator.post("/settings/test-mail/", follow=True).content.decode()
    assert "The mail server refused" in html
    assert "Connection refused" in html


def test_with_public_reading_strangers_read_and_decide_nothing(as_role, settings, addresses):
    settings.PUBLIC_READ_ONLY = True
    stranger = as_role("")
    for url in ("/", "/tags/", Tag.objects.first().get_absolute_url(), "/articles/", "/sources/"):
        html = stranger.get(url)
        assert html.status_code == 200
        assert addresses["rate"] not in html.content.decode()
    for url in ("/inbox/", "/settings/", "/settings/outbox/", "/sources/add/"):
        assert stranger.get(url).status_code == 302, url
    assert stranger.post(addresses["inbox-decide"], {"verdict": "accept"}).status_code == 302
    assert Tagging.objects.get().state == State.SUGGESTED


def test_the_sample_goes_with_one_click_and_the_catalogue_stays(administrator):
    make_article(make_source(), [make_tag()], is_sample=True)
    Setting.objects.all()
    assert administrator.post("/settings/remove-sample/").status_code == 302
    assert not Article.objects.filter(is_sample=True).exists()
    assert Tag.objects.count() == 1


def test_with_public_reading_no_page_names_the_people_who_work_here(as_role, addresses, people, settings):
    settings.PUBLIC_READ_ONLY = True
    ana = people[Role.ANALYST]
    User.objects.filter(pk=ana.pk).update(name="Zoe Nobody-Else")
    tag = Tag.objects.get(pk=int(addresses["rate"].split("/")[2]))
    article = Article.objects.get(pk=int(addresses["article"].split("/")[2]))
    decide_tagging(article=article, tag=tag, by=ana, verdict="score", relevancy=4, stance="contradicts")
    rate_tag(tag=tag, by=ana, relevancy=4)
    add_comment(tag=tag, by=ana, text="I doubt it.")
    edit_tag(tag=tag, by=ana, values={"outlook": "In ten years.", "outlook_due_on": date(2020, 1, 1)})
    review_outlook(tag=tag, by=ana, held="partly", words="Half of it.")
    add_signpost(tag=tag, by=ana, words="A first customer.")
    stranger, told, read = as_role(""), [], 0
    for name in sorted(name for name, level in GETS.items() if level in {ANYBODY, PUBLIC}):
        answer = stranger.get(addresses[name])
        if answer.status_code == 200 and not answer.streaming:
            read += 1
            html = answer.content.decode(errors="replace")
            told += [(name, word) for word in ("Zoe", "Nobody-Else", "@example.org") if word in html]
    assert told == []
    assert read > 20
