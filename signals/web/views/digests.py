"""The newsletter's archive: editions as they were sent, a feed of them, and what became of their mails."""

from __future__ import annotations

from typing import Final

from django.conf import settings
from django.core import signing
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.feedgenerator import Atom1Feed
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_safe

from signals.digests.choose import default_period
from signals.digests.editions import edition_of
from signals.digests.letters import without_reader
from signals.digests.links import READER
from signals.digests.periods import CADENCES, Period, parse_period
from signals.digests.pictures import with_pictures
from signals.digests.previews import Preview, preview
from signals.digests.report import BAD, report_on, troubled_addresses
from signals.digests.wishes import everything, preferences_hash
from signals.models import Cadence, Delivery, Edition, Rendering, User
from signals.web.access import public
from signals.web.pages import page_of, render_page

SCHEMES: Final = {"light": "not all", "dark": "all"}
"""What the mail's own question for the dark is answered with, where a preview shows one of the two."""

_IN_THE_FEED: Final = 20
_FEED: Final = signing.Signer(salt="vigie.digest-feed")
_OUT: Final = (Edition.Status.FROZEN, Edition.Status.SENT)
# A mail carries its styles in its elements and its pictures beside; nothing else of it may do anything.
_MAIL_POLICY: Final = "; ".join(
    [
        "default-src 'none'",
        "style-src 'unsafe-inline'",
        "img-src data:",
        "frame-ancestors 'self'",
        "base-uri 'none'",
        "sandbox allow-popups",
    ]
)


@require_safe
def archive(request: HttpRequest) -> HttpResponse:
    """All editions, newest first; analysts see those that are not out yet, and what the next one would say."""
    editions = Edition.objects.exclude(status=Edition.Status.EMPTY).exclude(cadence=Cadence.ALERT)
    following: list[str] = []
    if may_edit(request):
        following = [
            period.period
            for period in (default_period(kind) for kind in CADENCES.values())
            if edition_of(period) is None
        ]
    else:
        editions = editions.filter(status__in=_OUT)
    context = {
        "page": page_of(request, editions.defer("content"), 26),
        "following": following,
        "feed": feed_address(request),
    }
    return render_page(request, "digests/archive.html", context)


@require_safe
def digest(request: HttpRequest, period: str) -> HttpResponse:
    """One edition as it was sent, and for analysts what became of its mails; before that, a preview for them."""
    edition = Edition.objects.filter(period=period).first()
    if edition is not None and edition.cadence == Cadence.ALERT:
        mail = None
        if not may_edit(request):
            raise Http404
    else:
        mail = _mail(request, period_of(period), edition)
    context: dict[str, object] = {
        "period": period,
        "edition": edition,
        "is_alert": edition is not None and edition.cadence == Cadence.ALERT,
        "mail": mail,
        "text": mail.text.replace(READER, "…") if mail else "",
        "is_preview": edition is None or edition.status not in _OUT,
        "may_edit": may_edit(request),
    }
    if edition is not None and edition.frozen_at is not None and may_edit(request):
        context |= _report(request, edition)
    return render_page(request, "digests/digest.html", context)


@require_safe
@xframe_options_sameorigin
def digest_mail(request: HttpRequest, period: str) -> HttpResponse:
    """The mail itself, for the frame on its page: mails carry their styles in the text, and no script runs here."""
    mail = _mail(request, period_of(period), Edition.objects.filter(period=period).first())
    if mail is None:
        raise Http404
    # nobody's own links: what stands here is for all to see
    html = without_reader(mail.html).replace("<a ", '<a target="_blank" ')
    scheme = request.GET.get("scheme", "")
    if scheme in SCHEMES:
        html = html.replace("(prefers-color-scheme: dark)", SCHEMES[scheme])
        html = html.replace('content="light dark"', f'content="{scheme}"')
    response = HttpResponse(with_pictures(html, mail.pictures))
    response["Content-Security-Policy"] = _MAIL_POLICY
    return response


