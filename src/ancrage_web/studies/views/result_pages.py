"""The page data of a result, arranged for templates: figures with their sources, tables by row, networks to choose."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ancrage.language import Language, format_number
from ancrage_web.studies.views.formulas import FORMULAS

# A longer table is folded, so that the page can still be read from top to bottom.
LONG_TABLE = 20
SHORT_COLUMNS = ("name", "kind", "desks", "desks_interval", "users", "cost")
COST_FIGURES = ("impact.authority_gross", "impact.authority_income", "impact.authority_net")
PICTURES = ("network_map", "small_map")


@dataclass(frozen=True)
class Network:
    """A network that the page can show in place of the best one.

    Attributes
    ----------
    key : "best", "point-N" (of the frontier) or "variante-N" (alternative), N from 1; query : of its address.
    cost, desks : written out; places : names; added, removed : names against the best network.
    """

    key: str
    query: str
    number: int
    limit: str
    cost: str
    desks: str
    loss: str
    places: tuple[str, ...]
    added: tuple[str, ...]
    removed: tuple[str, ...]
    selected: bool


def list_blocks(pages: Mapping[str, Any], kind: str = "") -> Iterator[dict[str, Any]]:
    """Yield the blocks of every section, those of one type where it is given."""
    for section in pages["sections"]:
        for block in section["blocks"]:
            if not kind or block["type"] == kind:
                yield block


def find_table(pages: Mapping[str, Any], name: str) -> dict[str, Any] | None:
    """Return a table of the result by its identifier."""
    return next((block for block in list_blocks(pages, "table") if block["id"] == name), None)


def build_figures(pages: Mapping[str, Any], names: Sequence[str]) -> list[dict[str, Any]]:
    """Return figures by identifier, each with how it is computed, its sources and its assumptions."""
    by_id = {figure["id"]: figure for figure in pages["figures"]}
    return [explain_figure(by_id[name], pages) for name in names if name in by_id]


def explain_figure(figure: Mapping[str, Any], pages: Mapping[str, Any]) -> dict[str, Any]:
    """Return a figure with what its "source" opens to."""
    sources = {source["table"]: source for source in pages["sources"]}
    return {
        **figure,
        **explain(figure["formula"] or f"robustness.{figure['id']}", pages, figure["assumptions"]),
        "from": [sources[name] for name in figure["sources"] if name in sources],
    }


def explain(name: str, pages: Mapping[str, Any], assumptions: Sequence[str] = ()) -> dict[str, Any]:
    """Return how a formula computes, in words, and the coefficients as this result used them."""
    formula = FORMULAS.get(name)
    wanted = list(assumptions) or list(() if formula is None else formula.coefficients)
    coefficients = {coefficient["name"]: coefficient for coefficient in pages["coefficients"]}
    return {
        "how": None if formula is None else formula.text,
        "used": [coefficients[each] for each in wanted if each in coefficients],
    }


def build_sections(pages: Mapping[str, Any], order: Sequence[str]) -> list[dict[str, Any]]:
    """Return sections of the detail in this order, tables arranged and figures explained."""
    by_id = {section["id"]: section for section in pages["sections"]}
    return [
        {**by_id[name], "blocks": [_build_block(block, pages) for block in by_id[name]["blocks"]]}
        for name in order
        if name in by_id
    ]


def build_choices(
    pages: Mapping[str, Any], networks: Mapping[str, Sequence[Network]]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return what stands above the map that chooses, and below it: the blocks on budget, alternatives, constraints.

    Each row of the frontier and of the alternatives carries the network that it shows.
    """
    section = next((section for section in pages["sections"] if section["id"] == "budget"), None)
    blocks = [] if section is None else [_build_block(block, pages) for block in section["blocks"]]
    for block in blocks:
        if block["type"] != "table" or block["id"] not in ("frontier", "alternatives"):
            continue
        rows = [row for group in block["groups"] for row in group["rows"]]
        shown = list(networks[block["id"]])
        # The first row of the alternatives is the plan itself.
        for row, network in zip(rows[len(rows) - len(shown) :], shown, strict=True):
            row["network"] = network
        block |= {"chooses": True, "folded": False}
    drawn = [block for block in blocks if block["type"] == "note"]
    return drawn, [block for block in blocks if block["type"] != "note"]


