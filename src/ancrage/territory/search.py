"""Finding an EPCI from what a user typed: a SIREN code, a name, or something close to one."""

from __future__ import annotations

import difflib
import re
import unicodedata

import polars as pl

from ancrage.errors import InputError
from ancrage.territory.tables import Tables

# Words that open the official name of an EPCI and that nobody types.
_PREFIX = re.compile(
    r"^(cc|ca|cu|metropole|communaute (de communes|d agglomeration|urbaine))( (de la|de l|des|du|de|d))? "
)
_SUGGESTIONS = 5
_SHORT_WORD = 4


def choose_epci(tables: Tables, text: str) -> str:
    """Return the code of the EPCI that `text` names: its SIREN code or its name, accents and case forgiven.

    A part of a name is enough when a single EPCI has it. A commune is never taken for its EPCI: the
    message names the EPCI instead.

    Raises
    ------
    InputError
        If no EPCI, or more than one, answers to `text`; the message lists the nearest ones.
    """
    epci = tables.scan("epci").select("epci_code", "name").sort("epci_code").collect()
    names = dict(zip(epci["epci_code"].to_list(), epci["name"].to_list(), strict=True))
    asked = text.strip()
    if asked.replace(" ", "") in names:
        return asked.replace(" ", "")
    wanted = _build_key(asked)
    keys = {code: _build_key(name) for code, name in names.items()}
    short = {code: _PREFIX.sub("", key + " ").strip() for code, key in keys.items()}
    bare = _PREFIX.sub("", wanted + " ").strip()
    found: list[str] = []
    tried: list[str]
    if wanted:
        for tried in (
            [code for code, key in keys.items() if key == wanted],
            [code for code, key in short.items() if key in (wanted, bare)],
            [code for code, key in keys.items() if f" {wanted} " in f" {key} "],
            [code for code, key in keys.items() if wanted in key],
        ):
            if len(tried) == 1:
                return tried[0]
            if tried:
                found = tried
                break
    near = found[:_SUGGESTIONS] or _list_nearest(tables, asked, wanted, keys, short)
    listed = "; ".join(f"{names[code]} ({code})" for code in near)
    if len(found) > 1:
        raise InputError(
            f"'{text}' names {len(found)} EPCI: {listed}{'; ...' if len(found) > len(near) else ''}. "
            "Give the 9-digit code of the one you mean.",
            f"« {text} » désigne {len(found)} EPCI : {listed}{' ; ...' if len(found) > len(near) else ''}. "
            "Donnez le code à 9 chiffres de celui que vous voulez.",
        )
    raise InputError(
        f"No EPCI is called '{text}'. Nearest: {listed or '-'}. Give a name or a 9-digit SIREN code.",
        f"Aucun EPCI ne s'appelle « {text} ». Les plus proches : {listed or '-'}. "
        "Donnez un nom ou un code SIREN à 9 chiffres.",
    )


def _build_key(text: str) -> str:
    """Return `text` in lower case, without accents, any run of other signs becoming one space."""
    bare = unicodedata.normalize("NFKD", text.replace("œ", "oe").replace("Œ", "oe"))
    bare = "".join(c for c in bare if not unicodedata.combining(c)).casefold()
    return re.sub(r"[^0-9a-z]+", " ", bare).strip()


def _list_nearest(tables: Tables, asked: str, wanted: str, keys: dict[str, str], short: dict[str, str]) -> list[str]:
    """Return the nearest EPCI: that of the commune so called, then near codes, then near names."""
    near: list[str] = []
    if "communes" in tables and wanted:
        communes = tables.scan("communes").select("code", "name", "epci_code").drop_nulls("epci_code").collect()
        for code, name, epci_code in communes.iter_rows():
            if (code == asked or _build_key(name) == wanted) and epci_code in keys and epci_code not in near:
                near.append(epci_code)
    near += [
        code for code in difflib.get_close_matches(asked, list(keys), n=_SUGGESTIONS, cutoff=0.8) if code not in near
    ]
    # A long official name is far from its one word that people type: words are compared too.
    words = {word: code for code, key in short.items() for word in key.split() if len(word) > _SHORT_WORD}
    by_key = words | {key: code for code, key in keys.items()} | {key: code for code, key in short.items()}
    for key in difflib.get_close_matches(wanted, list(by_key), n=2 * _SUGGESTIONS, cutoff=0.6):
        if by_key[key] not in near:
            near.append(by_key[key])
    return near[:_SUGGESTIONS]


def read_epci_name(tables: Tables, code: str) -> str:
    """Return the official name of the EPCI `code` (the code itself when the table does not hold it)."""
    found = tables.scan("epci").filter(pl.col("epci_code") == code).select("name").collect()
    return str(found["name"][0]) if len(found) else code
