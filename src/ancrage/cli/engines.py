"""Where many independent tasks run: processes of this machine, or the workers of a dask scheduler.

Both do the same to the caller: each task comes back once, done or lost, in the order in which they end.
"""

from __future__ import annotations

import importlib
import logging
import multiprocessing
import os
import signal
import socket
import threading
import uuid
from collections import deque
from collections.abc import Callable, Generator, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar
from urllib.parse import urlsplit

from ancrage.errors import AncrageError, InputError, MissingDataError
from ancrage.language import Text

Task = TypeVar("Task")
Result = TypeVar("Result")

# One thread in each worker: as many workers as cores already fill the machine.
_THREADS = ("POLARS_MAX_THREADS", "NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
_CONNECT_SECONDS = 10.0
_DASK_PORT = 8786


@dataclass(frozen=True)
class Outcome(Generic[Result]):
    """The end of one task: its result, or why it was lost (its worker died twice)."""

    key: str
    result: Result | None
    lost: Text | None = None


class Engine(Protocol):
    """Runs tasks elsewhere than in this thread."""

    @property
    def workers(self) -> int:
        """Return how many tasks can run at the same time now."""

    @property
    def running(self) -> tuple[str, ...]:
        """Return the keys of the tasks under way."""

    def check(self, probe: Callable[[], Text | None]) -> None:
        """Call `probe` on every worker that is not of this machine; raise the first reason that one returns."""

    def run(self, work: Callable[[Task], Result], tasks: Mapping[str, Task]) -> Generator[Outcome[Result], None, None]:
        """Yield the outcome of each task, once; closing the generator stops what runs."""

    def close(self) -> None:
        """Let the workers go."""


class LocalEngine:
    """Processes of this machine.

    A process that dies (killed for want of memory, say) takes its pool with it, and nobody knows which task was the
    cause: all those under way are done again, one at a time, in a new pool. A second death names its task, which is
    lost; the others go on.

    Parameters
    ----------
    workers : processes; warn : called with a sentence when a process died.
    """

    def __init__(self, workers: int, warn: Callable[[Text], None]) -> None:
        self._workers = workers
        self._warn = warn
        self._flying: dict[Future[Any], str] = {}

    @property
    def workers(self) -> int:
        return self._workers

    @property
    def running(self) -> tuple[str, ...]:
        return tuple(self._flying.values())

    def check(self, probe: Callable[[], Text | None]) -> None:
        """Do nothing: these workers see what the caller sees."""

    def close(self) -> None:
        """Do nothing: processes live as long as `run`."""

    def run(self, work: Callable[[Task], Result], tasks: Mapping[str, Task]) -> Generator[Outcome[Result], None, None]:
        waiting, suspects = deque(tasks), deque[str]()
        with _limit_threads():
            pool = self._open_pool()
            try:
                while waiting or suspects or self._flying:
                    broken = self._submit(pool, work, tasks, waiting, suspects)
                    if not broken:
                        done, _ = wait(self._flying, return_when=FIRST_COMPLETED)
                        broken = any(isinstance(future.exception(), BrokenProcessPool) for future in done)
                    if broken:
                        # The pool is going down: every task under way ends now, most of them without result.
                        wait(self._flying)
                    retried = set(suspects)
                    yield from self._collect(suspects)
                    if broken:
                        pool.shutdown(wait=True)
                        pool = self._open_pool()
                        self._tell_death(suspects, retried)
            finally:
                _close_pool(pool, busy=bool(self._flying))
                self._flying.clear()

    def _open_pool(self) -> ProcessPoolExecutor:
        # Spawned, not forked: a fork of a process with threads (Polars, the progress display) may hang.
        context = multiprocessing.get_context("spawn")
        return ProcessPoolExecutor(self._workers, mp_context=context, initializer=_start_worker)

    def _submit(
        self,
        pool: ProcessPoolExecutor,
        work: Callable[[Task], Result],
        tasks: Mapping[str, Task],
        waiting: deque[str],
        suspects: deque[str],
    ) -> bool:
        """Give the pool what it can run now; return whether it turned out to be broken."""
        room = (1 if suspects else self._workers) - len(self._flying)
        source = suspects or waiting
        for key in list(source)[: max(0, room)]:
            try:
                future = pool.submit(work, tasks[key])
            except BrokenProcessPool:
                return True
            self._flying[future] = key
            if source is waiting:
                waiting.popleft()
        return False

    def _collect(self, suspects: deque[str]) -> Iterator[Outcome[Any]]:
        """Yield what ended; tasks that died go to the suspects the first time, and are lost the second."""
        for future in [future for future in self._flying if future.done()]:
            key = self._flying.pop(future)
            error = future.exception()
            if isinstance(error, BrokenProcessPool) and key not in suspects:
                suspects.append(key)
                continue
            if key in suspects:
                suspects.remove(key)
            yield _build_outcome(key, future, error)

    def _tell_death(self, suspects: deque[str], retried: set[str]) -> None:
        again = [key for key in suspects if key not in retried]
        if again:
            listed = ", ".join(again)
            self._warn(
                Text(
                    f"A worker died (out of memory?) while these were running: {listed}. They are done again, one at "
                    "a time.",
                    f"Un exécutant est mort (mémoire épuisée ?) pendant : {listed}. Ils sont refaits, un à la fois.",
                )
            )


def _build_outcome(key: str, future: Future[Any], error: BaseException | None) -> Outcome[Any]:
    if error is None:
        return Outcome(key, future.result())
    if isinstance(error, BrokenProcessPool):
        return Outcome(key, None, _describe_death(key))
    return Outcome(key, None, _describe_error(key, error))


def _describe_death(key: str) -> Text:
    return Text(
        f"The worker of {key} died twice, most often for want of memory: use fewer --workers, or run it alone on a "
        "machine with more memory.",
        f"L'exécutant de {key} est mort deux fois, le plus souvent faute de mémoire : utilisez moins de --workers, ou "
        "lancez-le seul sur une machine qui a plus de mémoire.",
    )


def _describe_error(key: str, error: BaseException) -> Text:
    what = f"{type(error).__name__}: {error}"
    return Text(
        f"The work on {key} could not be run ({what}).", f"Le travail sur {key} n'a pas pu être lancé ({what})."
    )


@contextmanager
def _limit_threads() -> Iterator[None]:
    """Have the processes started meanwhile use one thread each; what the user has set is kept."""
    added = [name for name in _THREADS if name not in os.environ]
    os.environ.update(dict.fromkeys(added, "1"))
    try:
        yield
    finally:
        for name in added:
            os.environ.pop(name, None)


def _start_worker() -> None:
    """Prepare a process of the pool: Ctrl-C is the caller's business, and no worker outlives its caller."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()

    def wait_for_parent() -> None:
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=wait_for_parent, daemon=True).start()


def _close_pool(pool: ProcessPoolExecutor, *, busy: bool) -> None:
    # Their results are not wanted any more; the executor has no public way to stop them before Python 3.14.
    if busy:
        for process in list((getattr(pool, "_processes", None) or {}).values()):
            process.terminate()
    pool.shutdown(wait=True, cancel_futures=True)


class DaskEngine:
    """The workers of a dask.distributed scheduler; a dead worker's tasks are done again elsewhere by the scheduler.

    Parameters
    ----------
    address : of the scheduler, "tcp://HOST:8786" or "HOST:8786".

    Raises
    ------
    MissingDataError
        If the extra `distributed` is not installed.
    InputError
        If the address is malformed, does not answer within 10 seconds, or has no worker.
    """

    def __init__(self, address: str, warn: Callable[[Text], None], timeout: float = _CONNECT_SECONDS) -> None:
        self._address = address
        self._warn = warn
        self._flying: dict[Any, str] = {}
        self._client = _open_client(address, timeout)
        try:
            self._client.wait_for_workers(1, timeout=timeout)
        except TimeoutError as error:
            self._client.close()
            raise InputError(
                f"The scheduler at '{address}' has no worker: start some with 'dask worker {address} --nthreads 1', "
                "on machines that see the data folder.",
                f"L'ordonnanceur « {address} » n'a aucun exécutant : lancez-en avec « dask worker {address} "
                "--nthreads 1 », sur des machines qui voient le dossier de données.",
            ) from error

    @property
    def workers(self) -> int:
        return sum(worker["nthreads"] for worker in self._client.scheduler_info(n_workers=-1)["workers"].values())

    @property
    def running(self) -> tuple[str, ...]:
        return tuple(self._flying.values())

    def check(self, probe: Callable[[], Text | None]) -> None:
        try:
            answers = self._client.run(probe, on_error="return")
        except Exception as error:
            raise self._build_loss(error) from error
        # The scheduler itself reads what it passes on: it needs the same code.
        passed = self._client.submit(probe, key=f"ancrage-check-{uuid.uuid4().hex}", pure=False)
        answers[self._address] = passed.exception()
        for worker, answer in answers.items():
            if isinstance(answer, BaseException):
                raise InputError(
                    f"{worker} cannot run Ancrage ({type(answer).__name__}: {answer}): install there the "
                    "same version with its extra, 'pip install ancrage[distributed]'.",
                    f"{worker} ne peut pas lancer Ancrage ({type(answer).__name__} : {answer}) : "
                    "installez-y la même version avec son extra, « pip install ancrage[distributed] ».",
                )
            if answer is not None:
                raise InputError(answer.en, answer.fr)

    def run(self, work: Callable[[Task], Result], tasks: Mapping[str, Task]) -> Generator[Outcome[Result], None, None]:
        waiting = deque(tasks)
        # Names of one run never meet those of another: the scheduler keeps results by name.
        run_id = uuid.uuid4().hex
        ended = _import_distributed().as_completed([], loop=self._client.loop)
        try:
            while waiting or self._flying:
                # Twice as many as can run: a worker that ends finds its next task there.
                for _ in range(max(1, 2 * self.workers) - len(self._flying)):
                    if waiting:
                        key = waiting.popleft()
                        future = self._client.submit(work, tasks[key], key=f"ancrage-{run_id}-{key}", pure=False)
                        self._flying[future] = key
                        ended.add(future)
                future = next(ended)
                yield self._build_outcome(self._flying.pop(future), future)
        except (OSError, CancelledError) as error:
            raise self._build_loss(error) from error
        finally:
            if self._flying:
                self._client.cancel(list(self._flying))
            self._flying.clear()

    def _build_outcome(self, key: str, future: Any) -> Outcome[Any]:
        if future.status == "finished":
            return Outcome(key, future.result())
        if future.status != "error":
            raise CancelledError(key)
        error = future.exception()
        if isinstance(error, _import_distributed().KilledWorker):
            return Outcome(key, None, _describe_death(key))
        return Outcome(key, None, _describe_error(key, error))

    def _build_loss(self, error: BaseException) -> AncrageError:
        return AncrageError(
            f"The scheduler at '{self._address}' stopped answering ({type(error).__name__}): what is done is kept. "
            "Check it, then run the same command again to go on.",
            f"L'ordonnanceur « {self._address} » ne répond plus ({type(error).__name__}) : ce qui est fait est gardé. "
            "Vérifiez-le, puis relancez la même commande pour continuer.",
        )

    def close(self) -> None:
        self._client.close()


def _import_distributed() -> Any:
    try:
        return importlib.import_module("distributed")
    except ImportError as error:
        raise MissingDataError(
            "The engine 'dask' needs the extra 'distributed': pip install 'ancrage[distributed]'.",
            "Le moteur « dask » demande l'extra « distributed » : pip install 'ancrage[distributed]'.",
        ) from error


def _open_client(address: str, timeout: float) -> Any:
    distributed = _import_distributed()
    # Its logs of lost connections would come on top of the sentences below.
    for name in ("distributed", "distributed.client"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    refusal = InputError(
        f"No dask scheduler answers at '{address}' within {timeout:g} s. Check the address (tcp://HOST:8786), that "
        "'dask scheduler' is running there, and that the port is open between the two machines.",
        f"Aucun ordonnanceur dask ne répond à « {address} » en {timeout:g} s. Vérifiez l'adresse "
        "(tcp://HÔTE:8786), que « dask scheduler » y tourne, et que le port est ouvert entre les deux machines.",
    )
    try:
        _knock(address, timeout)
        return distributed.Client(address, timeout=timeout, set_as_default=False)
    except (OSError, TimeoutError, ValueError, TypeError) as error:
        raise refusal from error


def _knock(address: str, timeout: float) -> None:
    """Wait for the first byte of a scheduler: it speaks first. A client of distributed waits for ever at a mute port.

    Raises
    ------
    OSError, ValueError
        If nothing speaks there in time, or the address is malformed.
    """
    parts = urlsplit(address if "://" in address else f"tcp://{address}")
    if parts.scheme not in ("tcp", "tls"):
        return
    with socket.create_connection((parts.hostname or "", parts.port or _DASK_PORT), timeout) as line:
        # Under TLS the client speaks first.
        if parts.scheme == "tcp" and not line.recv(1):
            raise ConnectionError(address)
