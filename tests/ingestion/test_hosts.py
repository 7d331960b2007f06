"""One request at a time to a host, whatever happens to Redis."""

import threading
import time
from datetime import timedelta

import pytest
import redis

from ingestion.hosts import Hosts, Turn, host_of

URL = "https://one.example/feed"


@pytest.fixture
def hosts(servers, settings):
    redis.Redis.from_url(settings.REDIS_URL).flushall()
    return lambda pause=0.05: Hosts(
        settings.REDIS_URL, pause=timedelta(seconds=pause), longest_request=timedelta(seconds=5)
    )


def test_two_workers_never_ask_one_host_at_once_and_pause_in_between(hosts):
    first, second = hosts(), hosts()
    turn = first.take(URL, patience=0)
    assert isinstance(turn, Turn)
    assert isinstance(second.take(URL, patience=0), float)
    assert isinstance(second.take("https://two.example/", patience=0), Turn)
    first.give_back(turn)
    given_back = time.monotonic()
    assert isinstance(second.take(URL, patience=2), Turn)
    assert time.monotonic() - given_back >= 0.04


def test_a_held_host_is_held_for_everybody(hosts):
    hosts().hold(URL, timedelta(minutes=5))
    assert hosts().take(URL, patience=0) > 290
    assert hosts(pause=0).take(URL, patience=0) > 290


def test_a_flush_starts_anew_and_the_old_turn_takes_nothing_from_the_new(hosts, settings):
    first, second = hosts(), hosts()
    old = first.take(URL, patience=0)
    redis.Redis.from_url(settings.REDIS_URL).flushall()
    assert isinstance(second.take(URL, patience=0), Turn)
    first.give_back(old)
    assert isinstance(hosts().take(URL, patience=0), float)


def test_without_redis_each_process_keeps_its_own_order():
    hosts = Hosts("redis://127.0.0.1:1", pause=timedelta(seconds=0.01), longest_request=timedelta(seconds=5))
    running, most, lock = 0, 0, threading.Lock()

    def ask():
        nonlocal running, most
        turn = hosts.take(URL, patience=30)
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.005)
        with lock:
            running -= 1
        hosts.give_back(turn)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1


def test_a_host_is_its_name_and_unusual_port():
    assert host_of("https://Lab.example:443/a") == host_of("http://lab.example/b") == "lab.example"
    assert host_of("http://127.0.0.1:8080/") == "127.0.0.1:8080"
