"""What works in the background: how far it is, and stopping it or letting it go on."""

from __future__ import annotations

from datetime import timedelta

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from signals.curation.work import go_on, stop_work
from signals.jobs import STALLED, can_retry, open_jobs
from signals.models import Job, User
from signals.web.access import analysts_only
from signals.web.pages import ROWS, render_page


@require_GET
@analysts_only
def job_list(request: HttpRequest) -> HttpResponse:
    """The last jobs, the newest first; asks for itself again while one is open."""
    context = {"jobs": Job.objects.select_related("made_by")[:ROWS], "is_open": open_jobs().exists()}
    return render_page(request, "jobs/list.html", context, partial="jobs/_list.html")


@require_GET
@analysts_only
def job_page(request: HttpRequest, pk: int) -> HttpResponse:
    """One job; asks for itself again while it is open."""
    job = get_object_or_404(Job.objects.select_related("made_by"), pk=pk)
    context = {
        "job": job,
        "can_retry": can_retry(job),
        "sign_of_life": _since(job),
        "is_stalled": _is_stalled(job),
        # Said aloud only when it moved from what the page shows.
        "has_moved": bool(getattr(request, "htmx", False))
        and request.GET.get("state", job.state) != job.state,
    }
    return render_page(request, "jobs/job.html", context, partial="jobs/_job.html")


@require_POST
@analysts_only
def cancel(request: HttpRequest, pk: int) -> HttpResponse:
    """Stop it, after the batch it is in."""
    job = get_object_or_404(Job, pk=pk)
    assert isinstance(request.user, User)
    if not stop_work(job=job, by=request.user):
        messages.info(request, _("It had ended already."))
    return redirect("job", pk=pk)


@require_POST
@analysts_only
def retry(request: HttpRequest, pk: int) -> HttpResponse:
    """Let it go on from where it stopped."""
    job = get_object_or_404(Job, pk=pk)
    assert isinstance(request.user, User)
    if not go_on(job=job, by=request.user):
        messages.info(request, _("There is nothing to go on with, or another job does the same."))
    return redirect("job", pk=pk)


def _since(job: Job) -> str:
    if job.heartbeat_at is None:
        return _("none yet")
    seconds = max(0, int((timezone.now() - job.heartbeat_at).total_seconds()))
    if seconds < 60:
        return ngettext("%(count)d second ago", "%(count)d seconds ago", seconds) % {"count": seconds}
    return ""


def _is_stalled(job: Job) -> bool:
    last = job.heartbeat_at or job.made_at
    return job.is_open and timezone.now() - last > STALLED + timedelta(seconds=30)
