"""Who may do what: every page of the site and the least that one has to be to read it, and to write there."""

from django.urls import reverse

from signals.curation.invitations import invite
from signals.digests.choose import choose_content
from signals.digests.periods import Week
from signals.models import (
    Edition,
    Job,
    Model,
    OutboxMail,
    Proposal,
    Role,
    SavedView,
    Tag,
    Theme,
    User,
)
from tests.signals.web.making import (
    NOW,
    make_article,
    make_merge,
    make_proposal,
    make_row,
    make_source,
    make_tag,
)

ANYBODY = "anybody"
"""No log-in is asked for."""
PUBLIC = "public"
"""Who is logged in; with public reading everybody."""
RANKS = (ANYBODY, PUBLIC, Role.VIEWER, Role.ANALYST, Role.ADMINISTRATOR)

POSTS = {
    "rate": Role.ANALYST,
    "tag-new": Role.ANALYST,
    "tag-edit": Role.ANALYST,
    "tag-evidence": Role.ANALYST,
    "tag-comment": Role.ANALYST,
    "tag-signpost": Role.ANALYST,
    "tag-outlook": Role.ANALYST,
    "inbox-decide": Role.ANALYST,
    "inbox-undo": Role.ANALYST,
    "inbox-many": Role.ANALYST,
    "inbox-out": Role.ANALYST,
    "inbox-snooze": Role.ANALYST,
    "inbox-add-tag": Role.ANALYST,
    "inbox-proposal": Role.ANALYST,
    "inbox-link": Role.ANALYST,
    "similar-decide": Role.ANALYST,
    "tag-merge": Role.ANALYST,
    "tag-split": Role.ANALYST,
    "story": Role.ANALYST,
    "story-group": Role.ANALYST,
    "out": Role.VIEWER,
    "history-undo": Role.ANALYST,
    "history-take-back": Role.ANALYST,
    "job-cancel": Role.ANALYST,
    "job-retry": Role.ANALYST,
    "source-add": Role.ANALYST,
    "source-poll": Role.ANALYST,
    "sources-poll": Role.ANALYST,
    "source-enabled": Role.ADMINISTRATOR,
    "quality-take-back": Role.ANALYST,
    "digest-desk": Role.ANALYST,
    "digest-suppressions": Role.ADMINISTRATOR,
    "send-test-mail": Role.ADMINISTRATOR,
    "remove-sample": Role.ADMINISTRATOR,
    "person": Role.ADMINISTRATOR,
    "invite": Role.ADMINISTRATOR,
    "invitation": Role.ADMINISTRATOR,
    "view-save": Role.VIEWER,
    "view-change": Role.VIEWER,
}
"""Pages that change something here, and the least role that may."""

POSTS_OF_OWN = {"history-undo": Role.VIEWER}
"""Of these pages, those that ask less of whoever made the change, where it is one of their own settings or views."""

POSTS_ELSEWHERE = {
    **dict.fromkeys(("log-in-link", "join", "subscribe", "subscription-confirm"), ANYBODY),
    **dict.fromkeys(("subscription", "subscription-forget", "unsubscribe"), ANYBODY),
    **dict.fromkeys(("subscription-alert", "subscription-alert-confirm", "subscription-alerts"), ANYBODY),
    # A mail provider, which knows a secret; and two that answer whatever way they are asked.
    **dict.fromkeys(("digest-mail-events", "healthz", "readyz"), ANYBODY),
    "settings": Role.VIEWER,
    **dict.fromkeys(("account_login", "account_logout", "account_signup"), ANYBODY),
    **dict.fromkeys(("account_reset_password", "account_reset_password_from_key"), ANYBODY),
    **dict.fromkeys(("account_confirm_login_code", "account_confirm_email", "mfa_authenticate"), ANYBODY),
    **dict.fromkeys(("account_reauthenticate", "mfa_reauthenticate"), Role.VIEWER),
    **dict.fromkeys(("account_email", "account_change_password", "account_set_password"), Role.VIEWER),
    **dict.fromkeys(("mfa_activate_totp", "mfa_deactivate_totp"), Role.VIEWER),
    "mfa_generate_recovery_codes": Role.VIEWER,
}
"""Pages that change what is one's own alone: how one gets in, what one gets by mail."""

