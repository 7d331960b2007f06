"""Releases are evidence: each becomes an article with a sentence built from the facts."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, time

from signals.models import Article, ArticleType, Model, Release, Source, TextOrigin
from signals.trends.marks import mark_articles


def write_articles(
    *, source: Source, releases: Sequence[Release], now: datetime, urls: dict[int, str]
) -> list[int]:
    """Give each release without an article one; `urls` maps a model's key to where the fact is from.

    Returns the new articles' keys. The caller's transaction holds.
    """
    wanting = [release for release in releases if release.article_id is None]
    articles = []
    for release in wanting:
        title, text = sentence(release)
        published = _published(release)
        url = urls.get(release.model_id, "")
        articles.append(
            Article(
                source=source,
                type=ArticleType.RELEASE,
                url=url,
                title=title,
                text=text,
                text_origin=TextOrigin.FACTS,
                publisher=source.publisher,
                language="en",
                published_at=published,
                known_at=now,
                sort_at=min(published or now, now),
                content_hash=hashlib.sha256(f"{title}\n{text}".encode()).hexdigest(),
                is_sample=source.is_sample,
            )
        )
    created = Article.objects.bulk_create(articles, batch_size=500)
    for release, article in zip(wanting, created, strict=True):
        release.article = article
    Release.objects.bulk_update(wanting, ["article"], batch_size=500)
    keys = [article.pk for article in created]
    mark_articles(keys)
    return keys


def redate_releases(models: Iterable[Model]) -> int:
    """Let releases and their articles follow a date that a better fact corrected; returns how many moved.

    The caller's transaction holds. Both the old day and the new one are counted again.
    """
    released = Release.objects.filter(model__in=list(models), event=Release.Event.RELEASED)
    moved = [
        release
        for release in released.select_related("model", "article")
        if (release.date, release.precision) != (release.model.released_on, release.model.released_precision)
    ]
    articles = [release.article for release in moved if release.article is not None]
    mark_articles([article.pk for article in articles])
    for release in moved:
        release.date, release.precision = release.model.released_on, release.model.released_precision
        if release.article is not None:
            release.article.title, release.article.text = sentence(release)
            release.article.published_at = _published(release)
            release.article.processed_at, release.article.analyze_tries = None, 0
    Release.objects.bulk_update(moved, ["date", "precision"], batch_size=500)
    Article.objects.bulk_update(
        articles, ["title", "text", "published_at", "processed_at", "analyze_tries"], batch_size=500
    )
    mark_articles([article.pk for article in articles])
    return len(moved)


def _published(release: Release) -> datetime | None:
    """Noon of the day. A month is not a day: such a release is read and searched, and stays out of trends."""
    if release.date is None or release.precision != "day":
        return None
    return datetime.combine(release.date, time(12), UTC)


def sentence(release: Release) -> tuple[str, str]:
    """Title and text of a release's article, from known facts only."""
    model = release.model
    if release.event == Release.Event.PRICE:
        return _price_sentence(release)
    who = model.developer or "A developer not named by the registry"
    verb = {"released": "released", "listed": "listed", "deprecated": "deprecated"}[release.event]
    title = f"{who} {verb} {model.name}" if model.developer else f"{model.name} {verb}"
    facts = [f"{who} {verb} {model.name}{_when(release)}."]
    facts += _facts(model)
    for name, words in (("input_price", "input"), ("output_price", "output")):
        price = release.detail.get(name)
        if price is not None:
            facts.append(f"The {words} price is {price:g} US dollars per million tokens.")
    return title, " ".join(facts)


def _facts(model: Model) -> list[str]:
    facts = []
    if model.weights == "open":
        facts.append("It is an open-weights model.")
    elif model.weights == "restricted":
        facts.append("Its weights can be downloaded under a restricted licence.")
    elif model.weights == "closed":
        facts.append("Its weights are closed.")
    if model.licence:
        facts.append(f"The licence is {model.licence}.")
    if model.active_parameters_b and model.parameters_b:
        facts.append(
            f"It has {model.parameters_b:g} billion parameters in all and {model.active_parameters_b:g} billion "
            "active ones, a mixture of experts."
        )
    elif model.parameters_b:
        facts.append(f"It has {model.parameters_b:g} billion parameters.")
    if model.context:
        facts.append(f"It reads up to {model.context:,} tokens at once.")
    beyond = [mode for mode in model.modalities if mode != "text"]
    if beyond:
        facts.append(
            f"It works with {', '.join(['text', *beyond] if 'text' in model.modalities else beyond)}."
        )
    return facts


def _price_sentence(release: Release) -> tuple[str, str]:
    detail, model = release.detail, release.model
    cheaper = detail["to"] < detail["from"]
    verb = "cut" if cheaper else "raised"
    who = detail["provider"]
    title = f"{who} {verb} the price of {model.name}"
    text = (
        f"{who} {verb} the {detail['side']} price of {model.name} from {detail['from']:g} to {detail['to']:g} "
        f"US dollars per million tokens{_when(release)}."
    )
    return title, text


def _when(release: Release) -> str:
    if release.date is None:
        return ""
    form = {"day": " on %-d %B %Y", "month": " in %B %Y", "year": " in %Y"}[release.precision]
    return release.date.strftime(form)
