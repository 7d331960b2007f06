"""What workers are asked to do, with the broker there, full, or away."""

import signal
import socket
from datetime import timedelta

import pytest
import redis
from celery import Celery, current_app
from django.utils import timezone

from ingestion import queue, tasks
from ingestion.client import default_fetcher
from ingestion.hosts import default_hosts
from ingestion.services import make_source
from signals import jobs
from signals.curation.catalogue import load_catalogue
from signals.models import Article, Role, User
from tests.ingestion.serving import item, rss

pytestmark = pytest.mark.django_db


@pytest.fixture
def broker(servers, settings):
    settings.FETCH_HOST_DELAY = timedelta(0)
    for cached in (default_fetcher, default_hosts):
        cached.cache_clear()
    client = redis.Redis.from_url(settings.REDIS_URL)
    client.flushall()
    yield client
    client.flushall()
    for cached in (default_fetcher, default_hosts):
        cached.cache_clear()


def test_a_tick_hands_out_what_is_due_and_a_full_queue_gets_no_more(broker, site):
    for name in ("a", "b"):
        make_source(url=site.say(f"/{name}.xml", rss(item(name))))
    tasks.poll_due()
    assert broker.llen("fetch") == 2
    broker.lpush("fetch", *["x"] * 600)
    tasks.poll_due()
    assert broker.llen("fetch") == 602


def test_what_a_flushed_queue_held_is_handed_out_again_by_the_sweep(broker, site):
    load_catalogue()
    source = make_source(url=site.say("/a.xml", rss(item(1), item(2))))
    tasks.poll_source(source.pk)
    assert broker.llen("analyze") == 1
    broker.flushall()
    tasks.sweep()
    assert (broker.llen("analyze"), broker.llen("fetch")) == (1, 1), "to be tagged, and pages to be read"
    tasks.analyze_articles(list(Article.objects.values_list("pk", flat=True)))
    broker.flushall()
    tasks.sweep()
    assert broker.llen("analyze") == broker.llen("fetch") == 0


def test_articles_another_worker_has_are_not_handed_out(broker, site):
    source = make_source(url=site.say("/a.xml", rss(item(1))))
    tasks.poll_source(source.pk)
    Article.objects.update(analyze_lease_until=timezone.now() + timedelta(minutes=1), text_due_at=None)
    broker.flushall()
    tasks.sweep()
    assert broker.llen("analyze") == 0


def test_without_a_broker_a_poll_stores_all_the_same(settings, site, monkeypatch):
    settings.REDIS_URL = "redis://127.0.0.1:1"
    monkeypatch.setattr(queue._Broker, "away_until", float("inf"))
    for cached in (default_fetcher, default_hosts):
        cached.cache_clear()
    source = make_source(url=site.say("/a.xml", rss(item(1))))
    tasks.poll_source(source.pk)
    tasks.sweep()
    tasks.poll_due()
    assert Article.objects.count() == 1
    default_hosts.cache_clear()


@pytest.fixture
def silent_broker(monkeypatch):
    """Celery on a broker that takes every connection and never says a word; who waits for long fails."""
    before = current_app._get_current_object()
    with socket.create_server(("127.0.0.1", 0), backlog=64) as server:
        app = Celery("silent", set_as_current=False)
        app.config_from_object("django.conf:settings", namespace="CELERY")
        app.conf.broker_url = f"redis://127.0.0.1:{server.getsockname()[1]}/0"
        app.set_current()
        monkeypatch.setattr(queue._Broker, "away_until", 0.0)

        def give_up(*_: object) -> None:
            raise AssertionError("the broker is waited for")

        signal.signal(signal.SIGALRM, give_up)
        signal.alarm(30)
        yield
        signal.alarm(0)
        before.set_current()


def test_a_page_that_sends_a_task_does_not_wait_for_a_broker_that_hangs(
    silent_broker, client, site, django_capture_on_commit_callbacks
):
    source = make_source(url=site.say("/a.xml", rss(item(1))))
    schedule = source.schedule
    schedule.due_at = timezone.now() + timedelta(hours=9)
    schedule.save()
    analyst = User.objects.create_user("a@example.org", role=Role.ANALYST)
    client.force_login(analyst, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert client.post(f"/sources/{source.pk}/poll/").status_code == 302
    schedule.refresh_from_db()
    assert schedule.due_at <= timezone.now(), "the tick finds it"
    with django_capture_on_commit_callbacks(execute=True):
        job = jobs.start_job(kind="match_tags", title="Matching", arguments={}, total=1)
    assert jobs.claim_job(None, None) == job, "so it does this one"
