"""The tables and the picture of siting in docs/benchmarks.md."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import altair as alt
import vl_convert

from benchmarks.measure import ROOT
from benchmarks.tables import read, render_table

PICTURE = ROOT / "docs" / "images" / "siting-growth.svg"


def show_gap(row: dict[str, Any]) -> str:
    """Return a gap as a share, or "proven"."""
    return "proven" if row["proven"] else f"{row['gap']:.4%}"


def render_orlib() -> str:
    """Return the table of the OR-Library instances."""
    found = read("median")["orlib"]
    rows = [
        [
            row["instance"],
            f"{row['n']}",
            f"{row['places']}",
            f"{row['value']:,.0f}",
            f"{row['optimum']:,}",
            "proven" if row["proven"] else "not proven",
            f"{row['seconds']:.2f}",
        ]
        for row in found["rows"]
    ]
    table = render_table(("instance", "points", "places", "value", "published optimum", "", "s"), rows)
    return f"{table}\n\nAll together: {found['seconds']:.1f} s, {found['peak_mb']:.0f} MB."


def render_published() -> str:
    """Return the table of the published sets of points."""
    rows = [
        [
            row["instance"],
            f"{row['places']:,}",
            f"{row['value']:,.0f}",
            f"{row['value'] / row['best_known'] - 1 + 0:.3%}",
            f"{row['bound']:,.0f}",
            show_gap(row),
            f"{row['seconds']:.1f}",
            f"{row['peak_mb']:.0f}",
        ]
        for row in read("median")["rows"]
    ]
    head = ("instance", "places", "value", "above the best known", "bound", "gap", "s", "MB")
    return render_table(head, rows)


def render_national() -> str:
    """Return the table of France as one problem."""
    rows = [
        [
            row["problem"],
            f"{row['places']:,}",
            f"{row['entries']:,}",
            f"{row['value']:,.0f}",
            f"{row['bound']:,.0f}",
            show_gap(row),
            f"{row['seconds']:.1f}",
            f"{row['peak_mb']:,.0f}",
        ]
        for row in read("national")["rows"]
    ]
    return render_table(("problem", "places", "pairs read", "value", "bound", "gap", "s", "MB"), rows)


def show_peer(found: dict[str, Any], ours: dict[str, Any]) -> list[str]:
    """Return value, seconds, memory and ratio of times of a peer, or how it ended."""
    if "value" not in found:
        return [found["status"], "", "", ""]
    ended = "" if found["status"] == "Optimal" else f" ({found['status'].lower()})"
    ratio = f"{found['seconds'] / ours['seconds']:.0f}" if found["status"] == "Optimal" and ours["proven"] else ""
    return [f"{found['value']:,.0f}{ended}", f"{found['seconds']:.1f}", f"{found['peak_mb']:,.0f}", ratio]


def render_peers() -> str:
    """Return the table of the peers."""
    rows = []
    for row in read("peers")["rows"]:
        ours = row["ancrage"]
        rows.append(
            [
                row["problem"],
                f"{row['n']:,}",
                f"{ours['value']:,.0f}",
                show_gap(ours),
                f"{ours['seconds']:.2f}",
                f"{ours['peak_mb']:,.0f}",
                *show_peer(row["spopt"], ours),
                *show_peer(row["highs"], ours),
            ]
        )
    head = ("problem", "points", "value", "gap", "s", "MB", "spopt: value", "s", "MB", "times slower")
    return render_table((*head, "HiGHS: value", "s", "MB", "times slower"), rows)


def render_region() -> str:
    """Return the tables of Île-de-France as one problem."""
    found = read("region")
    plans = render_table(
        ("places", "value [km saved a day, one way]", "gap", "s"),
        [
            [
                str(row["places"]),
                f"{row['value']:,.0f}",
                "proven" if row["gap"] == 0 else f"{row['gap']:.4%}",
                f"{row['seconds']:.2f}",
            ]
            for row in found["rows"]
        ],
    )
    frontiers = render_table(
        ("frontier by", "arcs", "limits", "s in all", f"within {found['gap']:.2%}", "median gap", "worst gap"),
        [
            [
                row["name"],
                f"{row['arcs']:,}",
                str(row["limits"]),
                f"{row['seconds']:.1f}",
                str(row["within"]),
                f"{row['median_gap']:.3%}",
                f"{row['worst_gap']:.3%}",
            ]
            for row in found["frontiers"]
        ],
    )
    return f"{plans}\n\n{frontiers}"


def render_growth() -> str:
    """Draw time and memory against the number of communes; return the picture and its table."""
    found = read("national")
    rows = [
        {
            "problem": {"median": "p-median", "coverage": "coverage"}[row["problem"]],
            "communes": row["n"],
            "seconds": row["seconds"],
            "memory": row["peak_mb"],
        }
        for row in found["growth"]
    ]
    x = alt.X("communes:Q", scale=alt.Scale(type="log"), axis=alt.Axis(values=[100, 1000, 10000], format=","))
    colour = alt.Color(
        "problem:N", scale=alt.Scale(range=["#1b5e7d", "#b3471d"]), legend=alt.Legend(orient="top", title=None)
    )
    charts = [
        alt.Chart(alt.Data(values=rows), width=300, height=220)
        .mark_line(point=True)
        .encode(
            x=x,
            y=alt.Y(f"{name}:Q", scale=alt.Scale(type="log"), title=title),
            color=colour,
            shape=alt.Shape("problem:N", legend=None),
        )
        for name, title in (("seconds", "seconds"), ("memory", "memory [MB]"))
    ]
    PICTURE.write_text(vl_convert.vegalite_to_svg(alt.hconcat(*charts).to_json()), encoding="utf-8")
    table = render_table(
        ("problem", "communes", "pairs read", "gap", "s", "MB"),
        [
            [
                {"median": "p-median", "coverage": "coverage"}[row["problem"]],
                f"{row['n']:,}",
                f"{row['entries']:,}",
                show_gap(row),
                f"{row['seconds']:.2f}",
                f"{row['peak_mb']:,.0f}",
            ]
            for row in found["growth"]
        ],
    )
    told = "Seconds and memory against the number of communes, both scales logarithmic"
    return f"![{told}](images/{PICTURE.name})\n\n{table}"


TABLES: dict[str, Callable[[], str]] = {
    "orlib": render_orlib,
    "published": render_published,
    "national": render_national,
    "peers": render_peers,
    "region": render_region,
    "growth": render_growth,
}
