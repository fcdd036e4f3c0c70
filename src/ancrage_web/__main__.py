"""Django's management commands: `python -m ancrage_web COMMAND`."""

from __future__ import annotations

import os
import sys

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ancrage_web.config.settings")
    from django.core.management import execute_from_command_line

    from ancrage_web.config.refusals import stop_on_refusal

    with stop_on_refusal():
        execute_from_command_line(sys.argv)
