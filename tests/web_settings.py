"""Settings of the tests: the environment of an instance, then the project's own settings."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

_folder = Path(tempfile.gettempdir()) / f"ancrage-tests-{os.getuid() if hasattr(os, 'getuid') else 'user'}"
os.environ.update(
    {
        "ANCRAGE_SECRET_KEY": "a key for the tests only, long enough for the checks of a start",
        "ANCRAGE_EMAIL_URL": "console",
        "ANCRAGE_DEBUG": "0",
        "ANCRAGE_DEMO": "0",
        "ANCRAGE_HOSTS": "testserver,localhost,127.0.0.1",
        "ANCRAGE_FILES": str(_folder),
        "ANCRAGE_DATABASE_URL": os.environ.get("ANCRAGE_TEST_DATABASE_URL", f"sqlite:///{_folder / 'site.sqlite3'}"),
    }
)
(_folder / "static").mkdir(parents=True, exist_ok=True)
from ancrage_web.config.settings import *  # noqa: E402, F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    # Tests of pages do without collectstatic; the journeys in a browser serve the built files.
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
