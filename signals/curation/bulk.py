"""One verdict on many suggestions, or many articles put off: one change to take back, at once or as a job.

Few are done while the person waits; more are a job, whose batches hold a hundred articles each.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db import transaction
from django.db.models import F
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from signals.curation.decisions import refresh_after, title_of, told_of
from signals.curation.errors import CurationError
from signals.curation.replaying import Pair, Standing, holding_of, tagging_snapshot, write_forms
from signals.curation.snoozing import snooze_articles
from signals.curation.waiting import Waiting
from signals.jobs import Batch, JobError, cancel_job, open_jobs, start_job
from signals.models import Article, Change, Decision, Job, Tagging, User
from signals.trends.marks import mark_articles

KIND: Final = "decide_many"
AT_ONCE: Final = 300
"""Suggestions, or articles to put off, that are done while the person waits."""
_BATCH: Final = 100


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is said of all of them; `until` puts their articles off instead."""

    verdict: str = ""
    relevancy: int | None = None
    why: str = ""
    until: datetime | None = None

    def check(self) -> None:
        """Raise CurationError for what makes no sense."""
        if self.until is not None:
            return
        if self.verdict not in Decision.Verdict.values:
            raise CurationError(_("Unknown verdict."))
        if self.why not in Decision.Why.values:
            raise CurationError(_("Unknown reason."))
        if self.verdict == Decision.Verdict.SCORE and self.relevancy is None:
            raise CurationError(_("A score needs a number from 1 to 5."))
        if self.relevancy is not None and self.relevancy not in range(1, 6):
            raise CurationError(_("Relevance goes from 1 to 5."))


@dataclass(frozen=True, slots=True)
class Done:
    """How many were done, or the job that does them."""

    count: int = 0
    job: Job | None = None


def decide_many(
    *, chosen: Waiting, verdict: Verdict, by: User, together: uuid.UUID, now: datetime | None = None
) -> Done:
    """Say one verdict of all suggestions that are chosen and still wait; asked twice with one `together`, done once.

    Raises CurationError for a verdict that makes no sense and when nothing is left to decide.
    """
    now = now or timezone.now()
    verdict.check()
    asked = open_jobs(KIND).filter(arguments__together=str(together)).first()
    if asked is not None:
        return Done(job=asked)
    # What was taken back since is meant anew.
    if earlier := Change.objects.filter(together=together, undone_at=None).count():
        return Done(earlier)
    with transaction.atomic():
        waiting = chosen.taggings(now)
        units = waiting if verdict.until is None else waiting.values("article").distinct()
        if units[: AT_ONCE + 1].count() > AT_ONCE:
            return Done(job=_start(chosen, verdict, by, together, units.count()))
        articles = sorted(set(waiting.values_list("article", flat=True)))
        done = _say(articles, chosen, verdict, by, together, now)
    if not done:
        raise CurationError(_("Nothing of it waits any more."))
    return Done(done)


def decide_batch(job: Job, *, now: datetime) -> Batch:
    """The next hundred articles, by number."""
    told = job.arguments
    by = User.objects.get(pk=told["by"])
    if not by.is_analyst or not by.is_active:
        raise JobError(_("Whoever asked for this may not change anything any more."))
    chosen = Waiting.from_json(told["chosen"])
    waiting = chosen.taggings(now).filter(pk__lte=told["up_to"], article__gt=job.cursor.get("after", 0))
    numbers = waiting.values_list("article", flat=True).distinct().order_by("article")
    articles = list(numbers[:_BATCH])
    if not articles:
        return Batch(0, cursor=job.cursor, is_last=True)
    try:
        with translation.override(by.language):
            done = _say(articles, chosen, _read_verdict(told), by, uuid.UUID(told["together"]), now)
    except CurationError as error:
        raise JobError(str(error)) from error
    return Batch(done, cursor={"after": articles[-1]})


