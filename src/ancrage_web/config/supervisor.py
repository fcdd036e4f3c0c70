"""The parent of the processes of `ancrage serve`: the web server, the worker that runs studies, the daily work.

Only the standard library: this process lives as long as the site and stays small. It forwards a stop to both, starts
the worker again when it dies (waiting longer each time), and ends with an error when the server dies, so that the
service manager of the machine sees it.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import IO, Any

from ancrage.language import Text

STATE = "service.json"
LOCK = "service.lock"
GRACE = 10.0
LONGEST_WAIT = 60.0
# A worker that lived this long died of something else than its start: the next wait is short again.
SETTLED = 60.0
HEARTBEAT = 15.0
# The reminders leave from this hour of the machine on, once a day; after a failure they are tried again [s].
REMINDERS_HOUR = 6
TRY_AGAIN = 3600.0
REMINDERS_FAILED = Text(
    "Some reminders could not be sent (code {code}); they are tried again in an hour.",
    "Des rappels n'ont pas pu être envoyés (code {code}) ; nouvel essai dans une heure.",
)
ERASURE_FAILED = Text(
    "The contacts kept long enough could not be erased (code {code}); it is tried again in an hour.",
    "Les contacts conservés assez longtemps n'ont pas pu être effacés (code {code}) ; nouvel essai dans une heure.",
)


def write(text: Text) -> None:
    """Tell something to whoever started the site."""
    sys.stderr.write(text.render("en" if os.environ.get("ANCRAGE_LANG") == "en" else "fr") + "\n")
    sys.stderr.flush()


def die_with_parent() -> None:
    """Ask Linux to end this process when its parent disappears, however that happens."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)


def start_process(command: list[str]) -> subprocess.Popen[bytes]:
    """Start a child in a session of its own: Ctrl-C reaches the parent alone, which stops it in order."""
    after_fork = die_with_parent if sys.platform == "linux" else None
    # One thread and no lock is held here, so that running code after the fork is safe.
    return subprocess.Popen(command, start_new_session=True, preexec_fn=after_fork)  # noqa: S603


def kill_orphans(group: int) -> None:
    """Kill what a dead child left behind: a server that is killed outright does not stop its own processes."""
    if hasattr(os, "killpg"):
        with suppress(ProcessLookupError):
            os.killpg(group, signal.SIGKILL)