GETS = {
    **dict.fromkeys(("healthz", "readyz", "subscribe", "subscribe-asked", "subscription-tags"), ANYBODY),
    **dict.fromkeys(("subscription-confirm", "subscription", "subscription-data", "unsubscribe"), ANYBODY),
    **dict.fromkeys(("digest-evidence", "log-in-link", "join"), ANYBODY),
    **dict.fromkeys(("subscription-alert", "subscription-alert-confirm"), ANYBODY),
    **dict.fromkeys(("tag-alert", "subscribe-tags"), PUBLIC),
    **dict.fromkeys(("account_login", "account_logout", "account_signup", "account_inactive"), ANYBODY),
    **dict.fromkeys(("account_email_verification_sent", "account_confirm_email"), ANYBODY),
    **dict.fromkeys(("account_confirm_login_code", "mfa_authenticate"), ANYBODY),
    **dict.fromkeys(("account_reset_password", "account_reset_password_done"), ANYBODY),
    **dict.fromkeys(("account_reset_password_from_key", "account_reset_password_from_key_done"), ANYBODY),
    **dict.fromkeys(("home", "tags", "tags-export", "tags-kind", "tags-kind-export", "tag"), PUBLIC),
    **dict.fromkeys(("tag-weeks", "tag by number", "themes", "theme", "theme-note", "search"), PUBLIC),
    **dict.fromkeys(("articles", "article", "article-note", "models", "model", "sources", "source"), PUBLIC),
    **dict.fromkeys(("out", "out-items", "out-items-kind"), PUBLIC),
    **dict.fromkeys(("digests", "digest", "digest-mail", "digest-feed", "reviews"), PUBLIC),
    **dict.fromkeys(("quality", "quality-csv", "quality-json", "quality-tag"), Role.VIEWER),
    **dict.fromkeys(("settings", "history", "history-change", "account_email"), Role.VIEWER),
    **dict.fromkeys(("account_reauthenticate", "mfa_reauthenticate", "mfa_index"), Role.VIEWER),
    **dict.fromkeys(("account_change_password", "account_set_password"), Role.VIEWER),
    **dict.fromkeys(("mfa_activate_totp", "mfa_deactivate_totp", "mfa_view_recovery_codes"), Role.VIEWER),
    **dict.fromkeys(("mfa_generate_recovery_codes", "mfa_download_recovery_codes"), Role.VIEWER),
    **dict.fromkeys(("inbox", "inbox-proposals", "inbox-links", "inbox-items", "similar-tags"), Role.ANALYST),
    **dict.fromkeys(("tag-merge", "tag-merged", "tag-new", "tag-edit", "story"), Role.ANALYST),
    **dict.fromkeys(("history-take-back", "jobs", "job", "source-add", "digest-desk"), Role.ANALYST),
    "tag-evidence": Role.ANALYST,
    **dict.fromkeys(("outbox", "outbox-mail", "people", "digest-suppressions"), Role.ADMINISTRATOR),
}
"""Pages that are read, and the least that one has to be."""


def make_addresses(people: dict[str, User]) -> dict[str, str]:
    """A page of each name that stands for something that is there."""
    tag, source, root = make_tag(), make_source(), people["administrator"]
    article = make_article(source, [tag])
    merge = make_merge(make_tag(), tag, root)
    theme = Theme.objects.create(slug="work", name="Work")
    model = Model.objects.create(slug="maker/model", name="Model", developer="Maker")
    mail = OutboxMail.objects.create(to="r@example.org", subject="Hello", raw=b"", text="Hello")
    week = Week.last_full(NOW)
    edition = Edition.objects.create(
        period=week.period,
        starts_on=week.starts_on,
        ends_on=week.ends_on,
        content=choose_content(week).params(),
    )
    job = Job.objects.create(kind="match_tags", title="Running")
    failed = Job.objects.create(kind="match_tags", title="Failed", state="failed", arguments={"tag_ids": []})
    asked = invite(email="new@example.org", role="viewer", language="en", by=root)
    assert asked is not None
    keys: dict[str, list[object]] = {
        "rate": [tag.pk],
        "tag": [tag.pk, tag.slug],
        "tag-weeks": [tag.pk, tag.slug, "csv"],
        "tag-edit": [tag.pk, "names"],
        "tag-alert": [tag.pk],
        "tag-evidence": [tag.pk, article.pk],
        "tag-comment": [tag.pk],
        "tag-signpost": [tag.pk],
        "tag-outlook": [tag.pk],
        "tags-export": ["csv"],
        "tags-kind": ["technology"],
        "tags-kind-export": ["technology", "csv"],
        "theme": [theme.slug],
        "theme-note": [theme.slug],
        "article": [article.pk],
        "article-note": [article.pk],
        "model": [model.pk],
        "inbox-decide": [article.pk, tag.pk],
        "inbox-snooze": [article.pk],
        "inbox-add-tag": [article.pk],
        "inbox-proposal": [make_proposal(article).pk],
        "inbox-link": [make_row(make_article(source), tag).pk],
        "similar-decide": [tag.pk, make_tag().pk],
        "tag-merge": [tag.pk],
        "tag-merged": [tag.pk],
        "story": [article.pk],
        "out-items-kind": ["technology"],
        "tag-split": [tag.pk, merge.pk],
        "history-change": [merge.pk],
        "history-undo": [merge.pk],
        "job": [job.pk],
        "job-cancel": [job.pk],
        "job-retry": [failed.pk],
        "source": [source.pk],
        "source-poll": [source.pk],
        "source-enabled": [source.pk],
        "quality-tag": [tag.pk],
        "digest": [edition.period],
        "digest-desk": [edition.period],
        "digest-mail": [edition.period],
        "outbox-mail": [mail.pk],
        "person": [people["viewer"].pk],
        "invitation": [asked[0].pk],
        "view-change": [SavedView.objects.create(user=root, name="Mine").pk],
        **{name: ["no-such-token"] for name in TOKENS},
        "account_confirm_email": ["no-such-key"],
        "account_reset_password_from_key": ["1", "no-such-key"],
    }
    named = {*POSTS, *POSTS_ELSEWHERE, *GETS} - {"tag by number"}
    addresses = {name: reverse(name, args=keys.get(name)) for name in sorted(named)}
    return {**addresses, "tag by number": f"/tags/{tag.pk}/"}


