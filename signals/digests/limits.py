"""How often something may be asked for; counted in Valkey, which may be away."""

from __future__ import annotations

import hashlib

from django.core.cache import cache
from redis.exceptions import RedisError


def is_within(what: str, who: str, *, most: int, seconds: int) -> bool | None:
    """Count one more and say whether that is within `most` per `seconds`; None when nobody can count."""
    key = f"limit:{what}:{hashlib.sha256(who.casefold().encode()).hexdigest()}"
    try:
        cache.add(key, 0, seconds)
        return cache.incr(key) <= most
    except RedisError:
        return None
    except ValueError:
        # it ran out between the two calls: this is the first of the next period
        return True
