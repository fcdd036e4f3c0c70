"""The WSGI application that granian serves."""

from __future__ import annotations

import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

from ancrage_web.config.refusals import stop_on_refusal

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ancrage_web.config.settings")
with stop_on_refusal():
    application = get_wsgi_application()
    # Views are loaded now: the first visitor does not wait for them.
    get_resolver().reverse_dict  # noqa: B018
