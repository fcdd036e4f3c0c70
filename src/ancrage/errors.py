"""Errors that reach a user: what was received, why it is a problem and what to do next."""

from __future__ import annotations

from ancrage.language import Text


class AncrageError(Exception):
    """An error with its message in both languages; the CLI prints it without a traceback and exits 1."""

    def __init__(self, en: str, fr: str) -> None:
        super().__init__(en)
        self.text = Text(en, fr)


class InputError(AncrageError):
    """A refused input: a value, a file, a line or a field that cannot be used as it is."""


class MissingDataError(AncrageError):
    """A table, a vintage or an extra that the request needs is not there."""


class NoFlowsError(MissingDataError):
    """No home-work flow is known for the study area: nothing can be planned there yet."""


class UnaffordableError(InputError):
    """The limit of a study pays for no place, or not for what it keeps."""


class ParameterError(AncrageError):
    """A parameter is unknown, unsourced, overlapping or asked for outside its known periods."""
