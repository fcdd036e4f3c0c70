"""`ancrage demo`: the whole main job on a fictional territory, offline."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ancrage.cli import session
from ancrage.cli.session import LangOption
from ancrage.language import Text

DEMO_BUDGET = 150_000.0


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("demo")(demo)


def demo(
    out: Annotated[Path, typer.Option("--out", help="Folder of the demo: its data and its report.")] = Path(
        "ancrage-demo"
    ),
    seed: Annotated[int, typer.Option("--seed", help="Seed of the fictional territory.", min=0)] = 1,
    lang: LangOption = None,
) -> None:
    """Make a fictional territory, diagnose it, plan its network and write the report, without any network access."""
    session.choose_language(lang)
    from ancrage.cli.plan import run_plan
    from ancrage.opendata.demo import write_demo_store
    from ancrage.study.settings import StudySettings

    data = out / "data"
    code = write_demo_store(data, seed)
    run_plan(StudySettings(epci=(code,), budget=DEMO_BUDGET), data, out=out / "report", time_limit=10.0)
    session.out.print(
        session.say(
            Text(
                f"Everything above is fictional. Look closer: ancrage diagnose {code} --data {data}",
                f"Tout ce qui précède est fictif. Pour en voir plus : ancrage diagnose {code} --data {data}",
            )
        ),
        soft_wrap=True,
        markup=False,
    )
