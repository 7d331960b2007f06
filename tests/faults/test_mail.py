"""The mail worker dies at random moments of a run: nobody gets two, everybody is accounted for, it completes."""

import os
import random
import shutil
import tempfile
import time
from pathlib import Path

import pytest

from tests.faults.installation import installation
from tests.signals.digests.conftest import Mailbox, OnAnyPort

pytestmark = pytest.mark.faults

LONG = os.environ.get("VIGIE_FAULTS") == "long"
READERS, ROUNDS = (2000, 20) if LONG else (300, 3)
LANES = 4
AN_EDITION = f"""
import django
django.setup()
from datetime import timedelta
from django.utils import timezone
from signals.digests.editions import freeze_edition
from signals.models import Edition, Subscription
from tests.signals.digests.conftest import CONTENT, WEEK
now = timezone.now()
Subscription.objects.bulk_create(
    Subscription(email=f"r{{n}}@d{{n % 7}}.example.org", confirmed_at=now, language="fr" if n % 2 else "en",
                 kinds=["signal"] if n % 3 else [])
    for n in range({READERS})
)
edition = Edition.objects.create(
    period=WEEK.period, starts_on=WEEK.starts_on, ends_on=WEEK.ends_on, content=CONTENT.params()
)
assert freeze_edition(edition=edition, at_once=True) == {READERS}
"""


@pytest.fixture
def mailbox():
    box = Mailbox()
    controller = OnAnyPort(box, hostname="127.0.0.1", port=0)
    controller.start()
    box.port = controller.port
    yield box
    controller.stop()


@pytest.fixture
def there(mailbox):
    # A short path: sockets stand in it. Passable: PostgreSQL runs as a plain user.
    folder = Path(tempfile.mkdtemp(prefix="vigie-m-")).resolve()
    folder.chmod(0o711)
    with installation(folder) as made:
        made.environment |= {
            "EMAIL_HOST": "127.0.0.1",
            "EMAIL_PORT": str(mailbox.port),
            "MAIL_CONNECTIONS": str(LANES),
        }
        made.python(AN_EDITION)
        yield made
    shutil.rmtree(folder, ignore_errors=True)


def test_a_mail_worker_killed_again_and_again_sends_to_nobody_twice(there, mailbox):
    seed = int(os.environ.get("VIGIE_FAULTS_SEED") or random.randrange(10**6))
    print(f"VIGIE_FAULTS_SEED={seed}")
    chance = random.Random(seed)
    there.start_worker("mail")
    for left in range(ROUNDS, 0, -1):
        remaining = READERS - len(mailbox.accepted)
        some = chance.randint(1, max(1, 2 * remaining // (left + 2)))
        tick_until(there, mailbox, len(mailbox.accepted) + some)
        time.sleep(chance.uniform(0, 0.02))
        there.kill_worker("mail")
    killed_before = len(mailbox.accepted)
    stuck = there.ask("SELECT count(*) FROM signals_delivery WHERE status = 'handed_over'")
    assert there.ask("SELECT count(*) FROM signals_delivery WHERE status = 'reserved'") > 0, "killed too late"
    assert stuck <= ROUNDS * LANES
    # What was under way when a worker died is called unknown after a quarter of an hour.
    there.do("""UPDATE signals_delivery SET handed_over_at = handed_over_at - interval '16 minutes'
                WHERE status = 'handed_over'""")
    limit = time.monotonic() + 120
    while there.ask("SELECT status FROM signals_edition") != "sent":
        there.ask_for("signals.tasks.send_due_digests", "mail")
        assert time.monotonic() < limit, there.words_of_workers()
        time.sleep(0.2)
    assert max(mailbox.copies.values()) == 1
    ledger = dict(
        there.ask("""SELECT json_object_agg(s.email, d.status)
                     FROM signals_delivery d JOIN signals_subscription s ON s.id = d.subscription_id""")
    )
    assert len(ledger) == READERS
    assert set(ledger.values()) <= {"sent", "unknown"}
    without = set(ledger) - set(mailbox.copies)
    assert {ledger[address] for address in without} <= {"unknown"}
    unknown = sum(status == "unknown" for status in ledger.values())
    assert unknown == stuck
    print(
        f"{READERS} readers, {ROUNDS} kills, {killed_before} mails out by the last of them; in the end"
        f" {len(mailbox.copies)} got one, none two, {unknown} unknown of whom {len(without)} got none"
    )


def tick_until(there, mailbox, many):
    limit = time.monotonic() + 60
    asked = 0.0
    while len(mailbox.accepted) < many:
        if time.monotonic() - asked > 0.5:
            there.ask_for("signals.tasks.send_due_digests", "mail")
            asked = time.monotonic()
        assert time.monotonic() < limit, there.words_of_workers()
        time.sleep(0.001)
