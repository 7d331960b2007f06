"""The addresses of the pages."""

from __future__ import annotations

from django.urls import path

from signals.web import health
from signals.web.views import (
    articles,
    home,
    inbox,
    jobs,
    models,
    notes,
    people,
    quality,
    sameness,
    tag_page,
    tags,
)

urlpatterns = [
    path("", home.home, name="home"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("tags/", tags.tag_table, name="tags"),
    path("tags.<slug:form>", tags.tag_export, name="tags-export"),
    path("tags/views/", tags.save, name="view-save"),
    path("tags/views/<int:pk>/", tags.change_view, name="view-change"),
    path("tags/similar/", sameness.similar, name="similar-tags"),
    path("tags/similar/<int:first>/<int:second>/", sameness.decide_similar, name="similar-decide"),
    path("tags/<int:pk>/rate/", tag_page.rate, name="rate"),
    path("tags/<int:pk>-<slug:slug>/", tag_page.tag_page, name="tag"),
    path("tags/<int:pk>/", tag_page.tag_page),
    path("tags/<slug:kind>.<slug:form>", tags.tag_export, name="tags-kind-export"),
    path("tags/<slug:kind>/", tags.tag_table, name="tags-kind"),
    path("articles/", articles.article_list, name="articles"),
    path("articles/<int:pk>/", articles.article_page, name="article"),
    path("articles/<int:pk>.md", notes.article_note, name="article-note"),
    path("inbox/", inbox.inbox, name="inbox"),
    path("inbox/undo/", inbox.undo, name="inbox-undo"),
    path("inbox/links/", sameness.row_links, name="inbox-links"),
    path("inbox/links/<int:pk>/", sameness.decide_link, name="inbox-link"),
    path("inbox/proposals/", inbox.proposals, name="inbox-proposals"),
    path("inbox/proposals/<int:pk>/", inbox.decide_proposal, name="inbox-proposal"),
    path("inbox/<int:article_pk>/<int:tag_pk>/", inbox.decide, name="inbox-decide"),
    path("jobs/", jobs.job_list, name="jobs"),
    path("jobs/<int:pk>/", jobs.job_page, name="job"),
    path("jobs/<int:pk>/cancel/", jobs.cancel, name="job-cancel"),
    path("jobs/<int:pk>/retry/", jobs.retry, name="job-retry"),
    path("models/", models.model_list, name="models"),
    path("models/<int:pk>/", models.model_page, name="model"),
    path("quality/", quality.quality, name="quality"),
    path("quality/take-back/", quality.take_back, name="quality-take-back"),
    path("quality.csv", quality.quality_csv, name="quality-csv"),
    path("quality.json", quality.quality_json, name="quality-json"),
    path("quality/tags/<int:pk>/", quality.quality_tag, name="quality-tag"),
    path("settings/", people.settings_page, name="settings"),
    path("settings/test-mail/", people.send_test_mail, name="send-test-mail"),
    path("settings/outbox/", people.outbox, name="outbox"),
    path("settings/outbox/<int:pk>/", people.outbox_mail, name="outbox-mail"),
    path("settings/remove-sample/", people.remove_the_sample, name="remove-sample"),
    path("log-in/<str:token>/", people.log_in_by_link, name="log-in-link"),
]