def _start(chosen: Waiting, verdict: Verdict, by: User, together: uuid.UUID, total: int) -> Job:
    newest = Tagging.objects.waiting().order_by("-pk").values_list("pk", flat=True).first()
    arguments = {
        "chosen": chosen.as_json(),
        "verdict": verdict.verdict,
        "relevancy": verdict.relevancy,
        "why": verdict.why,
        "until": verdict.until.isoformat() if verdict.until else None,
        "by": by.pk,
        "together": str(together),
        "up_to": newest or 0,
    }
    if verdict.until is not None:
        title = ngettext("%(count)d article is put off", "%(count)d articles are put off", total)
    else:
        title = ngettext("%(count)d suggestion is decided", "%(count)d suggestions are decided", total)
    return start_job(kind=KIND, title=title % {"count": total}, arguments=arguments, total=total, by=by)


def _read_verdict(told: dict[str, Any]) -> Verdict:
    until = datetime.fromisoformat(told["until"]) if told["until"] else None
    return Verdict(told["verdict"], told["relevancy"], told["why"], until)


def _say(
    articles: Collection[int],
    chosen: Waiting,
    verdict: Verdict,
    by: User,
    together: uuid.UUID,
    now: datetime,
) -> int:
    if verdict.until is not None:
        return snooze_articles(articles=articles, by=by, until=verdict.until, together=together, now=now)
    return _decide(articles, chosen, verdict, by, together, now)


def _decide(
    articles: Collection[int],
    chosen: Waiting,
    verdict: Verdict,
    by: User,
    together: uuid.UUID,
    now: datetime,
) -> int:
    """Decide on what still waits in these articles, once they are locked; returns how many suggestions it was."""
    with transaction.atomic():
        locked = {
            article.pk: article
            for article in Article.objects.select_for_update(no_key=True)
            .filter(pk__in=articles)
            .only("title", "inbox_score")
            .order_by("pk")
        }
        meant = set(chosen.suggestions().filter(article__in=locked).values_list("pk", flat=True))
        decisions, positions = [], dict.fromkeys(locked, 0)
        in_order = Tagging.objects.filter(article__in=locked).select_related("tag")
        for tagging in in_order.order_by("article", F("confidence").desc(nulls_last=True), "pk"):
            positions[tagging.article_id] += 1
            # A merge under way takes its suggestions with it.
            if tagging.pk in meant and not tagging.tag.merged_into_id:
                article = locked[tagging.article_id]
                decisions.append(
                    Decision(
                        article=article,
                        tag=tagging.tag,
                        user=by,
                        verdict=verdict.verdict,
                        relevancy=verdict.relevancy,
                        why=verdict.why,
                        before=tagging_snapshot(tagging),
                        inbox_score=article.inbox_score,
                        position=positions[article.pk],
                        made_at=now,
                        known_at=now,
                    )
                )
        said = holding_of([(one.article_id, one.tag_id) for one in decisions]) if decisions else {}
        _write(Decision.objects.bulk_create(decisions), said, together, now)
    return len(decisions)


def _write(
    decisions: list[Decision],
    said: Mapping[Pair, list[Decision]],
    together: uuid.UUID,
    now: datetime,
) -> None:
    if not decisions:
        return
    pairs = [(decision.article_id, decision.tag_id) for decision in decisions]
    # Read before these were: what waits carries no word that holds, but where one does it counts beside.
    forms = {
        pair: Standing.after(said[pair], decision.before).add(decision)
        for pair, decision in zip(pairs, decisions, strict=True)
    }
    Change.objects.bulk_create(
        Change(
            user=decision.user,
            verb="tagging.decided",
            target=f"decision:{decision.pk}",
            title=title_of(decision),
            together=together,
            before=decision.before,
            after=forms[pair] | told_of(decision),
            made_at=now,
        )
        for pair, decision in zip(pairs, decisions, strict=True)
    )
    written = write_forms(forms)
    articles, tags = {article for article, _tag in pairs}, {tag for _article, tag in pairs}
    mark_articles(articles)
    if any(read.merged_into_id for read in refresh_after(written, tag_ids=tags)):
        raise CurationError(_("An item was merged into another one meanwhile: ask again."))


def stop_running(*, by: User) -> Job | None:
    """Stop what this person asked for and is still being done, before anything is undone; returns what never began.

    Raises CurationError while a batch of it is at work.
    """
    never_begun = None
    for job in open_jobs(KIND).filter(made_by=by):
        cancel_job(job=job)
        job.refresh_from_db()
        if job.is_open:
            raise CurationError(_("“%(what)s” is being stopped; undo it in a moment.") % {"what": job.title})
        never_begun = job if not job.done else never_begun
    return never_begun
