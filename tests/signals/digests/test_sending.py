"""A real SMTP server that refuses, stalls and hangs up: each answer has its consequence, nobody gets two."""

import shutil
import socket
import ssl
import subprocess
from datetime import timedelta
from email import message_from_bytes, policy

import pytest
from django.db import transaction

from signals.digests.editions import advance_editions, freeze_edition
from signals.digests.ledger import UNKNOWN_AFTER
from signals.digests.letters import Address, compose
from signals.digests.send import deliver_due
from signals.digests.subscribe import unsubscribe
from signals.models import Delivery, Edition, OutboxMail, Subscription, Suppression
from tests.signals.digests.conftest import MONDAY, OnAnyPort, reader


def at(moment):
    return lambda: moment


@pytest.fixture
def frozen(edition):
    """Freezes the edition for readers of the given names."""

    def freeze(*names):
        for name in names:
            reader(f"{name}@example.org")
        freeze_edition(edition=edition, now=MONDAY)

    return freeze


def states():
    rows = Delivery.objects.values_list("subscription__email", "status")
    return {email.partition("@")[0]: status for email, status in rows}


def test_a_mail_carries_what_mail_programs_need(frozen, mailbox):
    frozen("ada")
    assert deliver_due(clock=at(MONDAY)).sent == 1
    [(to, mail)] = mailbox.accepted
    assert to == "ada@example.org"
    assert mail["List-Unsubscribe"].strip().startswith("<http")
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert mail["Auto-Submitted"] == "auto-generated"
    for name in ("List-Id", "Feedback-ID", "Date"):
        assert mail[name]
    pk = Delivery.objects.get().pk
    assert mail["Message-ID"].startswith(f"<digest.2024-W21.{pk}.")
    assert mail.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
    assert "0-your-own-link-0" not in mail.as_string()


def test_each_answer_of_the_server_has_its_consequence(frozen, mailbox):
    frozen("ok", "busy", "nobody", "spam", "full", "silent")
    mailbox.at_rcpt = {"busy@example.org": "451 later", "nobody@example.org": "550 5.1.1 no such user"}
    mailbox.at_data = {
        "spam@example.org": "554 5.7.1 looks like spam",
        "full@example.org": "452 mailbox full",
    }
    mailbox.hangs_up_on = {"silent@example.org"}
    deliver_due(clock=at(MONDAY))
    assert states() == {
        "ok": "sent",
        "busy": "deferred",
        "nobody": "failed",
        "spam": "failed",
        "full": "deferred",
        "silent": "unknown",
    }
    assert Delivery.objects.get(status="unknown").answer
    suppressed = Subscription.objects.exclude(suppressed_at=None).get()
    assert (suppressed.email, "no such user" in suppressed.suppressed_reason) == ("nobody@example.org", True)
    advance_editions(now=MONDAY)
    assert Edition.objects.get().status == Edition.Status.FROZEN


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ("554 5.7.1 <ada@example.org>: Relay access denied", "deferred"),
        ("530 5.7.0 Authentication required", "deferred"),
        ("550 5.7.1 your network is on a list", "failed"),
        ("552 5.2.2 mailbox full", "failed"),
    ],
)
def test_what_is_refused_because_of_us_or_for_now_suppresses_nobody(frozen, mailbox, said, status):
    frozen("ada")
    mailbox.at_rcpt = {"ada@example.org": said}
    deliver_due(clock=at(MONDAY))
    assert states() == {"ada": status}
    assert not Suppression.objects.exists()


def test_a_server_that_no_longer_knows_a_name_of_its_relays_suppresses_it(frozen, mailbox):
    frozen("ada")
    mailbox.at_rcpt = {"ada@example.org": "550 5.1.1 User unknown in relay recipient table"}
    deliver_due(clock=at(MONDAY))
    assert Suppression.objects.exists()


def test_what_was_put_off_is_tried_again_later_and_the_uncertain_never(frozen, mailbox):
    frozen("busy", "silent")
    mailbox.at_rcpt = {"busy@example.org": "451 later"}
    mailbox.hangs_up_on = {"silent@example.org"}
    deliver_due(clock=at(MONDAY))
    mailbox.at_rcpt, mailbox.hangs_up_on = {}, set()
    deliver_due(clock=at(MONDAY + timedelta(minutes=4)))
    assert mailbox.offered["busy@example.org"] == 1
    deliver_due(clock=at(MONDAY + timedelta(minutes=6)))
    deliver_due(clock=at(MONDAY + timedelta(hours=9)))
    assert mailbox.copies == {"busy@example.org": 1, "silent@example.org": 1}
    assert states() == {"busy": "sent", "silent": "unknown"}


def test_without_a_mail_server_everybody_waits_and_two_days_later_it_is_no_news(frozen, mailbox, settings):
    frozen("ada", "bob")
    right, settings.EMAIL_PORT = settings.EMAIL_PORT, 1
    assert deliver_due(clock=at(MONDAY)).deferred == 2
    settings.EMAIL_PORT = right
    deliver_due(clock=at(MONDAY + timedelta(days=2, minutes=1)))
    assert set(states().values()) == {"failed"}
    assert not mailbox.accepted


def test_a_crash_after_the_hand_over_is_shown_and_never_repeated(frozen, mailbox):
    frozen("ada")
    Delivery.objects.update(status="handed_over", handed_over_at=MONDAY)
    deliver_due(clock=at(MONDAY + UNKNOWN_AFTER - timedelta(seconds=1)))
    assert states() == {"ada": "handed_over"}
    deliver_due(clock=at(MONDAY + UNKNOWN_AFTER + timedelta(seconds=1)))
    assert states() == {"ada": "unknown"}
    assert not mailbox.accepted


