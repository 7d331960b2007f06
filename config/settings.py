"""One settings file, from the environment; secure unless told otherwise.

Every variable is described in .env.example. Nothing is started from here: `config.embedded`
starts PostgreSQL and Valkey, this file only knows where they will be.
"""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from config import embedded, env, mail

BASE_DIR = Path(__file__).resolve().parent.parent
VIGIE_HOME = env.home()

# "embedded" is one box for a trial or a small team: it keeps its own secret in VIGIE_HOME.
# "production" takes every secret from the environment and refuses to start without.
MODE = env.text("VIGIE_MODE", "embedded")
if MODE not in {"embedded", "production"}:
    raise ImproperlyConfigured(f"VIGIE_MODE must be embedded or production, not {MODE!r}")
DEBUG = False

PUBLIC_URL = env.address(VIGIE_HOME).rstrip("/")
_public = urlsplit(PUBLIC_URL)
if _public.scheme not in {"http", "https"} or not _public.hostname:
    raise ImproperlyConfigured(f"PUBLIC_URL must be an http(s) address, not {PUBLIC_URL!r}")

SECRET_KEY = env.text("SECRET_KEY") or (embedded.secret_key(VIGIE_HOME) if MODE == "embedded" else "")
if not SECRET_KEY:
    raise ImproperlyConfigured(
        "SECRET_KEY must be set: production does not start without a secret of its own"
    )

ALLOWED_HOSTS = env.words("ALLOWED_HOSTS") or sorted({_public.hostname, "127.0.0.1", "localhost", "[::1]"})
CSRF_TRUSTED_ORIGINS = [f"{_public.scheme}://{_public.netloc}"]
INTERNAL_IPS: list[str] = []

INSTALLED_APPS = [
    "signals",
    "ingestion",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "csp",
    "django_htmx",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "signals.web.middleware.LogInRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "signals.web.context.shell",
            ],
            "builtins": [
                "django.templatetags.i18n",
                "django.templatetags.static",
                "signals.templatetags.vigie",
            ],
        },
    }
]

DATABASES: dict[str, dict[str, Any]] = {
    "default": env.database(env.text("DATABASE_URL") or embedded.database_url(VIGIE_HOME))
    | {"CONN_MAX_AGE": env.number("CONN_MAX_AGE", 60), "CONN_HEALTH_CHECKS": True}
}
REDIS_URL = env.text("REDIS_URL") or embedded.redis_url(VIGIE_HOME)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

CACHES = {
    # A cache that hangs would hang every page: without it they count anew.
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "OPTIONS": {"socket_connect_timeout": 0.5, "socket_timeout": 0.5},
    },
    "attempts": {
        "BACKEND": "config.attempts.AttemptsCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "attempts",
        "OPTIONS": {"socket_connect_timeout": 0.5, "socket_timeout": 0.5},
    },
}
# Valkey may be flushed at any moment: sessions live in PostgreSQL.
SESSION_ENGINE = "django.contrib.sessions.backends.db"

# --- people ---------------------------------------------------------------------------------
AUTH_USER_MODEL = "signals.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
CSRF_FAILURE_VIEW = "signals.web.refusals.refuse_old_form"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_ADAPTER = "signals.web.accounts.AccountAdapter"
ACCOUNT_PREVENT_ENUMERATION = True
# Strangers must not make us write to strangers; the page says the same either way.
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
# Failed ones: few from one address; many against one account from anywhere, so that nobody is locked out by a few.
ACCOUNT_RATE_LIMITS = {"login_failed": "10/5m/ip,50/10m/key"}
MFA_TOTP_ISSUER = "Vigie"
# People are invited or added by an administrator: nobody signs up with an address that is somebody else's.
MFA_ALLOW_UNVERIFIED_EMAIL = True
# Else everybody behind the proxy would share one limit of attempts.
ALLAUTH_TRUSTED_PROXY_COUNT = int(env.flag("TRUST_PROXY"))
PUBLIC_READ_ONLY = env.flag("PUBLIC_READ_ONLY")
# Whom the first log-in link is for; without it, a placeholder that can be changed on screen.
ADMIN_EMAIL = env.text("ADMIN_EMAIL")
STARTER_CONTENT = env.flag("STARTER_CONTENT", True)
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]

# --- language and time ----------------------------------------------------------------------
LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("fr", _("French"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

# --- files ----------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = Path(env.text("STATIC_ROOT", str(VIGIE_HOME / "static")))
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
# Tests and management commands read templates without a collected manifest.
if "pytest" in sys.modules:
    STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"

# --- security -------------------------------------------------------------------------------
_https = _public.scheme == "https"
SECURE_SSL_REDIRECT = env.flag("SECURE_SSL_REDIRECT", _https)
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if env.flag("TRUST_PROXY") else None
SECURE_HSTS_SECONDS = env.number("SECURE_HSTS_SECONDS", 31_536_000 if _https else 0)
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = _https
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _https
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "frame-src": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    }
}

