"""The addresses of the newsletter; those under /subscribe/ and /d/ need no log-in."""

from __future__ import annotations

from django.urls import path

from signals.web.views import alerts, desk, digests, evidence, mail_events, subscriptions, suppressions

urlpatterns = [
    path("subscribe/", subscriptions.subscribe, name="subscribe"),
    path("subscribe/tags/", subscriptions.tag_choice, name="subscribe-tags"),
    path("subscribe/asked/", subscriptions.asked, name="subscribe-asked"),
    path("subscribe/confirm/<str:token>/", subscriptions.confirm, name="subscription-confirm"),
    path("subscribe/yours/<str:token>/", subscriptions.preferences, name="subscription"),
    path("subscribe/yours/<str:token>/data.json", subscriptions.own_data, name="subscription-data"),
    path("subscribe/yours/<str:token>/tags/", subscriptions.own_tag_choice, name="subscription-tags"),
    path("subscribe/yours/<str:token>/forget/", subscriptions.forget, name="subscription-forget"),
    path("subscribe/yours/<str:token>/alerts/", alerts.change, name="subscription-alerts"),
    path("tags/<int:pk>/alert/", alerts.form_of, name="tag-alert"),
    path("subscribe/alert/<str:token>/", alerts.ask, name="subscription-alert"),
    path("subscribe/alert/confirm/<str:token>/", alerts.confirm, name="subscription-alert-confirm"),
    path("subscribe/leave/<str:token>/", subscriptions.leave, name="unsubscribe"),
    path("d/<str:token>/", evidence.evidence, name="digest-evidence"),
    path("digests/", digests.archive, name="digests"),
    path("digests/suppressed/", suppressions.suppressions, name="digest-suppressions"),
    path("mail/events/", mail_events.mail_events, name="digest-mail-events"),
    path("digests/feed.atom", digests.feed, name="digest-feed"),
    path("digests/<str:period>/", digests.digest, name="digest"),
    path("digests/<str:period>/desk/", desk.desk, name="digest-desk"),
    path("digests/<str:period>/mail.html", digests.digest_mail, name="digest-mail"),
]
