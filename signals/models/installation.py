"""What holds for the whole installation, one row per name."""

from __future__ import annotations

from datetime import UTC, date

from django.db import models
from django.db.models import Max

from signals.models.article import Article
from signals.models.source import SourceKind


class Setting(models.Model):
    """A named JSON value: what was loaded, learned weights, watermarks."""

    name = models.CharField(max_length=80, primary_key=True)
    value = models.JSONField()

    def __str__(self) -> str:
        return self.name


def sample_day() -> date | None:
    """The sample's last day while the sample is all there is to look at, else None.

    Curated facts about model releases are not the sample: they stay when it is removed.
    """
    real = Article.objects.filter(is_sample=False).exclude(source__kind=SourceKind.CURATED)
    if real.exists():
        return None
    last = Article.objects.filter(is_sample=True).aggregate(last=Max("published_at"))["last"]
    return last.astimezone(UTC).date() if last else None
