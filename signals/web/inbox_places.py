"""Why an article stands where it does in the inbox, in the reader's words."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from django.utils import timezone
from django.utils.translation import gettext

from signals.models import Article, RankerFit, State, Tagging

_NEW = timedelta(days=1)


def explain_places(articles: Iterable[Article]) -> None:
    """Set `place_words` on articles that have their `waiting_taggings`; empty where nothing sets one apart."""
    extra = RankerFit.objects.values_list("extra", flat=True).first() or {}
    alike = set(extra.get("alike", []))
    since = timezone.now() - _NEW
    for article in articles:
        taggings: list[Tagging] = getattr(article, "waiting_taggings", [])
        words = " · ".join(_words(article, taggings, article.pk in alike, article.known_at >= since))
        setattr(article, "place_words", words)  # noqa: B010


def _words(article: Article, taggings: list[Tagging], is_alike: bool, is_new: bool) -> list[str]:
    drawn = [tagging for tagging in taggings if tagging.state == State.SAMPLED]
    if drawn and len(drawn) == len(taggings):
        return [gettext("drawn at random")]
    words = []
    if any(_is_in_title(tagging) for tagging in taggings if tagging.state == State.SUGGESTED):
        words.append(gettext("named in the title"))
    if is_alike:
        words.append(gettext("like what you accepted"))
    if is_new:
        words.append(gettext("new"))
    return words


def _is_in_title(tagging: Tagging) -> bool:
    because = tagging.because or {}
    return because.get("field") == "title" and (tagging.confidence or 0) >= 0.5
