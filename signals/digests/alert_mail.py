"""The mail that says what began to rise."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import urlsplit

from django.conf import settings
from django.utils import translation
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from signals.digests.content import Content
from signals.digests.links import READER, preferences_link, unsubscribe_link
from signals.digests.render import Page, Rendered, mail_of
from signals.digests.words import day_words, sections
from signals.models import Label


def render_alert(content: Content, period: str, language: str) -> Rendered:
    """The mail of one reader's alerts, which are the content's risers; `period` is the day."""
    with translation.override(language):
        labels = dict.fromkeys(str(Label(move.label).label) for move in content.risers)
        # the digest's word for this section says early risers, and these may surge
        told = tuple(
            replace(section, title=" · ".join(labels)) for section in sections(content, period, language)
        )
        first, others = content.risers[0], len(content.risers) - 1
        title = " ".join(Truncator(first.title(language)).chars(70).split())
        subject = _("%(title)s: %(label)s") % {"title": title, "label": Label(first.label).label}
        if others:
            subject = ngettext("%(subject)s, and %(n)d more", "%(subject)s, and %(n)d more", others) % {
                "subject": subject,
                "n": others,
            }
        return mail_of(
            Page(
                language=language,
                period=period,
                subject=subject,
                preview=_("You asked to be told when it rises."),
                heading=_("What you follow begins to rise"),
                span=_("as known on %(day)s") % {"day": day_words(content.as_of_day)},
                is_sample=content.is_sample,
                note="",
                sections=told,
                gaps=(),
                site=settings.PUBLIC_URL,
                host=urlsplit(settings.PUBLIC_URL).hostname or "",
                preferences=preferences_link(READER),
                unsubscribe=unsubscribe_link(READER),
            )
        )