def hold_lock(folder: Path, *, alone: bool) -> IO[str] | None:
    """Lock the folder of the files for as long as the returned file is open, or return None when others hold it.

    Parameters
    ----------
    alone : a restore is alone; servers may be several.
    """
    try:
        import fcntl
    except ImportError:  # Windows has no such lock; its files cannot be replaced while they are open
        return (folder / LOCK).open("a")
    file = (folder / LOCK).open("a")
    try:
        fcntl.flock(file, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
    except OSError:
        file.close()
        return None
    return file


@dataclass
class Worker:
    """The process of the tasks, started again when it dies."""

    command: list[str]
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    wait: float = 1.0
    due: float = 0.0
    starts: int = 0

    def watch(self, now: float) -> None:
        """Start it when it is due; note its death and when to start it again."""
        if self.process is None:
            if now >= self.due:
                self.process, self.started = start_process(self.command), now
                self.starts += 1
            return
        code = self.process.poll()
        if code is None:
            return
        self.wait = 1.0 if now - self.started > SETTLED else min(2 * self.wait, LONGEST_WAIT)
        self.process, self.due = None, now + self.wait
        write(
            Text(
                f"The worker stopped (code {code}); it starts again in {self.wait:.0f} s.",
                f"Le processus des calculs s'est arrêté (code {code}) ; il redémarre dans {self.wait:.0f} s.",
            )
        )


@dataclass
class Daily:
    """A command that runs once a day; running it once too often, after a start, does nothing more.

    Attributes
    ----------
    failed : what is told when it fails, with its exit code as `{code}`.
    due : earliest time of the next try, in the clock of `watch`; done : day of the last run that succeeded.
    """

    command: list[str]
    failed: Text = REMINDERS_FAILED
    process: subprocess.Popen[bytes] | None = None
    due: float = 0.0
    done: tuple[int, ...] = ()

    def watch(self, now: float, local: time.struct_time) -> None:
        """Start it when it is due, and note how it ended.

        Parameters
        ----------
        now : of a clock that never goes back [s]; local : date and hour of the machine.
        """
        today = local[:3]
        if self.process is None:
            if now >= self.due and self.done != today and local.tm_hour >= REMINDERS_HOUR:
                self.process = start_process(self.command)
            return
        code = self.process.poll()
        if code is None:
            return
        self.process = None
        if code == 0:
            self.done = today
            return
        self.due = now + TRY_AGAIN
        write(Text(self.failed.en.format(code=code), self.failed.fr.format(code=code)))


@dataclass
class Supervisor:
    """The children and what is known of them.

    Attributes
    ----------
    daily : the reminders and the erasure of old contacts, done where the worker is.
    files : folder where the state and the lock are written.
    """

    server_command: list[str]
    worker: Worker | None
    address: tuple[str, int]
    url: str
    files: Path
    daily: tuple[Daily, ...] = ()
    stopping: bool = False
    server: subprocess.Popen[bytes] | None = None
    lock: IO[str] | None = field(default=None, repr=False)

    def stop(self, _signal: int, _frame: FrameType | None) -> None:
        """Note that a stop was asked."""
        self.stopping = True

    def run(self) -> int:
        """Run until a stop is asked or the server dies; return the exit code."""
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, self.stop)
        self.lock = hold_lock(self.files, alone=False)
        if self.lock is None:
            write(
                Text(
                    "A restore is under way in this folder: start the site when it is over.",
                    "Une restauration est en cours dans ce dossier : démarrez le site quand elle est finie.",
                )
            )
            return 1
        self.server = start_process(self.server_command)
        announced, beat, shown = False, 0.0, -1
        while not self.stopping and self.server.poll() is None:
            now = time.monotonic()
            if self.worker is not None:
                self.worker.watch(now)
            for each in self.daily:
                each.watch(now, time.localtime())
            if not announced and self.answers():
                announced = True
                write(
                    Text(
                        f"The site is at {self.url} (Ctrl-C stops it)", f"Le site est sur {self.url} (Ctrl-C l'arrête)"
                    )
                )
            starts = self.worker.starts if self.worker is not None else 0
            if now - beat > HEARTBEAT or starts != shown:
                beat, shown = now, starts
                self.write_state()
            time.sleep(0.2 if announced else 0.05)
        code = self.server.poll()
        self.end_all()
        (self.files / STATE).unlink(missing_ok=True)
        if self.stopping:
            return 0
        write(
            Text(f"The web server stopped by itself (code {code}).", f"Le serveur web s'est arrêté seul (code {code}).")
        )
        return code if code and code > 0 else 1

    def answers(self) -> bool:
        """Say whether the server accepts connections."""
        host, port = self.address
        try:
            with socket.create_connection(("127.0.0.1" if host == "0.0.0.0" else host, port), timeout=1):  # noqa: S104
                return True
        except OSError:
            return False

    def write_state(self) -> None:
        """Write what `ancrage site status` shows, aside then renamed."""
        worker = self.worker
        state: dict[str, Any] = {
            "url": self.url,
            "at": time.time(),
            "supervisor": os.getpid(),
            "server": self.server.pid if self.server is not None else None,
            "worker": worker.process.pid if worker is not None and worker.process is not None else None,
            "restarts": worker.starts - 1 if worker is not None else None,
        }
        aside = self.files / f"{STATE}.aside"
        try:
            aside.write_text(json.dumps(state), encoding="utf-8")
            aside.replace(self.files / STATE)
        except OSError:
            # A full disk must not stop the site.
            return

    def end_all(self) -> None:
        """Stop the children: ask, ask again (the worker then gives its task up), then kill."""
        held = (self.server, *(part.process for part in (self.worker, *self.daily) if part is not None))
        children = [child for child in held if child is not None]
        for name in (signal.SIGTERM, signal.SIGTERM, signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM):
            alive = [child for child in children if child.poll() is None]
            for child in alive:
                child.send_signal(name)
            end = time.monotonic() + GRACE
            while any(child.poll() is None for child in alive) and time.monotonic() < end:
                time.sleep(0.05)
        for child in children:
            kill_orphans(child.pid)


def build_server_command(host: str, port: int, workers: int) -> list[str]:
    """Return the command of granian: few threads, since each holds a connection to the database."""
    return [
        *(sys.executable, "-m", "granian", "--interface", "wsgi", "--http", "1", "--no-ws"),
        *("--host", host, "--port", str(port), "--workers", str(workers), "--blocking-threads", "4"),
        *("--workers-kill-timeout", "8", "--log-level", "warning"),
        "ancrage_web.config.wsgi:application",
    ]


def main() -> int:
    """Run the site as the arguments say."""
    parser = argparse.ArgumentParser(prog="python -m ancrage_web.config.supervisor")
    parser.add_argument("--host", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--workers", type=int, required=True)
    parser.add_argument("--no-worker", action="store_true")
    parser.add_argument("--files", type=Path, required=True)
    parser.add_argument("--url", required=True)
    given = parser.parse_args()
    worker = None if given.no_worker else Worker([sys.executable, "-m", "ancrage_web", "db_worker"])
    # After the start, which has enough to do.
    due = time.monotonic() + SETTLED
    manage = [sys.executable, "-m", "ancrage_web"]
    daily = (
        Daily([*manage, "send_reminders", "--verbosity", "0"], due=due),
        Daily([*manage, "purge_contacts", "--verbosity", "0"], ERASURE_FAILED, due=due),
    )
    command = build_server_command(given.host, given.port, given.workers)
    return Supervisor(
        command, worker, (given.host, given.port), given.url, given.files, () if given.no_worker else daily
    ).run()


if __name__ == "__main__":
    sys.exit(main())