def test_who_leaves_between_freezing_and_sending_gets_nothing(frozen, mailbox):
    frozen("ada", "bob")
    unsubscribe(reader=Subscription.objects.get(email="ada@example.org"))
    Subscription.objects.get(email="bob@example.org").delete()
    deliver_due(clock=at(MONDAY))
    assert not mailbox.offered
    assert set(Delivery.objects.values_list("status", flat=True)) == {"failed"}


def test_without_smtp_mails_are_kept_for_staff_to_read(frozen, outbox_backend):
    frozen("ada")
    assert deliver_due(clock=at(MONDAY)).sent == 1
    kept = OutboxMail.objects.get()
    assert kept.to == "ada@example.org"
    assert "Heron 2" in kept.text
    assert "Heron 2" in kept.html
    assert kept.headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert bytes(kept.raw).startswith(b"Content-Type: multipart/alternative")


def test_a_mail_that_cannot_be_made_waits_until_the_settings_are_right(frozen, mailbox, settings):
    frozen("ada", "bob")
    settings.DEFAULT_FROM_EMAIL = "Vigie\n<vigie@example.org>"
    assert deliver_due(clock=at(MONDAY)).deferred == 2
    settings.DEFAULT_FROM_EMAIL = "Vigie <vigie@example.org>"
    assert deliver_due(clock=at(MONDAY + timedelta(hours=1))).sent == 2


def test_what_is_put_together_once_for_all_is_what_is_composed_for_one(frozen, mailbox, edition):
    frozen("ada")
    deliver_due(clock=at(MONDAY))
    [(_, sent)] = mailbox.accepted
    delivery = Delivery.objects.get()
    to = Address(delivery.pk, delivery.subscription_id, "ada@example.org", edition.period, edition.cadence)
    composed = message_from_bytes(compose(delivery.rendering, to).message().as_bytes(), policy=policy.default)
    assert set(sent.keys()) - {"X-Peer", "X-MailFrom", "X-RcptTo"} == set(composed.keys())
    for name in ("Message-ID", "List-Unsubscribe", "Subject", "From", "To", "List-Id"):
        assert sent[name].strip() == composed[name].strip()
    for kind in ("plain", "html"):
        one, other = (mail.get_body((kind,)).get_content() for mail in (sent, composed))
        assert one.replace("\r\n", "\n") == other.replace("\r\n", "\n")
    quoted = [part for part in sent.walk() if part["Content-Transfer-Encoding"] == "quoted-printable"]
    assert all(len(line) <= 76 for part in quoted for line in part.get_payload().splitlines())


def test_a_server_that_says_nothing_or_refuses_at_the_door_got_nothing(frozen, mailbox, settings):
    frozen("ada")
    settings.EMAIL_TIMEOUT = 0.3
    with socket.create_server(("127.0.0.1", 0)) as silent:
        right, settings.EMAIL_PORT = settings.EMAIL_PORT, silent.getsockname()[1]
        assert deliver_due(clock=at(MONDAY)).deferred == 1
    assert deliver_due(clock=at(MONDAY + timedelta(minutes=6))).deferred == 1
    settings.EMAIL_PORT = right
    mailbox.refuses_sender = "421 4.3.2 closing"
    assert deliver_due(clock=at(MONDAY + timedelta(minutes=20))).deferred == 1
    mailbox.refuses_sender = ""
    assert deliver_due(clock=at(MONDAY + timedelta(minutes=50))).sent == 1
    assert mailbox.copies == {"ada@example.org": 1}
    assert not Subscription.objects.exclude(suppressed_at=None).exists()


def test_a_server_that_stalls_after_the_message_leaves_unknown_and_is_not_asked_again(
    frozen, mailbox, settings
):
    frozen("slow", "ok")
    settings.EMAIL_TIMEOUT = 0.5
    mailbox.stalls_on = {"slow@example.org"}
    deliver_due(clock=at(MONDAY))
    assert states() == {"slow": "unknown", "ok": "sent"}
    mailbox.stalls_on = set()
    deliver_due(clock=at(MONDAY + timedelta(hours=8)))
    assert mailbox.copies == {"slow@example.org": 1, "ok@example.org": 1}


@pytest.fixture
def certificate(tmp_path):
    """Of 127.0.0.1, signed by itself: certificate and key in one file."""
    path = tmp_path / "server.pem"
    words = (
        "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1"
    )
    subprocess.run(
        ["openssl", *words.split(), "-keyout", path, "-out", tmp_path / "cert.pem"],
        check=True,
        capture_output=True,
    )
    path.write_text(path.read_text() + (tmp_path / "cert.pem").read_text())
    return path


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl")
def test_with_starttls_nothing_goes_in_the_clear_or_to_who_cannot_be_trusted(
    frozen, mailbox, settings, certificate, monkeypatch
):
    frozen("ada")
    settings.EMAIL_USE_TLS = True
    # one that offers no STARTTLS
    assert deliver_due(clock=at(MONDAY)).deferred == 1
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server = OnAnyPort(mailbox, hostname="127.0.0.1", port=0, tls_context=context, require_starttls=True)
    server.start()
    try:
        settings.EMAIL_PORT = server.port
        assert deliver_due(clock=at(MONDAY + timedelta(minutes=6))).deferred == 1
        assert not mailbox.accepted
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        assert deliver_due(clock=at(MONDAY + timedelta(minutes=12))).sent == 1
    finally:
        server.stop()
    assert mailbox.copies == {"ada@example.org": 1}


@pytest.mark.django_db(transaction=True)
def test_nothing_is_sent_inside_somebody_elses_transaction(transactional_db, frozen, mailbox):
    frozen("ada")
    with pytest.raises(RuntimeError), transaction.atomic():
        deliver_due(clock=at(MONDAY))
    assert not mailbox.offered
