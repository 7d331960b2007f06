"""The project's settings on servers of the tests' own: VIGIE_HOME if it is given, else a passing one."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

if not os.environ.get("VIGIE_HOME"):
    passing = Path(tempfile.mkdtemp(prefix="vigie-test-")).resolve()
    # Run as root, the servers belong to a plain user who must be able to walk in.
    passing.chmod(0o711)
    os.environ["VIGIE_HOME"] = str(passing)
    atexit.register(shutil.rmtree, passing, ignore_errors=True)

from config.settings import *  # noqa: F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

# WhiteNoise warns about a folder that is not there; nothing is collected for tests.
Path(STATIC_ROOT).mkdir(parents=True, exist_ok=True)  # noqa: F405