TOKENS = (
    *("subscription-confirm", "subscription", "subscription-data", "subscription-forget", "unsubscribe"),
    *("subscription-alert", "subscription-alert-confirm", "subscription-alerts", "subscription-tags"),
    *("digest-evidence", "log-in-link", "join"),
)


def writes(people: dict[str, User]) -> dict[str, dict[str, str] | str]:
    """What each page of POSTS is sent so that it changes something; or why the log holds no line of it."""
    tag = Tag.objects.order_by("pk").first()
    assert tag is not None
    other = make_tag("Another one")
    Tag.objects.filter(pk=tag.pk).update(outlook="In ten years everybody does it.")
    proposal = Proposal.objects.latest("pk")
    assert proposal.status == "waiting"
    return {
        "rate": {"relevancy": "3"},
        "tag-new": {"kind": "issue", "name": "Entirely new", "status": "tracked"},
        "tag-edit": {"alias": "Also called so"},
        "tag-evidence": {"verdict": "accept"},
        "tag-comment": {"text": "Well said."},
        "tag-signpost": {"words": "A first customer."},
        "tag-outlook": {"held": "yes", "words": "It did."},
        "inbox-decide": {"verdict": "accept"},
        "inbox-undo": "says in the log when and by whom a change was taken back",
        "inbox-many": {"all": "1", "verdict": "accept"},
        "inbox-snooze": {"until": "tomorrow"},
        "inbox-add-tag": {"tag": str(other.pk)},
        "inbox-proposal": {"verdict": "accept"},
        "inbox-link": {"verdict": "accept"},
        "similar-decide": {"verdict": "distinct"},
        "tag-merge": {"with": str(other.pk), "into": "left"},
        "story": {"what": "move", "to": str(make_article(make_source()).pk)},
        "story-group": {"article": ",".join(str(make_article(make_source()).pk) for _ in range(2))},
        "out": "takes a POST for the many keys that may be ticked; nothing changes",
        "inbox-out": "takes a POST for the many keys that may be chosen; nothing changes",
        "tag-split": "says in the log when and by whom a merge was taken back",
        "history-undo": "says in the log when and by whom a change was taken back",
        "history-take-back": "says in the log when and by whom changes were taken back",
        "job-cancel": {},
        "job-retry": {},
        "source-add": "reads the web first: tests/ingestion says that it is logged",
        "source-poll": "reads what the schedule would have read; no setting changes",
        "sources-poll": "reads what the schedule would have read; no setting changes",
        "source-enabled": {"enabled": "0"},
        "quality-take-back": "needs a tagger that was learned: tests/signals/tagging says that it is logged",
        "digest-desk": {"do": "note", "note": "A quiet week.", "note_fr": ""},
        "digest-suppressions": "needs an address that was suppressed: tests/signals/digests says that it is logged",
        "send-test-mail": "changes nothing here",
        "remove-sample": {},
        "person": {"what": "role", "role": "analyst"},
        "invite": {"email": "second@example.org", "role": "viewer", "language": "en"},
        "invitation": {"what": "withdraw"},
        "view-save": {"name": "Movers", "query": "period=4w"},
        "view-change": {"what": "delete"},
    }


BY_THE_WEB = {
    *("tagging.decided", "tag.rated", "tag.created", "tag.edited", "tag.merged", "tags.distinct"),
    *("article.snoozed", "comment.added", "signpost.added", "outlook.reviewed", "link.accepted"),
    *("proposal.accepted", "story.moved", "story.grouped", "edition.noted", "source.paused"),
    *("invitation.sent", "invitation.withdrawn", "person.role", "view.saved", "view.deleted"),
    *("job.cancelled", "job.retried", "sample.removed"),
}
"""The verbs of what these writes leave in the log."""
