"""Shows the docstrings of the reference as they are written here.

They say "open : (m,) True for an open site.": what follows the colon describes, and the type is in the signature. The
numpy parser takes it for the type; this extension of the reference puts both back in their place.
"""

from __future__ import annotations

from typing import Any

from griffe import Docstring, Extension, Module, Object

_KINDS = ("parameters", "other parameters", "attributes")


class DescriptionsAfterColon(Extension):
    """Moves the words after the colon from the type to the description."""

    def on_package(self, *, pkg: Module, **_: Any) -> None:
        """Correct every docstring of the package once it is loaded."""
        self._correct(pkg)

    def _correct(self, thing: Object) -> None:
        if thing.docstring:
            self._move(thing.docstring, thing)
        for member in thing.members.values():
            if not member.is_alias:
                self._correct(member)

    def _move(self, docstring: Docstring, thing: Object) -> None:
        for section in docstring.parsed:
            if section.kind.value in _KINDS:
                for element in section.value:
                    written = str(element.annotation or "")
                    signed = _find_annotation(thing, element.name)
                    if written != str(signed or ""):
                        element.description = f"{written} {element.description}".strip()
                        element.annotation = signed
            elif section.kind.value == "raises":
                for element in section.value:
                    name, colon, words = str(element.annotation).partition(" : ")
                    if colon:
                        element.annotation, element.description = name, f"{words} {element.description}".strip()


def _find_annotation(thing: Object, name: str) -> Any:
    """Return the type that the signature or the class gives to a name, or None for a group of names."""
    if thing.is_function:
        return next((p.annotation for p in thing.parameters if p.name == name), None)
    found = thing.members.get(name)
    return found.annotation if found is not None and found.is_attribute else None
