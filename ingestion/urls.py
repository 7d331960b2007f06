"""Addresses, as entries need them; the code is `signals.links`: notes and pasted articles need it too."""

from signals.links import (
    absolute_url,
    canonical_url,
    canonical_with_fragment,
    publisher_of,
    safe_link,
    url_key,
)

__all__ = [
    "absolute_url",
    "canonical_url",
    "canonical_with_fragment",
    "publisher_of",
    "safe_link",
    "url_key",
]
