"""An odd environment stops the start with one sentence, never with a traceback."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from ancrage.errors import AncrageError


@contextmanager
def stop_on_refusal() -> Iterator[None]:
    """Print what was refused, in the language of the terminal (ANCRAGE_LANG), and exit 1."""
    try:
        yield
    except AncrageError as error:
        sys.stderr.write(error.text.render("en" if os.environ.get("ANCRAGE_LANG") == "en" else "fr") + "\n")
        sys.exit(1)