@public
@require_safe
def feed(request: HttpRequest) -> HttpResponse:
    """The editions that went out, as Atom; feed readers can't log in, so the address is a person's own."""
    key = request.GET.get("key", "")
    user = _of_feed_key(key) or (request.user if isinstance(request.user, User) else None)
    if user is None and not settings.PUBLIC_READ_ONLY:
        return HttpResponse(
            "this address is no (longer a) key to the feed\n", status=403, content_type="text/plain"
        )
    language = user.language if user else _language()
    with translation.override(language):
        made = Atom1Feed(
            title=_("Vigie: digests"),
            link=settings.PUBLIC_URL + reverse("digests"),
            description="",
            language=language,
            feed_url=settings.PUBLIC_URL + request.get_full_path(),
        )
    kept = (
        Rendering.objects.filter(
            edition__status__in=_OUT,
            preferences_hash=preferences_hash(everything(language)),
            language=language,
        )
        .exclude(edition__cadence=Cadence.ALERT)
        .select_related("edition")
        .defer("edition__content", "html")
        .order_by("-edition__frozen_at")[:_IN_THE_FEED]
    )
    for rendering in kept:
        edition = rendering.edition
        made.add_item(
            title=rendering.subject,
            link=settings.PUBLIC_URL + reverse("digest", args=[edition.period]),
            description=format_html("<pre>{}</pre>", without_reader(rendering.text)),
            unique_id=f"{settings.PUBLIC_URL}{reverse('digest', args=[edition.period])}",
            pubdate=edition.frozen_at,
            updateddate=edition.frozen_at,
        )
    response = HttpResponse(made.writeString("utf-8"), content_type="application/atom+xml; charset=utf-8")
    response["X-Robots-Tag"] = "noindex"
    return response


def feed_address(request: HttpRequest) -> str:
    """The feed's address for who is logged in; without a key where anybody may read."""
    address = reverse("digest-feed")
    if isinstance(request.user, User) and not settings.PUBLIC_READ_ONLY:
        return f"{address}?key={_FEED.sign_object(request.user.pk)}"
    return address


def _of_feed_key(key: str) -> User | None:
    try:
        pk = _FEED.unsign_object(key) if key else None
    except (signing.BadSignature, ValueError):
        return None
    return User.objects.filter(pk=pk, is_active=True).first() if isinstance(pk, int) else None


def period_of(period: str) -> Period:
    """The week or month of that name; 404 when there is none."""
    try:
        return parse_period(period)
    except ValueError as wrong:
        raise Http404 from wrong


def may_edit(request: HttpRequest) -> bool:
    """Whether somebody may see what is not out yet, and change it."""
    return isinstance(request.user, User) and request.user.is_analyst


def _report(request: HttpRequest, edition: Edition) -> dict[str, object]:
    report = report_on(edition)
    may_read_addresses = isinstance(request.user, User) and request.user.is_administrator
    return {
        "report": report,
        "states": [(name, Delivery.Status(name).label, count) for name, count in report.counts],
        "bad": BAD,
        "has_unknown": report.count(Delivery.Status.UNKNOWN) > 0,
        "addresses": troubled_addresses(edition) if may_read_addresses else [],
    }


def _language() -> str:
    return (translation.get_language() or settings.LANGUAGE_CODE)[:2]


def _mail(request: HttpRequest, period: Period, edition: Edition | None) -> Preview | None:
    """The mail with everything in it, or for analysts that of a group; None when there is nothing to say.

    Before it goes out only analysts see it.
    """
    is_out = edition is not None and edition.status in _OUT
    if not is_out and (not may_edit(request) or period.starts_on > timezone.now().date()):
        raise Http404
    key = request.GET.get("group", "")[:40] if may_edit(request) else ""
    return preview(period, edition, key=key, language=_language())
