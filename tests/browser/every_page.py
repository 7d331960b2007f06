"""Every page by the name of its address: filled, empty, opened, seen by others, and gone wrong."""

import re
import time
from dataclasses import dataclass
from datetime import datetime, timedelta

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.core import mail
from django.core.cache import cache
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from signals.curation.comments import add_comment
from signals.curation.decisions import decide_tagging
from signals.curation.invitations import invite
from signals.curation.people import issue_log_in_link
from signals.curation.signposts import add_signpost
from signals.digests.alert_requests import form_token, request_alert
from signals.digests.choose import default_week
from signals.digests.editions import freeze_edition
from signals.digests.links import (
    Confirmation,
    Wishes,
    confirmation_token,
    evidence_token,
    subscription_token,
)
from signals.models import (
    Article,
    Edition,
    Job,
    Model,
    OutboxMail,
    Release,
    Role,
    Source,
    Subscription,
    Tag,
    Tagging,
    Theme,
    User,
)
from signals.trends.marks import mark_articles
from signals.trends.rollup import roll_up
from signals.trends.themes import refresh_themes
from tests.signals.digests.conftest import CONTENT, MONDAY, WEEK
from tests.signals.web.making import BACKEND, fill, make_merge, make_row, make_tag

# Files and answers for programs, which nobody looks at in a browser.
FILES = {
    *("healthz", "readyz", "tags-export", "tags-kind-export", "tag-weeks", "theme-note", "article-note"),
    *("quality-csv", "quality-json", "mfa_download_recovery_codes", "subscription-data", "digest-feed"),
}
# Parts of a page that come while somebody types there.
PARTS = {"inbox-items", "subscribe-tags", "subscription-tags"}
# Nobody gets a code by mail to log in with.
UNUSED = {"account_confirm_login_code"}
PASSWORD = "a long enough secret"


@dataclass(frozen=True)
class Visit:
    """One look at a page: by whom, what is clicked open first, and what its answer is."""

    address: str
    by: str = "administrator"
    clicks: str = ""
    status: int = 200


def patterns(found=None) -> list[tuple[str, URLPattern]]:
    """Every address by name but the admin's, whose pages are Django's."""
    walked = []
    for one in get_resolver().url_patterns if found is None else found:
        if isinstance(one, URLResolver):
            walked += [] if one.namespace == "admin" else patterns(one.url_patterns)
        else:
            walked.append((one.name, one))
    return walked


def is_shown(name: str, pattern: URLPattern, client: Client) -> bool:
    """Whether the address answers a GET with anything but that it takes none."""
    arguments = {
        key: 1 if type(converter).__name__ == "IntConverter" else "x"
        for key, converter in getattr(pattern.pattern, "converters", {}).items()
    }
    if pattern.pattern.regex.groups and not arguments:
        return True
    return client.get(reverse(name, kwargs=arguments)).status_code != 405


def log_in_cookie(user: User) -> str:
    """A session that counts as just opened with a password, so that nobody is asked for it again."""
    client = Client()
    client.force_login(user, backend=BACKEND)
    session = client.session
    session["account_authentication_methods_user"] = str(user.pk)
    session["account_authentication_methods"] = [
        {"method": "password", "at": time.time(), "email": user.email, "reauthenticated": True}
    ]
    session.save()
    return client.cookies["sessionid"].value


def make_people() -> dict[str, str]:
    """Session cookies by who looks; the administrator has a second factor, which one halfway in is asked for."""
    people = {}
    for name, role in [
        ("administrator", Role.ADMINISTRATOR),
        ("analyst", Role.ANALYST),
        ("viewer", Role.VIEWER),
    ]:
        user = User.objects.create_user(f"{name}@example.org", PASSWORD, role=role)
        people[name] = log_in_cookie(user)
    administrator = User.objects.get(email="administrator@example.org")
    TOTP.activate(administrator, generate_totp_secret())
    RecoveryCodes.activate(administrator)
    halfway = Client()
    halfway.post(reverse("account_login"), {"login": administrator.email, "password": PASSWORD})
    people["halfway"] = halfway.cookies["sessionid"].value
    people["newcomer"] = log_in_cookie(User.objects.create_user("new@example.org", role=Role.ANALYST))
    return people