# --- mail -----------------------------------------------------------------------------------
# Without a server or provider mails land in an outbox in the database, which staff read in the browser.
EMAIL_HOST = env.text("EMAIL_HOST")
EMAIL_PORT = env.number("EMAIL_PORT", 587)
EMAIL_HOST_USER = env.text("EMAIL_HOST_USER")
EMAIL_HOST_PASSWORD = env.text("EMAIL_HOST_PASSWORD")
EMAIL_USE_TLS = env.flag("EMAIL_USE_TLS", EMAIL_PORT == 587)
EMAIL_USE_SSL = env.flag("EMAIL_USE_SSL", EMAIL_PORT == 465)
EMAIL_TIMEOUT = env.number("EMAIL_TIMEOUT", 20)
# The name of one of django-anymail's providers, as in config/mail.py; its own settings begin with ANYMAIL_.
EMAIL_PROVIDER = env.text("EMAIL_PROVIDER").lower()
EMAIL_BACKEND = mail.backend(host=EMAIL_HOST, provider=EMAIL_PROVIDER)
ANYMAIL = mail.provider_settings(EMAIL_PROVIDER, timeout=EMAIL_TIMEOUT)
# Digests go out over so many connections at once, and at most so fast; 0 is as fast as the server takes them.
MAIL_CONNECTIONS = max(1, env.number("MAIL_CONNECTIONS", 4))
MAILS_PER_MINUTE = max(0, env.number("MAILS_PER_MINUTE", 0))
MAILS_PER_MINUTE_AND_DOMAIN = max(0, env.number("MAILS_PER_MINUTE_AND_DOMAIN", 0))
# yes: an edition waits until somebody approves it; no: it goes out by itself, and may be edited until then.
DIGEST_REVIEW = env.flag("DIGEST_REVIEW")
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env.text("DEFAULT_FROM_EMAIL", f"Vigie <vigie@{_public.hostname}>")

# --- workers --------------------------------------------------------------------------------
CELERY_BROKER_URL = embedded.celery_url(REDIS_URL)
CELERY_RESULT_BACKEND = None
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_DEFAULT_QUEUE = "analyze"
CELERY_TASK_ROUTES = {
    "ingestion.tasks.analyze*": {"queue": "analyze"},
    "ingestion.*": {"queue": "fetch"},
    "signals.tasks.send*": {"queue": "mail"},
    # A decision moves the inbox within a minute, however many articles wait to be tagged; and one process
    # keeps what it read of them.
    "signals.tasks.refit_ranker": {"queue": "mail"},
    # Somebody waits for it too.
    "signals.tasks.recall_day": {"queue": "mail"},
    "signals.*": {"queue": "analyze"},
}
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 300,
    # A broker that hangs must not hang who sends a task: it is a hint, and beat finds the work without.
    "socket_timeout": 2,
    "socket_connect_timeout": 2,
    "max_retries": 0,
}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TIMEZONE = "UTC"
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BEAT_SCHEDULE_FILENAME = str(VIGIE_HOME / "beat")
# Beat only ticks: what is due is decided and claimed in PostgreSQL.
CELERY_BEAT_SCHEDULE = {
    "poll-due-sources": {"task": "ingestion.tasks.poll_due", "schedule": 30.0},
    "sweep": {"task": "ingestion.tasks.sweep", "schedule": 60.0},
    "roll-up": {"task": "signals.tasks.roll_up_due", "schedule": 30.0},
    # Often, so that mails that keep to a pace go out evenly; a tick that finds another at work ends at once.
    "digests": {"task": "signals.tasks.send_due_digests", "schedule": 30.0, "options": {"expires": 30}},
    "jobs": {"task": "signals.tasks.run_due_jobs", "schedule": 30.0},
    "inbox": {"task": "signals.tasks.refit_ranker", "schedule": 20.0, "options": {"expires": 20}},
    "tagger": {"task": "signals.tasks.learn_tagger", "schedule": 3600.0},
    "themes": {"task": "signals.tasks.refresh_themes", "schedule": 60.0, "options": {"expires": 60}},
    "similar-tags": {"task": "signals.tasks.find_similar_tags", "schedule": 600.0},
    # Hourly, a bounded amount each: there is no night on a machine that runs by day only.
    "old-fetches": {"task": "ingestion.tasks.trim_fetches", "schedule": 3600.0, "options": {"expires": 3600}},
    "old-mails": {"task": "signals.tasks.trim_outbox", "schedule": 3600.0, "options": {"expires": 3600}},
}

# --- ingestion ------------------------------------------------------------------------------
CONTACT_URL = env.text("CONTACT_URL", PUBLIC_URL)
USER_AGENT = env.text("USER_AGENT", f"Vigie/0.1 (+{CONTACT_URL})")
FETCH_ALLOW_NETWORKS = env.networks("FETCH_ALLOW_NETWORKS")
FETCH_DEADLINE = timedelta(seconds=env.number("FETCH_DEADLINE", 30))
FETCH_MAX_BYTES = env.number("FETCH_MAX_BYTES", 15 * 1024 * 1024)
# How long a worker may take over a source or over a batch of articles before another one may.
FETCH_LEASE = timedelta(seconds=env.number("FETCH_LEASE", 180))
ANALYZE_LEASE = timedelta(seconds=env.number("ANALYZE_LEASE", 300))
FETCH_HOST_DELAY = timedelta(milliseconds=env.number("FETCH_HOST_DELAY_MS", 1000))

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": env.text("LOG_LEVEL", "WARNING")},
}
