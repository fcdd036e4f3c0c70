"""Turns the TeX of the pages into MathML when the documentation is built: formulas need no script and no network.

It knows the signs that the pages use and refuses the others by name.
"""

from __future__ import annotations

import html
import re
from typing import Any

from mkdocs.exceptions import PluginError

_FORMULA = re.compile(r'<(span|div) class="arithmatex">\\([(\[])(.*?)\\[)\]]</\1>', re.DOTALL)
_TOKEN = re.compile(r"\\[A-Za-z]+|\\.|\d+(?:\.\d+)?|\S")
_LETTERS = {
    "lambda": "λ", "mu": "μ", "rho": "ρ", "tau": "τ", "varepsilon": "ε", "ell": "ℓ",
}  # fmt: skip
_SIGNS = {
    "le": "≤", "ge": "≥", "in": "∈", "lceil": "⌈", "rceil": "⌉", "times": "×", "cdot": "·", "{": "{", "}": "}",
}  # fmt: skip
_LIMITS = {"sum": "∑", "max": "max", "min": "min"}
_SPACES = {",": "0.17em", " ": "0.33em", ";": "0.28em", "quad": "1em", "qquad": "2em"}
_FENCES = set("()[]{}|⌈⌉")
_SIZES = {"Big", "big", "left", "right", "bigl", "bigr"}


def on_page_content(content: str, **_: Any) -> str:
    """Replace the formulas of a page (called by MkDocs)."""
    return _FORMULA.sub(lambda m: render_mathematics(html.unescape(m[3]), display=m[2] == "["), content)


def render_mathematics(tex: str, *, display: bool) -> str:
    """Return the MathML of a formula.

    Raises
    ------
    PluginError
        If a sign is not known here, or braces do not match.
    """
    reader = _Reader(tex, display)
    row = reader.read_row()
    if reader.rest:
        raise PluginError(f"unmatched '{reader.rest[-1]}' in the formula {tex!r}")
    return f'<math display="{"block" if display else "inline"}"><mrow>{row}</mrow></math>'


def _render_fence(sign: str, *, grows: bool) -> str:
    sign = sign.removeprefix("\\")
    if sign not in _FENCES:
        raise PluginError(f"'{sign}' cannot be made larger in a formula")
    return f'<mo stretchy="{str(grows).lower()}">{sign}</mo>'


class _Reader:
    """Reads a formula from left to right; `rest` holds the signs to come, the next one last."""

    def __init__(self, tex: str, display: bool) -> None:
        # Words in \text and \mathrm keep their spaces: they are taken out before the signs are told apart.
        self.words: list[str] = []
        kept = re.sub(r"\\(?:text|mathrm)\{([^{}]*)\}", self._keep, tex)
        self.tex, self.display = tex, display
        self.rest = _TOKEN.findall(kept.replace("\\ ", "\\;"))[::-1]

    def _keep(self, found: re.Match[str]) -> str:
        self.words.append(found[1])
        return "\0"

    def read_row(self) -> str:
        parts = []
        while self.rest and self.rest[-1] != "}":
            parts.append(self._read_scripted())
        return "".join(parts)

    def _read_scripted(self) -> str:
        sign = self.rest[-1]
        base = self._read_atom()
        low = high = ""
        while self.rest and self.rest[-1] in ("_", "^"):
            if self.rest.pop() == "_":
                low = self._read_atom()
            else:
                high = self._read_atom()
        if not low and not high:
            return base
        beside = not (self.display and sign[1:] in _LIMITS)
        tag = ("msub", "msup", "msubsup") if beside else ("munder", "mover", "munderover")
        if low and high:
            return f"<{tag[2]}>{base}{low}{high}</{tag[2]}>"
        return f"<{tag[0]}>{base}{low}</{tag[0]}>" if low else f"<{tag[1]}>{base}{high}</{tag[1]}>"

    def _read_atom(self) -> str:
        if not self.rest:
            raise PluginError(f"the formula {self.tex!r} ends too early")
        sign = self.rest.pop()
        if sign == "{":
            row = self.read_row()
            if not self.rest:
                raise PluginError(f"a brace is not closed in the formula {self.tex!r}")
            self.rest.pop()
            return f"<mrow>{row}</mrow>"
        if sign == "\0":
            return f"<mtext>{html.escape(self.words.pop(0))}</mtext>"
        if not sign.startswith("\\"):
            if sign in _FENCES:
                return _render_fence(sign, grows=False)
            tag = "mn" if sign[0].isdigit() else "mi" if sign.isalpha() else "mo"
            return f"<{tag}>{html.escape('−' if sign == '-' else sign)}</{tag}>"
        name = sign[1:]
        if name in _SIZES:
            return _render_fence(self.rest.pop() if self.rest else ".", grows=True)
        if name in ("underline", "overline"):
            tag, line = ("munder", "_") if name == "underline" else ("mover", "¯")
            return f'<{tag}>{self._read_atom()}<mo stretchy="true">{line}</mo></{tag}>'
        if name in _SPACES:
            return f'<mspace width="{_SPACES[name]}"/>'
        for known, tag in ((_LETTERS, "mi"), (_SIGNS, "mo"), (_LIMITS, "mo")):
            if name in known:
                if known[name] in _FENCES:
                    return _render_fence(known[name], grows=False)
                return f"<{tag}>{known[name]}</{tag}>"
        raise PluginError(f"the sign '{sign}' of the formula {self.tex!r} is not known: add it to docs/mathematics.py")
