"""The newsletter's archive and its preview."""

from __future__ import annotations

from django.conf import settings
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone, translation
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_safe

from signals.digests.choose import choose_content, default_week
from signals.digests.content import Content
from signals.digests.editions import edition_of
from signals.digests.links import READER
from signals.digests.periods import Week
from signals.digests.render import Rendered, render
from signals.digests.wishes import everything, preferences_hash
from signals.models import Delivery, Edition, User
from signals.web.pages import page_of, render_page

# A mail carries its styles in its elements; nothing else of it may do anything.
_MAIL_POLICY = "; ".join(
    [
        "default-src 'none'",
        "style-src 'unsafe-inline'",
        "frame-ancestors 'self'",
        "base-uri 'none'",
        "sandbox allow-popups",
    ]
)


@require_safe
def archive(request: HttpRequest) -> HttpResponse:
    """All editions, newest first; analysts may look at the next one."""
    editions = Edition.objects.exclude(status=Edition.Status.EMPTY).defer("content")
    week = default_week()
    following = week.period if _may_preview(request) and edition_of(week) is None else ""
    context = {"page": page_of(request, editions, 26), "following": following}
    return render_page(request, "digests/archive.html", context)


@require_safe
def digest(request: HttpRequest, period: str) -> HttpResponse:
    """One edition as it was sent; one that was not sent yet is a preview for analysts."""
    week = _week(period)
    edition = edition_of(week)
    mail = _mail(request, week, edition)
    context = {
        "period": week.period,
        "edition": edition,
        "mail": mail,
        "text": mail.text.replace(READER, "…") if mail else "",
        "is_preview": edition is None or edition.status == Edition.Status.DRAFT,
        "counts": _counts(edition) if edition and _may_preview(request) else [],
    }
    return render_page(request, "digests/digest.html", context)


@require_safe
@xframe_options_sameorigin
def digest_mail(request: HttpRequest, period: str) -> HttpResponse:
    """The mail itself, for the frame on its page: mails carry their styles in the text, and no script runs here."""
    week = _week(period)
    mail = _mail(request, week, edition_of(week))
    if mail is None:
        raise Http404
    # nobody's own links: what stands here is for all to see
    html = mail.html.replace("<a ", '<a target="_blank" ')
    for name in ("subscription", "unsubscribe"):
        html = html.replace(f"{settings.PUBLIC_URL}{reverse(name, args=[READER])}", reverse("subscribe"))
    response = HttpResponse(html)
    response["Content-Security-Policy"] = _MAIL_POLICY
    return response


def _week(period: str) -> Week:
    try:
        return Week.parse(period)
    except ValueError as wrong:
        raise Http404 from wrong


def _may_preview(request: HttpRequest) -> bool:
    return isinstance(request.user, User) and request.user.is_analyst


def _mail(request: HttpRequest, week: Week, edition: Edition | None) -> Rendered | None:
    """The mail with everything in it, as frozen; before that, for analysts, as it would be. None when empty."""
    language = (translation.get_language() or settings.LANGUAGE_CODE)[:2]
    if edition is not None and edition.frozen_at is not None:
        kept = edition.renderings.filter(
            preferences_hash=preferences_hash(everything(language)), language=language
        ).first()
        return Rendered(kept.subject, kept.html, kept.text) if kept else None
    if not _may_preview(request) or week.starts_on > timezone.now().date():
        raise Http404
    content = choose_content(week) if edition is None else Content.from_params(edition.content)
    return None if content.is_empty else render(content.chosen(everything(language)), week.period, language)


def _counts(edition: Edition) -> list[tuple[str, int]]:
    """How the deliveries stand, in words."""
    counted = edition.deliveries.values_list("status").annotate(n=Count("pk")).order_by("status")
    return [(str(Delivery.Status(status).label), n) for status, n in counted]
