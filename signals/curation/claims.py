"""Who reads an article in the inbox, so that two analysts don't do the same work. A claim never keeps anybody out."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.db import connection
from django.utils import timezone

from signals.models import Article, Claim, User

LASTS: Final = timedelta(minutes=5)
"""So long after the last sign of work an article is free again."""

# As SQL: a queryset's deletion begins and ends a transaction around it, two round trips more for each article.
_LEAVE = "DELETE FROM signals_claim WHERE user_id = %(user)s AND article_id <> %(article)s"

_CLAIM = """
INSERT INTO signals_claim (article_id, user_id, until)
SELECT id, %(user)s, %(until)s FROM signals_article WHERE id = %(article)s
ON CONFLICT (article_id) DO UPDATE SET user_id = excluded.user_id, until = excluded.until
WHERE signals_claim.user_id = excluded.user_id OR signals_claim.until <= %(now)s
RETURNING user_id
"""


def claim_article(*, article: Article, by: User, now: datetime | None = None) -> User | None:
    """Say that this person reads the article, and no other one any more; returns who else reads it already."""
    now = now or timezone.now()
    with connection.cursor() as cursor:
        cursor.execute(_LEAVE, {"article": article.pk, "user": by.pk})
        cursor.execute(_CLAIM, {"article": article.pk, "user": by.pk, "until": now + LASTS, "now": now})
        if cursor.fetchone() is not None:
            return None
    other = Claim.objects.filter(article=article.pk).exclude(user=by).select_related("user").first()
    return other.user if other else None


def renew_claim(*, article_id: int, by: User, now: datetime | None = None) -> None:
    """Whoever decides is still reading."""
    Claim.objects.filter(article=article_id, user=by).update(until=(now or timezone.now()) + LASTS)
