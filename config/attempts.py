"""Where attempts to log in are counted: in Valkey, and while it is away in the memory of each web process."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError


class AttemptsCache(RedisCache):
    """A cache that is never down: people must get in, and must not guess without end, whatever has failed."""

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._own = LocMemCache("attempts", params)

    def _counted(self, name: str, shared: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        try:
            return shared(*args, **kwargs)
        except RedisError:
            return getattr(self._own, name)(*args, **kwargs)

    def add(self, *args: Any, **kwargs: Any) -> bool:
        """Set what is not there; false when it is."""
        return bool(self._counted("add", super().add, *args, **kwargs))

    def get(self, *args: Any, **kwargs: Any) -> Any:
        """A value, or the default."""
        return self._counted("get", super().get, *args, **kwargs)

    def set(self, *args: Any, **kwargs: Any) -> None:
        """Set a value."""
        self._counted("set", super().set, *args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> bool:
        """Forget a value; false when there was none."""
        return bool(self._counted("delete", super().delete, *args, **kwargs))
