"""Write the figures of docs/benchmarks.md from build/bench/*.json (the text around them is written by hand)."""

from __future__ import annotations

from benchmarks.measure import ROOT
from benchmarks.page_siting import TABLES
from benchmarks.tables import read, render_table

PAGE = ROOT / "docs" / "benchmarks.md"
MARK = "<!-- figures: {} -->"
PLAN_LABELS = (
    "`ancrage plan 200072544 --budget 150000`: 1,000 draws, every report",
    "the same, `--no-report`",
    "the same, `--draws 0 --no-report`",
    "`ancrage diagnose 200072544`",
    "`ancrage --version` (start alone)",
)


def render_plan() -> str:
    """Return the table of the commands."""
    rows = [
        [label, f"{m['seconds']:.2f}", f"{m['fastest']:.2f} – {m['slowest']:.2f}", f"{m['peak_mb']:.0f}"]
        for label, m in zip(PLAN_LABELS, read("plan")["measures"], strict=True)
    ]
    return render_table(("command", "median [s]", "fastest – slowest [s]", "peak memory [MB]"), rows)


def render_draws() -> str:
    """Return the table of the draws."""
    found = read("draws")
    rows = [
        [
            f"{row['work']:,}" + (" (in use)" if row["work"] == found["in_use"] else ""),
            f"{row['seconds']:.1f}",
            f"{row['proven']:.0%}",
            f"{row['mean_best']:,.0f}",
        ]
        for row in found["rows"]
    ]
    return render_table(("arcs allowed per draw", "seconds", "draws proven", "mean best value [kgCO2e/year]"), rows)


def render_diagnosis() -> str:
    """Return the table of the diagnoses."""
    rows = [
        [str(row["epci"]), f"{row['seconds']:.2f}", f"{row['ms_per_epci']:.0f}"]
        for row in read("diagnosis")["rows"]
        if "ms_per_epci" in row
    ]
    return render_table(("EPCI in one run", "seconds", "ms for each"), rows)


def render_import() -> str:
    """Return the table of the imports."""
    found = read("import")
    labels = {
        "base_import": "1 M-row base: `ancrage data import`",
        "base_pandas": "1 M-row base: the same work with pandas",
        "detail_import": "8 M-row detail file (0.74 GB): `ancrage data import`",
        "detail_scan": "8 M rows: Polars scan of the file",
        "detail_scan_needed": "8 M rows: Polars scan of the six columns needed",
        "detail_scan_weight": "8 M rows: Polars scan of the weights alone",
    }
    rows = [[label, f"{found[key]['seconds']:.2f}", f"{found[key]['peak_mb']:.0f}"] for key, label in labels.items()]
    ratios = (
        f"\n\nThe base is imported {found['base_times_faster_than_pandas']} times faster than with pandas. The detail "
        f"file takes {found['detail_times_scan']} times a scan of the file, {found['detail_times_scan_needed']} times "
        f"a scan of the columns it needs, {found['detail_times_scan_weight']} times a scan of one column."
    )
    return render_table(("what", "median [s]", "peak memory [MB]"), rows) + ratios


def render_siting() -> str:
    """Return the table of the plans against the preselection."""
    rows = [
        [
            {"77": "Seine-et-Marne, 507", "idf": "Île-de-France, 1,266"}[row["area"]],
            str(row["places"]),
            f"{row['value']:,.0f}",
            "proven" if row["gap"] == 0 else f"{row['gap']:.3%}",
            f"{row['seconds']:.2f}",
            f"{row['peer_value']:,.0f}",
            f"{row['peer_seconds']:.2f}",
            f"{100 * (row['value'] / row['peer_value'] - 1) + 0:.1f} %".replace("-0.0", "0.0"),
            f"{row['peer_seconds'] / row['seconds']:.2f}",
        ]
        for row in read("siting")["rows"]
        if row["places"] in (2, 3, 4, 5, 7, 10, 15, 20)
    ]
    head = ("communes", "places", "value", "gap", "s", "preselection: value", "s", "better by", "ratio of times")
    return render_table(head, rows)