def make_visits() -> dict[str, list[Visit]]:
    """What stands at every address, under its name; makes all that is looked at."""
    cache.clear()
    fill(4)
    Article.objects.update(is_sample=True)  # with its notice, a page has the most on it
    make_tag("A name without a single space in it: " + "very" * 30)
    tag, tagging = Tag.objects.order_by("pk")[0], Tagging.objects.order_by("pk")[0]
    tag.change, tag.driving_force, tag.outlook = "From a few to many", "Cheaper chips", "Everybody has one"
    tag.save(update_fields=["change", "driving_force", "outlook"])
    # Far apart: blind for the administrator, told to the two who said so.
    for name, score in (("analyst", 5), ("new", 1)):
        by = User.objects.get(email=f"{name}@example.org")
        decide_tagging(article=tagging.article, tag=tag, by=by, verdict="score", relevancy=score)
    note_row = make_row(tagging.article, tag, change="From a few to many", outlook="Many", stated_relevancy=4)
    theme = Theme.objects.create(name="A theme", slug="a-theme")
    theme.tags.set(Tag.objects.order_by("pk")[:5])
    mark_articles(Article.objects.values_list("pk", flat=True))
    roll_up()
    refresh_themes()
    return {
        **_reading(tag, theme, tagging.article, note_row.tag),
        **_desk(tagging.article, tag),
        **_changing(tag),
        **_running(tagging.article.source),
        **_newsletter(tag),
        **_getting_in(),
    }


def _reading(tag, theme, article, other) -> dict[str, list[Visit]]:
    page, table = tag.get_absolute_url(), "/tags/"
    past = (timezone.now() - timedelta(days=1)).date()
    return {
        "home": [Visit("/"), Visit("/", by="viewer")],
        "tags": [
            *(Visit(table, clicks="#more-filters > summary"), Visit(table, clicks=".pop summary >> nth=0")),
            *(Visit(f"{table}?view={view}") for view in ("matrix", "radar")),
            *(Visit(f"{table}?period=26w&against=previous&status=tracked"), Visit(f"{table}?q=zzz")),
            *(Visit(f"{table}?known_on={past}"), Visit(table, by="viewer")),
        ],
        "tags-kind": [Visit("/tags/technology/")],
        "tag": [
            *(Visit(page, clicks=".numbers summary"), Visit(page, by="viewer")),
            Visit(f"{page}?with={tag.pk + 1},{tag.pk + 2}&add=zzz"),
        ],
        "themes": [Visit("/themes/")],
        "theme": [Visit(f"/themes/{theme.slug}/")],
        "search": [Visit("/search/"), Visit("/search/?q=sentence"), Visit("/search/?q=zzz")],
        "out": [Visit(f"/out/?form=print&article={article.pk}")],
        "out-items": [Visit("/out/items/?form=print")],
        "out-items-kind": [Visit("/out/items/technology/?form=print")],
        "story": [Visit(f"/articles/{article.pk}/same-news/?q=article")],
        "reviews": [Visit("/reviews/"), Visit("/reviews/?of=contested")],
        "tag-evidence": [
            *(
                Visit(f"/tags/{tag.pk}/evidence/{article.pk}/", by=who)
                for who in ("administrator", "analyst")
            ),
            Visit(f"/inbox/?article={article.pk}", by="newcomer"),
        ],
        "articles": [
            Visit("/articles/?q=sentence"),
            Visit(f"/articles/?tag={tag.pk}"),
            Visit("/articles/?q=zzz"),
        ],
        "article": [Visit(f"/articles/{article.pk}/"), Visit("/articles/999999/", status=404)],
        "models": [Visit("/models/")],
        "model": [Visit(Model.objects.order_by("pk")[0].get_absolute_url())],
    }


