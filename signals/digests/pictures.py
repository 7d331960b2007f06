"""Pictures of mails: kept once by their content, attached to each mail that shows them, shown on pages."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from email.mime.image import MIMEImage

from django.core.mail import EmailMultiAlternatives

from signals.digests.drawing import Drawing
from signals.models import Picture, Rendering


def keep_pictures(drawings: Iterable[Drawing]) -> dict[str, int]:
    """Store those that are new; the key of each by its Content-ID."""
    cids = {drawing.content_hash: drawing.cid for drawing in drawings}
    if not cids:
        return {}
    Picture.objects.bulk_create(
        [
            Picture(
                content_hash=drawing.content_hash,
                png=drawing.png,
                width=drawing.width,
                height=drawing.height,
            )
            for drawing in {drawing.content_hash: drawing for drawing in drawings}.values()
        ],
        ignore_conflicts=True,
    )
    kept = Picture.objects.filter(content_hash__in=cids).values_list("content_hash", "pk")
    return {cids[content_hash]: pk for content_hash, pk in kept}


def pictures_of(rendering: Rendering) -> dict[str, bytes]:
    """The PNG of each Content-ID of a rendering."""
    kept = Picture.objects.in_bulk(rendering.images.values())
    return {cid: bytes(kept[pk].png) for cid, pk in rendering.images.items() if pk in kept}


class IllustratedMail(EmailMultiAlternatives):
    """A mail whose attachments are pictures of its HTML part."""

    mixed_subtype = "related"


def attach_pictures(mail: IllustratedMail, pictures: Mapping[str, bytes]) -> None:
    """Put the pictures beside the HTML part, inline."""
    for cid, png in pictures.items():
        part = MIMEImage(png, "png")
        part["Content-ID"] = f"<{cid}>"
        part["Content-Disposition"] = "inline"
        mail.attach(part)


def with_pictures(html: str, pictures: Mapping[str, bytes]) -> str:
    """The HTML part as a page of its own, its pictures inside (img-src needs data:)."""
    for cid, png in pictures.items():
        html = html.replace(f"cid:{cid}", f"data:image/png;base64,{base64.b64encode(png).decode()}")
    return html