def render_sweep() -> str:
    """Return the table of the sweeps, and the projection to finer units."""
    found = read("sweep")
    rows = [
        [
            f"`ancrage sweep {row['command'].replace(' --no-report', '')}`, {row['data']} flows",
            str(row["epci"]),
            str(row["statuses"]["proven"]),
            ", ".join(f"{count} {name}" for name, count in row["statuses"].items() if count and name != "proven"),
            f"{row['seconds']:.0f}",
            f"{row['processor_seconds']:.0f}",
            f"{row['peak_mb']:.0f}",
        ]
        for row in found["rows"]
    ]
    head = ("what", "EPCI", "proven", "others", "seconds", "processor seconds", "peak memory, all processes [MB]")
    table = render_table(head, rows)
    if "projection" not in found:
        return table
    measured = render_table(
        ("units by commune (measured)", "sites by EPCI", "processor seconds by EPCI", "proven", "worst gap"),
        [
            [
                str(row["pieces"]),
                f"{row['sites']:.0f}",
                f"{row['seconds']:.2f}",
                f"{row['proven']} of {row['epci']}",
                f"{row['worst_gap']:.0%}",
            ]
            for row in found["growth"]
        ],
    )
    projected = found["projection"]
    finer = render_table(
        ("units of France (PROJECTION, not measured)", "number", "units by commune", "processor hours"),
        [
            [name, f"{unit['units']:,}", f"{unit['pieces']:.1f}", f"{unit['hours']:.1f}"]
            for name, unit in projected["finer"].items()
        ],
    )
    power = f"\n\nFrom 2 units on, seconds grow as units ^ {projected['power']:.2f}.\n\n"
    return f"{table}\n\n{measured}{power}{finer}"


def render_site() -> str:
    """Return the tables of the visits of the site, one by database, and that of its memory."""
    found = read("site")
    parts = []
    for instance in found["instances"]:
        rows = [
            [
                "**all**" if row["page"] == "Aggregated" else row["page"],
                f"{row['requests']:,}",
                str(row["errors"]),
                f"{row['per_second']:.1f}",
                f"{row['p50_ms']:,.0f}",
                f"{row['p95_ms']:,.0f}",
            ]
            for row in instance["rows"]
        ]
        head = (f"{instance['database']}: page", "requests", "errors", "by second", "p50 [ms]", "p95 [ms]")
        parts.append(render_table(head, rows))
    memory = [
        [
            instance["database"],
            f"{instance['memory_started_mb']['processes']}",
            f"{instance['memory_started_mb']['pss_mb']:.0f}",
            f"{instance['memory_after_mb']['pss_mb']:.0f}",
            f"{instance['processor_ms_by_request']:.1f}",
            f"{instance['load_seconds']:.0f}",
            f"{instance['load_average_before']:.1f}",
        ]
        for instance in found["instances"]
    ]
    titles = (
        "database",
        "processes of the site",
        "memory just started [MB]",
        "after the visits [MB]",
        "processor time by request [ms]",
        "loading of all portraits [s]",
        "load average before the visits",
    )
    return "\n\n".join([*parts, render_table(titles, memory)])


def main() -> None:
    """Replace what stands between the marks of each table that was measured here."""
    text = PAGE.read_text(encoding="utf-8")
    for name, render in RENDER.items():
        try:
            table = render()
        except FileNotFoundError as missing:
            print(f"{name}: left as it is, {missing.filename} was not measured here")
            continue
        before, start, rest = text.partition(MARK.format(name))
        _, end, after = rest.partition(MARK.format("end"))
        text = f"{before}{start}\n\n{table}\n\n{end}{after}"
    PAGE.write_text(text, encoding="utf-8")


def render_machine() -> str:
    """Return the machine of the measures of the plan."""
    return ", ".join(f"{name} {value}" for name, value in read("plan")["machine"].items()) + "."


RENDER = {
    "machine": render_machine,
    "plan": render_plan,
    "draws": render_draws,
    "diagnosis": render_diagnosis,
    "import": render_import,
    "siting": render_siting,
    "sweep": render_sweep,
    "site": render_site,
    **TABLES,
}


if __name__ == "__main__":
    main()
