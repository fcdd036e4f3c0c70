"""`ancrage siting`: the siting engine alone, on a file of costs, points or benefits."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, Unpack, cast

import typer

from ancrage.cli import session
from ancrage.errors import AncrageError, InputError
from ancrage.language import Text, format_number

if TYPE_CHECKING:
    from ancrage.cli.siting_files import Instance
    from ancrage.siting._neighbours import Metric
    from ancrage.siting.facility import FacilityPlan, Objective
    from ancrage.siting.options import Search
    from ancrage.siting.problem import FloatArray, SearchState

app = typer.Typer(name="siting", no_args_is_help=True, help="Solve a siting problem of any field, with its proof.")

_OBJECTIVES = ("p-median", "coverage", "set-cover", "saving")

FileArgument = Annotated[
    Path, typer.Argument(metavar="FILE", help="File of costs, points or benefits.", show_default=False)
]
FormatOption = Annotated[
    str,
    typer.Option(
        "--format",
        help="matrix (CSV of costs, a row per home, a column per site, no header; sites are column numbers from 0) | "
        "orlib (graph of the OR-Library; sites are vertices from 1) | points (CSV with x,y or lon,lat, weight, name; "
        "each is home and site, numbered from 0 where it has no name) | benefits (CSV or Parquet with home, site, "
        "benefit).",
        show_default=False,
    ),
]
ObjectiveOption = Annotated[
    str | None,
    typer.Option(
        "--objective",
        help="p-median | coverage | set-cover | saving. Default: p-median; saving for benefits.",
        show_default=False,
    ),
]
PlacesOption = Annotated[
    int | None,
    typer.Option(
        "--places",
        help="Most sites that may open, imposed ones included. Default: p of an orlib file.",
        show_default=False,
    ),
]
MinutesOption = Annotated[
    float | None,
    typer.Option(
        "--minutes", help="Largest cost at which a home is covered, in the unit of the matrix.", show_default=False
    ),
]
RadiusOption = Annotated[
    float | None,
    typer.Option(
        "--radius", help="The same for points: distance, km for lon,lat. Stands for --minutes.", show_default=False
    ),
]
ShareOption = Annotated[
    float | None,
    typer.Option(
        "--share", help="Share of the total weight that set-cover must cover, 0 to 1. Default: 1.", show_default=False
    ),
]
WeightsOption = Annotated[
    Path | None,
    typer.Option("--weights", help="Weights of the homes, one number per line. Default: 1 each.", show_default=False),
]
MetricOption = Annotated[
    str | None,
    typer.Option(
        "--metric",
        help="Distance between x,y: euclidean (default) | floor (rounded down). Between lon,lat: haversine, km.",
        show_default=False,
    ),
]
FixedOption = Annotated[
    float | None,
    typer.Option(
        "--fixed-cost", help="Cost of each open site, for saving, in the unit of benefits.", show_default=False
    ),
]
SitesOption = Annotated[
    Path | None,
    typer.Option(
        "--sites",
        help="Table with site, fixed_cost (CSV or Parquet), for saving. Instead of --fixed-cost.",
        show_default=False,
    ),
]
ImposedOption = Annotated[
    list[str] | None, typer.Option("--imposed", help="Sites that must open: a,b. Repeat or join.", show_default=False)
]
ExcludedOption = Annotated[
    list[str] | None, typer.Option("--excluded", help="Sites that must not open: a,b.", show_default=False)
]


@app.command("solve")
def solve_file(
    file: FileArgument,
    form: FormatOption,
    objective: ObjectiveOption = None,
    places: PlacesOption = None,
    minutes: MinutesOption = None,
    radius: RadiusOption = None,
    share: ShareOption = None,
    weights: WeightsOption = None,
    metric: MetricOption = None,
    fixed_cost: FixedOption = None,
    sites: SitesOption = None,
    imposed: ImposedOption = None,
    excluded: ExcludedOption = None,
    deadline: Annotated[
        float | None,
        typer.Option("--deadline", help="Seconds allowed. Default: none, until the proof.", show_default=False),
    ] = None,
    gap: Annotated[
        float, typer.Option("--gap", help="Relative gap at which to stop, such as 0.001 (not set-cover). Default: 0.")
    ] = 0.0,
    seed: Annotated[int, typer.Option("--seed", help="Seed of the search. Default: 0.")] = 0,
    output: Annotated[
        Path | None,
        typer.Option("--output", help="Write the site of each home: CSV home,site,value.", show_default=False),
    ] = None,
    as_json: session.JsonOption = False,
    lang: session.LangOption = None,
) -> None:
    """Choose sites: least cost, most weight covered, fewest sites, or most benefit. Ctrl-C prints the best so far.

    Exit codes: 0 a plan, proven or with its gap; 1 refused input, 2 wrong usage.
    """
    try:
        session.choose_language(lang)
        check_options(deadline, gap, seed, output)
        instance = read_file(file, form, sites)
        if minutes is not None and radius is not None:
            _refuse("--radius", "with --minutes, which says the same", "avec --minutes, qui dit la même chose")
        limit = radius if minutes is None else minutes
        question = read_question(instance, form, objective, places, limit, share, weights, metric, fixed_cost)
        must, never = find_sites(instance, imposed, "--imposed"), find_sites(instance, excluded, "--excluded")
        from ancrage.cli.siting_summary import build_json, print_summary, write_assignment

        compile_seconds = compile_kernels(question)
        # HiGHS, which ends small coverages, cannot be stopped with its plan: a program waits for the proof instead.
        catch = nullcontext(None) if as_json and question.objective == "coverage" else catch_interrupt()
        with show_progress(as_json) as tell, catch as cancelled:
            plan = solve_instance(
                instance,
                question,
                imposed=must,
                excluded=never,
                deadline=deadline,
                clock=time.perf_counter,
                seed=seed,
                gap=gap,
                progress=tell,
                cancelled=cancelled,
            )
        if output is not None:
            write_assignment(output, plan, instance)
        if as_json:
            session.print_json(build_json(plan, instance, question, compile_seconds))
        else:
            print_summary(plan, instance, question, output)
    except AncrageError as error:
        session.notes.print(session.say(error.text), style="red", markup=False, soft_wrap=True)
        raise typer.Exit(1) from error


@dataclass(frozen=True)
class Question:
    """What is asked of an instance. weight : (n,) or None for 1 each; fixed : cost of an open site, one or (m,)."""

    objective: Objective
    places: int | None
    limit: float
    share: float
    metric: Metric
    weight: FloatArray | None
    fixed: float | FloatArray


def check_options(deadline: float | None, gap: float, seed: int, output: Path | None) -> None:
    """Refuse a deadline, a gap, a seed or an output file that cannot be used."""
    for name, value, fine, rule in (
        ("--deadline", deadline, deadline is None or deadline > 0, "> 0"),
        ("--gap", gap, 0 <= gap < 1, ">= 0, < 1"),
        ("--seed", seed, seed >= 0, ">= 0"),
    ):
        if not fine:
            raise InputError(
                f"{name} is {value}: give a number {rule}.", f"{name} vaut {value} : donnez un nombre {rule}."
            )
    if output is not None and (output.is_dir() or not output.parent.is_dir()):
        raise InputError(
            f"--output {output}: it is a folder, or its folder does not exist. Name a file in an existing folder.",
            f"--output {output} : c'est un dossier, ou son dossier n'existe pas. Nommez un fichier dans un dossier "
            "existant.",
        )


def read_file(file: Path, form: str, sites: Path | None) -> Instance:
    """Return the instance of a file, and say which of its columns are not used."""
    from ancrage.cli.siting_files import FORMATS, read_instance

    if form not in FORMATS:
        raise InputError(
            f"--format is '{form}': use one of {', '.join(FORMATS)}.",
            f"--format vaut « {form} » : utilisez l'un de {', '.join(FORMATS)}.",
        )
    if sites is not None and form != "benefits":
        raise InputError(
            "--sites gives the fixed costs of a benefits file: leave it out for another format.",
            "--sites donne les coûts fixes d'un fichier de gains : retirez-la pour un autre format.",
        )
    instance = read_instance(file, form, sites)
    if instance.ignored:
        names = ", ".join(instance.ignored)
        ignored = Text(f"Columns not used: {names}.", f"Colonnes non utilisées : {names}.")
        session.notes.print(session.say(ignored), style="dim", markup=False, soft_wrap=True)
    return instance


def read_question(
    instance: Instance,
    form: str,
    objective: str | None,
    places: int | None,
    limit: float | None,
    share: float | None,
    weights: Path | None,
    metric: str | None,
    fixed_cost: float | None,
) -> Question:
    """Return what is asked, every option checked against the file and the objective."""
    asked = objective or ("saving" if form == "benefits" else "p-median")
    if asked not in _OBJECTIVES or (asked == "saving") != (form == "benefits"):
        raise InputError(
            f"--objective is '{asked}' with --format {form}: use p-median, coverage or set-cover with costs and "
            "points, saving with benefits.",
            f"--objective vaut « {asked} » avec --format {form} : utilisez p-median, coverage ou set-cover avec des "
            "coûts et des points, saving avec des gains.",
        )
    kind = cast("Objective", asked)
    covers = kind in ("coverage", "set-cover")
    fixed: float | FloatArray | None = fixed_cost if instance.fixed is None else instance.fixed
    if instance.fixed is not None and fixed_cost is not None:
        _refuse("--fixed-cost", "with --sites", "avec --sites")
    if limit is None and covers:
        _ask("--radius" if form == "points" else "--minutes", kind)
    if limit is not None and not covers:
        _refuse("--radius" if form == "points" else "--minutes", f"with {kind}", f"avec {kind}")
    if share is not None and kind != "set-cover":
        _refuse("--share", f"with {kind}", f"avec {kind}")
    if places is not None and kind == "set-cover":
        _refuse("--places", "with set-cover, which finds the number", "avec set-cover, qui trouve le nombre")
    if fixed is not None and kind != "saving":
        _refuse("--fixed-cost", f"with {kind}", f"avec {kind}")
    if weights is not None and (instance.weight is not None or kind == "saving"):
        _refuse("--weights", "where the file has its own", "là où le fichier a les siens")
    if metric is not None and form != "points":
        _refuse("--metric", f"with --format {form}", f"avec --format {form}")
    if places is None and kind != "set-cover":
        places = instance.places
        if places is None and (kind != "saving" or fixed is None):
            _ask("--places", kind)
    weight = instance.weight
    if weights is not None:
        from ancrage.cli.siting_files import read_weights

        weight = read_weights(weights, len(instance.homes))
    return Question(
        kind,
        None if kind == "set-cover" else places,
        0.0 if limit is None else limit,
        1.0 if share is None else share,
        choose_metric(instance.axes, metric),
        weight,
        0.0 if fixed is None else fixed,
    )


def _ask(option: str, kind: str) -> NoReturn:
    raise InputError(
        f"{option} is missing: {kind} needs it. 'ancrage siting solve --help' says what it means.",
        f"{option} manque : {kind} en a besoin. « ancrage siting solve --help » dit ce que c'est.",
    )


def _refuse(option: str, why_en: str, why_fr: str) -> NoReturn:
    raise InputError(
        f"{option} means nothing {why_en}: leave it out.", f"{option} n'a pas de sens {why_fr} : retirez-la."
    )


def choose_metric(axes: str, metric: str | None) -> Metric:
    """Return the distance of points: haversine for lon,lat, else euclidean unless floor is asked for."""
    allowed: tuple[Metric, ...] = ("haversine",) if axes == "lon,lat" else ("euclidean", "floor")
    for name in allowed:
        if metric in (None, name):
            return name
    raise InputError(
        f"--metric is '{metric}' for points in {axes}: use {' or '.join(allowed)}.",
        f"--metric vaut « {metric} » pour des points en {axes} : utilisez {' ou '.join(allowed)}.",
    )


def find_sites(instance: Instance, names: list[str] | None, option: str) -> list[int]:
    """Return the numbers of sites named a,b by an option."""
    known = {name: number for number, name in enumerate(instance.sites)}
    found = []
    for name in (part.strip() for joined in names or [] for part in joined.split(",")):
        if name not in known:
            first, last = instance.sites[0], instance.sites[-1]
            raise InputError(
                f"{option}: the file has no site '{name}'. Its {len(known)} sites go from {first} to {last}.",
                f"{option} : le fichier n'a pas de site « {name} ». Ses {len(known)} sites vont de {first} à {last}.",
            )
        found.append(known[name])
    return found


def compile_kernels(question: Question) -> float:
    """Compile or load what the search needs, apart from its time; return the seconds this took."""
    start = time.perf_counter()
    compiling = Text("Compiling, once...", "Compilation, une seule fois...")
    # Loading compiled code takes a moment, compiling it much longer: only the latter is worth a word.
    notice = threading.Timer(4.0, lambda: session.notes.print(session.say(compiling), style="dim"))
    notice.daemon = True
    notice.start()
    try:
        from ancrage.siting.facility import warm_up

        warm_up(question.objective)
    finally:
        notice.cancel()
    return time.perf_counter() - start


@contextmanager
def show_progress(quiet: bool) -> Iterator[Callable[[SearchState], None] | None]:
    """Show value, bound, gap and seconds on one line of a terminal while the search runs; yields its callback."""
    if quiet or not session.notes.is_terminal:
        yield None
        return
    from rich.live import Live

    with Live("", console=session.notes, transient=True, refresh_per_second=8) as live:
        yield lambda state: live.update(render_state(state))


def render_state(state: SearchState) -> str:
    """Return the line that tells how far a search has come."""
    value, bound = (format_number(x, 2, session.get_language()) for x in (state.value, state.bound))
    gap = format_number(100 * state.gap, 4, session.get_language())
    seconds = format_number(state.seconds, 0, session.get_language())
    return session.say(
        Text(
            f"best {value}, bound {bound}, gap {gap} %, {seconds} s (Ctrl-C keeps the best)",
            f"meilleur {value}, borne {bound}, écart {gap} %, {seconds} s (Ctrl-C garde le meilleur)",
        )
    )


@contextmanager
def catch_interrupt() -> Iterator[Callable[[], bool]]:
    """Let the first Ctrl-C end the search with its best plan, the second end the program; yields whether it came."""
    asked = threading.Event()

    def stop(_number: int, _frame: object) -> None:
        asked.set()
        signal.signal(signal.SIGINT, signal.default_int_handler)

    before = signal.signal(signal.SIGINT, stop)
    try:
        yield asked.is_set
    finally:
        signal.signal(signal.SIGINT, before)


def solve_instance(
    instance: Instance,
    question: Question,
    *,
    imposed: list[int],
    excluded: list[int],
    **search: Unpack[Search],
) -> FacilityPlan:
    """Return the plan of an instance: one call of `ancrage.siting.facility`."""
    from ancrage.siting import facility

    shared: Any = {"imposed": imposed, "excluded": excluded, **search}
    kind, places, limit = question.objective, question.places or 0, question.limit
    if instance.pairs is not None:
        home, site, benefit = instance.pairs
        shared |= {"homes": len(instance.homes), "sites": len(instance.sites)}
        return facility.solve_saving(home, site, benefit, places=question.places, fixed=question.fixed, **shared)
    given: Any = {"weight": question.weight, **shared}
    if instance.points is not None:
        points, given = instance.points, {"metric": question.metric, **given}
        if kind == "p-median":
            return facility.solve_median_points(points, places, **given)
        if kind == "coverage":
            return facility.solve_coverage_points(points, places, limit, **given)
        return facility.solve_covering_points(points, limit, question.share, **given)
    assert instance.costs is not None
    if kind == "p-median":
        return facility.solve_median(instance.costs, places, **given)
    if kind == "coverage":
        return facility.solve_coverage(instance.costs, places, limit, **given)
    return facility.solve_covering(instance.costs, limit, question.share, **given)
