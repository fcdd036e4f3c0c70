"""The file of a committee and the final balance, built from frozen figures for the PDF, DOCX and XLSX writers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from ancrage import __version__
from ancrage.conventions.committee import Content, list_to_decide
from ancrage.language import DEFAULT_LANGUAGE, Language, Text
from ancrage.reports.committee_charts import build_money_chart
from ancrage.reports.committee_context import CommitteeContext, count_realised, read_number
from ancrage.reports.committee_sections import (
    build_actions_section,
    build_agenda_section,
    build_convention_section,
    build_deadlines_section,
    build_definitions_section,
    build_engineering_section,
    build_jobs_section,
    build_ledger_section,
    build_residual_section,
    build_since_section,
    build_summary_section,
)
from ancrage.reports.model import Document, KeyFigure, Section
from ancrage.reports.writing import Pen


def build_committee_document(
    content: Content, former: Content | None, language: Language = DEFAULT_LANGUAGE
) -> Document:
    """Build the file of a committee, or the final balance where the committee is the final one.

    Parameters
    ----------
    content : frozen figures (`ancrage.conventions.committee.build_content`), and nothing else: the same content
        always gives the same files.
    former : frozen figures of the committee before, or None for the first.

    Raises
    ------
    InputError
        If the former figures were frozen in a form that cannot be compared.
    """
    context = CommitteeContext(content, former, Pen(language))
    pen = context.pen
    figures = build_figures(context)
    return Document(
        language=language,
        territory=content["convention"]["name"],
        title=pen.say("Final balance of the convention", "Bilan final de la convention")
        if context.is_final
        else pen.say("File of the follow-up committee", "Dossier du comité de suivi"),
        subtitle=pen.say(
            f"{content['convention']['organisation']} – committee of {context.day(content['committee']['day'])} – "
            f"figures at {context.day(content['on'])}",
            f"{content['convention']['organisation']} – comité du {context.day(content['committee']['day'])} – "
            f"chiffres au {context.day(content['on'])}",
        ),
        fictional=content["fictional"],
        version=__version__,
        on=date.fromisoformat(content["on"]),
        cover=build_money_chart(context),
        sections=tuple(section for section in _list_sections(context, figures) if section.blocks),
        figures=figures,
        facts={"travel": "", "warnings": []},
        banner=Text("FICTIONAL CONVENTION", "CONVENTION FICTIVE"),
    )


def build_figures(context: CommitteeContext) -> tuple[KeyFigure, ...]:
    """Build the figures of the first page."""
    pen, content = context.pen, context.content
    jobs, target = content["jobs"], content["convention"]["jobs_target"]
    owed = read_number(content["convention"]["amount"])

    def money(key: str, label: str, value: float | None, note: str = "") -> KeyFigure:
        return KeyFigure(key, label, value, "€", decimals=2, note=note, formula=f"ledger.{key}")

    found = [
        money(name, context.word("balance", name), read_number(content["totals"][name]), _compare_share(context, name))
        for name in ("contributed", "committed", "paid", "residual")
    ]
    if owed is not None:
        found.insert(0, money("owed", pen.say("Contribution owed", "Contribution due"), owed))
    note = "" if target is None else pen.say(f"target: {pen.number(target)}", f"objectif : {pen.number(target)}")
    found.append(
        KeyFigure(
            "realised",
            pen.say("Jobs created or maintained", "Emplois créés ou maintenus"),
            float(count_realised(jobs)),
            pen.say("posts", "postes"),
            decimals=0,
            note=note,
            formula="jobs.created + jobs.maintained",
        )
    )
    return tuple(found)


def _compare_share(context: CommitteeContext, name: str) -> str:
    """Return what share of the contribution an amount is, in words; nothing where none is known."""
    amount, owed = Decimal(context.content["totals"][name]), context.content["convention"]["amount"]
    if name not in ("contributed", "committed", "paid") or owed is None or Decimal(owed) == 0:
        return ""
    share = context.pen.share(float(amount / Decimal(owed)))
    return context.pen.say(f"{share} of what is owed", f"{share} du montant dû")


def _list_sections(context: CommitteeContext, figures: tuple[KeyFigure, ...]) -> Iterator[Section]:
    yield build_summary_section(context, figures)
    if context.is_final:
        yield build_jobs_section(context)
        yield build_actions_section(context)
        yield build_ledger_section(context)
        yield build_residual_section(context)
        yield build_engineering_section(context)
        yield build_since_section(context)
    else:
        yield build_since_section(context)
        if list_to_decide(context.content) or context.content["committee"]["agenda"]:
            yield build_agenda_section(context)
        yield build_actions_section(context)
        yield build_ledger_section(context)
        yield build_jobs_section(context)
        yield build_engineering_section(context)
        yield build_residual_section(context)
    yield build_deadlines_section(context)
    yield build_convention_section(context)
    yield build_definitions_section(context)
