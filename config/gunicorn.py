"""How gunicorn serves the site; HOST and PORT are honoured here as everywhere.

No preload: numerical libraries that were used before a fork hang the child.
"""

import os
from typing import Any

from config import env
from config.processes import die_with_parent

wsgi_app = "config.wsgi"
bind = os.environ.get("BIND") or f"{os.environ.get('HOST') or '127.0.0.1'}:{os.environ.get('PORT') or 8000}"
worker_class = "gthread"
workers = env.number("WEB_PROCESSES", 2)
threads = env.number("WEB_THREADS", 4)
timeout = 60
graceful_timeout = 8
# A slow leak in a library never grows old.
max_requests = 5000
max_requests_jitter = 500
control_socket_disable = True


def post_fork(server: Any, worker: Any) -> None:
    """A worker ends with its master, however that one ended."""
    die_with_parent()
