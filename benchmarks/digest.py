"""How fast an edition goes out, and that nobody gets it twice: `make bench NAME=digest`.

10,000 readers with 50 distinct preferences (25 sets of wishes in two languages), the starter sample's last week,
a mail server on the loopback in a process of its own (`benchmarks.mail_sink`). `mails_per_s` is from the first
claim to the last answer kept, rendering not counted; `peak_mb` is the most memory the sending process had.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from datetime import UTC, datetime
from itertools import product
from typing import Any, Final

from benchmarks.installation import passing_installation

READERS: Final = int(os.environ.get("READERS", "10000"))
FLOOR: Final = 100.0
_DOMAINS: Final = 40


def main() -> int:
    """Run, print the figures, and 1 when somebody got two, got none, or it was too slow."""
    with subprocess.Popen(
        [sys.executable, "-m", "benchmarks.mail_sink"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as sink:
        if sink.stdin is None or sink.stdout is None:
            raise RuntimeError("the mail server has no pipes")
        os.environ |= {
            "EMAIL_HOST": "127.0.0.1",
            "EMAIL_PORT": sink.stdout.readline().strip(),
            "EMAIL_USE_TLS": "no",
        }
        with passing_installation(has_workers=False):
            figures = _measure()
        sink.stdin.close()
        received = json.loads(sink.stdout.readline())
    figures |= {"twice": received["twice"], "received": received["addresses"], "mb_sent": received["mb"]}
    print(json.dumps(figures))
    lost = figures["received"] != READERS or figures["sent"] != READERS
    return int(lost or figures["twice"] > 0 or figures["mails_per_s"] < FLOOR)


def _measure() -> dict[str, Any]:
    from signals.curation.starter import load_starter
    from signals.digests.choose import default_week
    from signals.digests.editions import ensure_edition, freeze_edition
    from signals.digests.schedule import send_edition
    from signals.models import Rendering

    load_starter()
    week = default_week()
    edition = ensure_edition(period=week)
    _subscribe()
    _tell(f"edition {week.period}, {READERS} readers")
    began = time.perf_counter()
    freeze_edition(edition=edition, at_once=True)
    frozen = time.perf_counter() - began
    renders = Rendering.objects.count()
    _tell(f"frozen in {frozen:.1f} s, {renders} renderings")
    began, cpu = time.perf_counter(), time.process_time()
    run = send_edition(period=week)
    took, cpu = time.perf_counter() - began, time.process_time() - cpu
    return {
        "mails_per_s": round(run.sent.sent / took, 1),
        "renders": renders,
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "twice": 0,
        "sent": run.sent.sent,
        "seconds": round(took, 1),
        "cpu_ms_per_mail": round(cpu / max(1, run.sent.sent) * 1000, 2),
        "freeze_seconds": round(frozen, 1),
    }


def _subscribe() -> None:
    from signals.models import Subscription

    # a reader who does not want releases might get nothing at all, and so no mail
    kinds = [[], *(["release", kind] for kind in ("signal", "behavior", "technology", "issue"))]
    wishes = list(product(kinds, (1, 2, 3, 4, 5), ("en", "fr")))
    now = datetime.now(UTC)
    Subscription.objects.bulk_create(
        (
            Subscription(
                email=f"reader{n}@d{n % _DOMAINS}.example",
                kinds=kinds,
                least_relevancy=least,
                language=language,
                confirmed_at=now,
            )
            for n in range(READERS)
            for kinds, least, language in [wishes[n % len(wishes)]]
        ),
        batch_size=1000,
    )


def _tell(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
