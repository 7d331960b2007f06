"""Homes for installations that are started and stopped here."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from config import embedded
from tests.house.processes import none_left


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """A VIGIE_HOME in a path with spaces, which nothing may outlive."""
    folder = Path(tempfile.mkdtemp(prefix="vigie house ")).resolve()
    # Run as root, the servers belong to a plain user who must be able to walk in.
    folder.chmod(0o711)
    home = folder / "my vigie"
    yield home
    assert none_left(home)
    shutil.rmtree(embedded.data_folder(home), ignore_errors=True)
    shutil.rmtree(folder)