def _desk(article, tag) -> dict[str, list[Visit]]:
    return {
        "inbox": [
            *(Visit("/inbox/"), Visit(f"/inbox/?article={article.pk}")),
            Visit("/inbox/", by="viewer", status=403),
        ],
        "inbox-links": [Visit("/inbox/links/")],
        "inbox-proposals": [Visit("/inbox/proposals/")],
        "similar-tags": [Visit("/tags/similar/"), Visit(f"/tags/similar/?tag={tag.pk}")],
        "quality": [Visit("/quality/")],
        "quality-tag": [Visit(f"/quality/tags/{tag.pk}/")],
    }


def _changing(tag) -> dict[str, list[Visit]]:
    administrator = User.objects.get(email="administrator@example.org")
    survivor, page = make_tag(), f"/tags/{tag.pk}"
    merged = make_merge(make_tag(), survivor, administrator)
    add_comment(tag=tag, by=administrator, text="Seen at work.")
    add_signpost(tag=tag, by=administrator, words="Somebody ships it.")
    return {
        "tag-new": [Visit("/tags/new/")],
        "tag-edit": [Visit(f"{page}/edit/{part}/") for part in ("outlook", "filing", "names")],
        "tag-merge": [Visit(f"{page}/merge/?q=technique"), Visit(f"{page}/merge/?with={survivor.pk}")],
        "tag-merged": [Visit(f"/tags/{survivor.pk}/merged/")],
        "history": [Visit("/history/"), Visit("/history/", by="viewer")],
        "history-change": [Visit(f"/history/{merged.pk}/")],
        "history-take-back": [Visit("/history/take-back/")],
    }


def _running(source: Source) -> dict[str, list[Visit]]:
    now = timezone.now()
    job = Job.objects.create(
        **{"kind": "match_tags", "title": "Matched with past articles", "state": "running", "total": 9},
        **{"done": 4, "started_at": now, "heartbeat_at": now, "lease_until": now + timedelta(minutes=5)},
    )
    Job.objects.create(kind="match_tags", title="Failed", state="failed", error="No reason was given.")
    kept = OutboxMail.objects.order_by("pk")[0]
    return {
        "sources": [Visit("/sources/")],
        "source": [Visit(f"/sources/{source.pk}/")],
        "source-add": [Visit("/sources/add/")],
        "jobs": [Visit("/jobs/")],
        "job": [Visit(f"/jobs/{job.pk}/")],
        "settings": [Visit("/settings/"), Visit("/settings/", by="viewer")],
        "people": [Visit("/people/")],
        "outbox": [Visit("/settings/outbox/")],
        "outbox-mail": [Visit(f"/settings/outbox/{kept.pk}/")],
    }