def _build_block(block: Mapping[str, Any], pages: Mapping[str, Any]) -> dict[str, Any]:
    if block["type"] == "table":
        return build_table(block, pages=pages)
    if block["type"] == "figures":
        return {**block, "figures": [explain_figure(figure, pages) for figure in block["figures"]]}
    if block["type"] == "chart" and "vega" in block:
        return {**block, "spec_id": f"spec-{block['id']}"}
    return dict(block)


def build_table(
    table: Mapping[str, Any], columns: Sequence[str] | None = None, *, pages: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Return a table with its shown columns only, as groups of rows; a cell carries its column.

    A row of a figure carries how it is computed, as the figures do.

    Parameters
    ----------
    columns : keys to show; by default those that the printed report shows.
    pages : of the result, for the coefficients; without them no row is explained.
    """
    shown = [
        place
        for place, column in enumerate(table["columns"])
        if (column["printed"] if columns is None else column["key"] in columns)
    ]
    heads = [table["columns"][place] for place in shown]

    told = next((place for place, column in enumerate(table["columns"]) if column["key"] == "formula"), None)

    def arrange(rows: Sequence[Sequence[Mapping[str, Any]]]) -> list[dict[str, Any]]:
        return [
            {
                "cells": [{**row[place], **head} for place, head in zip(shown, heads, strict=True)],
                "network": None,
                "explained": None if told is None or pages is None else explain(row[told]["text"], pages),
            }
            for row in rows
        ]

    grouped = sum(len(group["rows"]) for group in table["groups"])
    before = table["rows"][: len(table["rows"]) - grouped]
    groups = ([{"title": "", "rows": arrange(before)}] if before else []) + [
        {"title": group["title"], "rows": arrange(group["rows"])} for group in table["groups"]
    ]
    return {
        **table,
        "heads": heads,
        "groups": groups,
        "count": len(table["rows"]),
        "folded": len(table["rows"]) > LONG_TABLE,
    }


def find_picture(pages: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the drawn map of the network, shown where no interactive map can be; None where nothing was drawn."""
    drawn = {block["id"]: block for block in list_blocks(pages, "chart")}
    return next((drawn[name] for name in PICTURES if name in drawn), None)


def list_decisions(pages: Mapping[str, Any]) -> list[str]:
    """Return what is left to decide, from the page for elected members."""
    summary = next(section for section in pages["sections"] if section["id"] == "summary")
    return [item for block in summary["blocks"] if block["type"] == "items" for item in block["items"]]


def list_warnings(pages: Mapping[str, Any]) -> list[str]:
    """Return every warning of the study."""
    return list(pages["facts"]["warnings"])


def list_networks(content: Mapping[str, Any], language: Language, chosen: str) -> dict[str, list[Network]]:
    """Return the networks of the frontier and the alternatives that the page can show.

    Parameters
    ----------
    content : `Result.map`; chosen : key of the network shown, "best" for the plan itself.
    """
    names = {feature["properties"]["code"]: feature["properties"]["name"] for feature in _list_features(content)}
    names |= {place["code"]: place["name"] for place in content["places"]}
    best = {place["code"] for place in content["places"]}

    def build(kind: str, number: int, row: Mapping[str, Any]) -> Network:
        opened = set(row["places"])
        return Network(
            key=f"{kind}-{number}",
            query=f"{kind}={number}",
            number=number,
            limit=format_number(row.get("limit"), 0, language),
            cost=format_number(row["cost"], 0, language),
            desks=format_number(row["desks"], 0, language),
            loss=format_number(100 * row.get("loss", 0.0), 1, language),
            places=tuple(names.get(code, code) for code in row["places"]),
            added=tuple(sorted(names.get(code, code) for code in opened - best)),
            removed=tuple(sorted(names.get(code, code) for code in best - opened)),
            selected=chosen == f"{kind}-{number}",
        )

    return {
        "frontier": [build("point", number, row) for number, row in enumerate(content["frontier"], 1)],
        "alternatives": [build("variante", number, row) for number, row in enumerate(content["alternatives"], 1)],
    }


def choose_network(content: Mapping[str, Any], point: str, alternative: str) -> str:
    """Return the key of the network that the address asks for, "best" when it names none that exists."""
    for kind, asked, rows in (
        ("point", point, content["frontier"]),
        ("variante", alternative, content["alternatives"]),
    ):
        if asked.isdecimal() and len(asked) < 5 and 1 <= int(asked) <= len(rows):
            return f"{kind}-{int(asked)}"
    return "best"


def _list_features(content: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    features: Sequence[Mapping[str, Any]] = content["communes"]["features"]
    return features
