"""`send_digest`: make, freeze and send the edition of a week or month, once."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from signals.digests.choose import choose_content, default_week
from signals.digests.editions import content_of, edition_of, readership
from signals.digests.periods import Period, Week, parse_period
from signals.digests.schedule import send_edition
from signals.digests.wishes import everything
from signals.management.base import Summary, VigieCommand
from signals.models import Delivery, Edition, sample_day


class Command(VigieCommand):
    """Send an edition to everybody who asked; a second run sends nothing again."""

    help = "Make, freeze and send a week's or month's digest; a second run sends nothing again."

    def arguments(self, parser: CommandParser) -> None:
        """`--period`, `--dry-run`."""
        parser.add_argument(
            "--period",
            "--week",
            dest="period",
            help="a week such as 2026-W47 or a month such as 2026-11; the last full week if not given",
        )
        parser.add_argument("--dry-run", action="store_true", help="say what would be sent, to how many")

    def run(self, **options: Any) -> Summary:
        """Send, or with `--dry-run` only look."""
        try:
            period = parse_period(options["period"]) if options["period"] else default_week()
        except ValueError as wrong:
            raise CommandError(str(wrong)) from wrong
        if options["dry_run"]:
            return self._look(period)
        sample = sample_day()
        if not period.is_over(timezone.now()) and not (sample and Week.of(sample) == period):
            raise CommandError(f"{period.period} is not over yet; --dry-run shows it as it stands")
        run = send_edition(period=period)
        return {
            "edition": period.period,
            "status": run.edition.status,
            "reserved": run.reserved,
            "sent": run.sent.sent,
            "deferred": run.sent.deferred,
            "refused": run.sent.failed,
            "unknown": run.sent.unknown,
            # the rest waits for the next try, or for the operator
            "failed": bool(run.sent.deferred or run.sent.unknown or run.sent.put_off),
        }

    def _look(self, period: Period) -> Summary:
        edition = edition_of(period)
        content = content_of(edition) if edition else choose_content(period)
        all_of_it = content.chosen(everything("en"))
        if edition is not None and edition.frozen_at is not None:
            waiting = [Delivery.Status.RESERVED, Delivery.Status.DEFERRED]
            readers = edition.deliveries.filter(status__in=waiting).count()
        else:
            readers = sum(len(group.readers) for group in readership(content, period.cadence))
        return {
            "edition": period.period,
            "status": edition.status if edition else "empty" if content.is_empty else Edition.Status.DRAFT,
            "readers": readers,
            "movers": len(all_of_it.movers),
            "early_risers": len(all_of_it.risers),
            "releases": len(all_of_it.releases),
            "titles": [move.name for move in all_of_it.movers + all_of_it.risers],
        }

    def say(self, summary: Summary) -> str:
        """One sentence."""
        if "readers" in summary:
            what = ", ".join(summary["titles"]) or "nothing"
            return (
                f"{summary['edition']} ({summary['status']}) would go to {summary['readers']} readers:"
                f" {what}; {summary['releases']} releases"
            )
        counts = ("reserved", "sent", "deferred", "refused", "unknown")
        numbers = ", ".join(f"{summary[name]} {name}" for name in counts)
        return f"{summary['edition']} ({summary['status']}): {numbers}"