def _newsletter(tag) -> dict[str, list[Visit]]:
    edition = Edition.objects.create(
        period=WEEK.period, starts_on=WEEK.starts_on, ends_on=WEEK.ends_on, content=CONTENT.params()
    )
    freeze_edition(edition=edition, now=MONDAY)
    release = Release.objects.create(
        model=Model.objects.order_by("pk")[0], event_key="released", date=WEEK.starts_on
    )
    reader = Subscription.objects.create(email="reader@example.org", confirmed_at=MONDAY, consent_version="1")
    asked = Subscription.objects.create(email="asked@example.org")
    wishes = Wishes("en")
    confirming = confirmation_token(Confirmation(asked.pk, wishes, "1", datetime.now(tz=MONDAY.tzinfo)))
    yours = subscription_token(reader.pk)
    request_alert(email="told@example.org", tag=tag, language="en")
    alert_link = re.findall(r"/subscribe/alert/confirm/[^/]+/", str(mail.outbox[-1].body))
    kept = [("tag", tag.pk), ("rescored", tag.pk), ("release", release.pk), ("section", "movers")]
    claims = [evidence_token(what, WEEK.period, key) for what, key in kept]
    return {
        "subscribe": [Visit("/subscribe/"), Visit("/subscribe/", by="stranger")],
        "subscribe-asked": [Visit("/subscribe/asked/", by="stranger")],
        "subscription-confirm": [Visit(f"/subscribe/confirm/{confirming}/", by="stranger")],
        "subscription": [Visit(f"/subscribe/yours/{yours}/", by="stranger")],
        "unsubscribe": [Visit(f"/subscribe/leave/{yours}/", by="stranger")],
        "tag-alert": [Visit(f"/tags/{tag.pk}/alert/")],
        "subscription-alert": [Visit(f"/subscribe/alert/{form_token(tag)}/", by="stranger")],
        "subscription-alert-confirm": [Visit(link, by="stranger") for link in alert_link],
        "digest-evidence": [
            *(Visit(f"/d/{token}/", by="stranger") for token in claims),
            Visit("/d/nonsense/", by="stranger", status=410),
        ],
        "digests": [Visit("/digests/")],
        "digest": [Visit(f"/digests/{WEEK.period}/")],
        "digest-suppressions": [Visit("/digests/suppressed/")],
        "digest-desk": [Visit(f"/digests/{default_week().period}/desk/")],
        "digest-mail": [Visit(f"/digests/{WEEK.period}/mail.html")],
    }


def _getting_in() -> dict[str, list[Visit]]:
    user = User.objects.create_user("late@example.org", role=Role.ANALYST)
    link = issue_log_in_link(user=user)
    administrator = User.objects.get(email="administrator@example.org")
    invited = invite(email="asked@example.org", role=Role.ANALYST, language="en", by=administrator)
    assert invited
    uid, key = user_pk_to_url_str(user), default_token_generator.make_token(user)
    second = [
        *("mfa_index", "mfa_reauthenticate", "mfa_deactivate_totp"),
        *("mfa_view_recovery_codes", "mfa_generate_recovery_codes"),
    ]
    return {
        "join": [
            Visit(f"/join/{invited[1]}/", by="stranger"),
            Visit("/join/nonsense/", by="stranger", status=410),
        ],
        "account_login": [Visit("/accounts/login/", by="stranger")],
        "log-in-link": [
            Visit(f"/log-in/{link}/", by="stranger"),
            Visit("/log-in/nonsense/", by="stranger", status=410),
        ],
        "account_logout": [Visit("/accounts/logout/")],
        "account_signup": [Visit("/accounts/signup/", by="stranger")],
        "account_reset_password": [Visit("/accounts/password/reset/", by="stranger")],
        "account_reset_password_done": [Visit("/accounts/password/reset/done/", by="stranger")],
        "account_reset_password_from_key": [
            Visit(f"/accounts/password/reset/key/{uid}-{key}/", by="stranger"),
            Visit(f"/accounts/password/reset/key/{uid}-nonsense/", by="stranger"),
        ],
        "account_reset_password_from_key_done": [
            Visit("/accounts/password/reset/key/done/", by="stranger"),
        ],
        "account_confirm_email": [Visit("/accounts/confirm-email/nonsense/", by="stranger")],
        "account_email_verification_sent": [Visit("/accounts/confirm-email/", by="stranger")],
        "account_inactive": [Visit("/accounts/inactive/", by="stranger")],
        "account_email": [Visit("/accounts/email/")],
        "account_change_password": [Visit("/accounts/password/change/")],
        "account_set_password": [Visit("/accounts/password/set/", by="newcomer")],
        "account_reauthenticate": [Visit("/accounts/reauthenticate/")],
        "mfa_authenticate": [Visit("/accounts/2fa/authenticate/", by="halfway")],
        "mfa_activate_totp": [Visit("/accounts/2fa/totp/activate/", by="analyst")],
        **{name: [Visit(reverse(name))] for name in second},
    }
