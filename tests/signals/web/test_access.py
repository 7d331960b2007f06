"""Who may do what, and how people get in."""

from datetime import timedelta

import pytest
from django.urls import get_resolver, reverse
from django.utils import timezone

from signals.curation.people import issue_log_in_link
from signals.models import (
    Article,
    Change,
    Job,
    LogInLink,
    OutboxMail,
    Rating,
    Role,
    SavedView,
    Setting,
    Source,
    State,
    Tag,
    Tagging,
)
from tests.signals.web.making import (
    fill,
    make_article,
    make_merge,
    make_proposal,
    make_row,
    make_source,
    make_tag,
)

POSTS = {
    "rate": Role.ANALYST,
    "tag-new": Role.ANALYST,
    "tag-edit": Role.ANALYST,
    "tag-evidence": Role.ANALYST,
    "tag-comment": Role.ANALYST,
    "tag-signpost": Role.ANALYST,
    "tag-outlook": Role.ANALYST,
    "inbox-decide": Role.ANALYST,
    "inbox-undo": Role.ANALYST,
    "inbox-many": Role.ANALYST,
    "inbox-snooze": Role.ANALYST,
    "inbox-add-tag": Role.ANALYST,
    "inbox-proposal": Role.ANALYST,
    "inbox-link": Role.ANALYST,
    "similar-decide": Role.ANALYST,
    "tag-merge": Role.ANALYST,
    "tag-split": Role.ANALYST,
    "story": Role.ANALYST,
    "story-group": Role.ANALYST,
    "out": Role.VIEWER,
    "job-cancel": Role.ANALYST,
    "job-retry": Role.ANALYST,
    "source-add": Role.ANALYST,
    "source-poll": Role.ANALYST,
    "sources-poll": Role.ANALYST,
    "source-enabled": Role.ADMINISTRATOR,
    "quality-take-back": Role.ANALYST,
    "send-test-mail": Role.ADMINISTRATOR,
    "remove-sample": Role.ADMINISTRATOR,
    "view-save": Role.VIEWER,
    "view-change": Role.VIEWER,
}


@pytest.fixture
def addresses(db, people) -> dict[str, str]:
    tag, source = make_tag(), make_source()
    article = make_article(source, [tag])
    keys = {
        "rate": [tag.pk],
        "tag-edit": [tag.pk, "names"],
        "tag-evidence": [tag.pk, article.pk],
        "tag-comment": [tag.pk],
        "tag-signpost": [tag.pk],
        "tag-outlook": [tag.pk],
        "inbox-decide": [article.pk, tag.pk],
        "inbox-snooze": [article.pk],
        "inbox-add-tag": [article.pk],
        "inbox-proposal": [make_proposal(article).pk],
        "inbox-link": [make_row(article, tag).pk],
        "similar-decide": [tag.pk, make_tag().pk],
        "story": [article.pk],
        "tag-merge": [tag.pk],
        "tag-split": [tag.pk, make_merge(make_tag(), tag, people["administrator"]).pk],
        "job-cancel": [Job.objects.create(kind="match_tags", title="Running").pk],
        "job-retry": [Job.objects.create(kind="match_tags", title="Failed", state="failed").pk],
        "source-poll": [source.pk],
        "source-enabled": [source.pk],
        "view-change": [SavedView.objects.create(user=people["administrator"], name="Mine").pk],
    }
    return {name: reverse(name, args=keys.get(name)) for name in POSTS}


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


def test_the_list_above_names_every_page_that_takes_a_post(db):
    """A new page that changes something has to say here who may use it."""
    public = {"log-in-link", "subscribe", "settings"}
    named = {
        name
        for name, _routes in get_resolver().reverse_dict.lists()
        if isinstance(name, str)
        and not name.startswith(
            ("account_", "mfa_", "digest", "subscri", "claim", "unsubscribe", "preferences")
        )
    }
    gets = {
        *("home", "healthz", "readyz", "tags", "tags-export", "tag", "tags-kind", "tags-kind-export"),
        *("search", "articles", "article", "article-note", "inbox", "inbox-proposals", "models", "model"),
        *("inbox-links", "similar-tags", "tag-merged", "out-items", "out-items-kind"),
        *("outbox", "outbox-mail", "sources", "source", "jobs", "job"),
        *("quality", "quality-csv", "quality-json", "quality-tag"),
        *("tag-weeks", "themes", "theme", "theme-note", "reviews"),
    }
    assert named - gets - public == set(POSTS)


@pytest.mark.parametrize(
    "path", ["/", "/tags/", "/themes/", "/articles/", "/models/", "/sources/", "/settings/", "/digests/"]
)
def test_a_stranger_is_asked_to_log_in(as_role, path):
    response = as_role("").get(path)
    assert (response.status_code, response["Location"]) == (302, f"/accounts/login/?next={path}")


def test_a_viewer_sees_no_control_that_would_be_refused(as_role):
    fill(1)
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
    ]:
        html = viewer.get(url).content.decode()
        for name in POSTS:
            if POSTS[name] == Role.VIEWER:
                continue
            prefix = reverse(
                name,
                args={
                    "rate": [tag.pk],
                    "tag-edit": [tag.pk, "names"],
                    "tag-evidence": [tag.pk, article.pk],
                    "tag-comment": [tag.pk],
                    "tag-signpost": [tag.pk],
                    "tag-outlook": [tag.pk],
                    "inbox-decide": [1, 1],
                    "inbox-snooze": [1],
                    "inbox-add-tag": [1],
                    "inbox-proposal": [1],
                    "inbox-link": [1],
                    "similar-decide": [1, 1],
                    "tag-merge": [tag.pk],
                    "tag-split": [tag.pk, 1],
                    "story": [article.pk],
                    "job-cancel": [1],
                    "job-retry": [1],
                    "source-poll": [source.pk],
                    "source-enabled": [source.pk],
                }.get(name),
            )
            assert prefix not in html, f"{prefix} on {url}"
        assert "/inbox/" not in html, url
    assert viewer.get("/inbox/").status_code == 403


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
