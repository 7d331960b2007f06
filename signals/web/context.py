"""What every page's frame needs."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _

from signals.models import User, sample_day
from signals.web.inbox_counts import count_left
from signals.web.tag_reviews import count_due


def shell(request: HttpRequest) -> dict[str, Any]:
    """The menu with its counts, and the notice about the sample."""
    name = request.resolver_match.view_name if request.resolver_match else ""
    user = request.user if hasattr(request, "user") else None
    menu = [
        ("home", _("Home"), name == "home"),
        ("tags", _("Trends"), name in {"tags", "tags-kind", "tag", "tag-new", "tag-edit", "themes", "theme"}),
        ("inbox", _("Inbox"), name.startswith("inbox")),
        ("articles", _("Articles"), name.startswith("article")),
        ("models", _("Models"), name.startswith("model")),
        ("digests", _("Digests"), name.startswith("digest")),
        ("sources", _("Sources"), name.startswith("source")),
        ("quality", _("Quality"), name.startswith("quality")),
    ]
    if not (isinstance(user, User) and user.is_analyst):
        menu = [entry for entry in menu if entry[0] != "inbox"]
    return {
        "menu": menu,
        "waiting": SimpleLazyObject(count_left),
        "sample_day": SimpleLazyObject(sample_day),
        "reviews_due": SimpleLazyObject(lambda: count_due(user, now=timezone.now())),
    }
