"""Delays of the law, counted from date to date in months (R2 to R6, R13, R15, R16, R24)."""

from __future__ import annotations

import calendar
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from ancrage.conventions.model import NOTHING, RULES, Finding, Line, Rule
from ancrage.errors import InputError
from ancrage.language import Text, format_date
from ancrage.parameters import Parameters


def add_months(day: date, months: int) -> date:
    """Return the same day `months` later (or earlier), or the last of the month where it has no such day.

    2025-08-31 and six months is 2026-02-28; 2027-08-31 and six months is 2028-02-29.
    """
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def count_months(start: date, end: date) -> int:
    """Return the whole months needed to go from `start` to at least `end` (36 for three years to the day).

    Raises
    ------
    InputError
        If `end` is before `start`.
    """
    if end < start:
        raise InputError(
            f"The end ({end}) is before the start ({start}): exchange or correct the two dates.",
            f"La fin ({end}) précède le début ({start}) : échangez ou corrigez les deux dates.",
        )
    months = (end.year - start.year) * 12 + end.month - start.month
    return months if add_months(start, months) >= end else months + 1


def compute_prefect_deadline(decision: date, parameters: Parameters) -> Finding:
    """R2: last day for the prefect to decide, from the validation or homologation of the plan.

    A decision before the change of 3 July 2023 whose month ends after it is left to a person: no transitional
    provision was found.
    """
    rule = RULES["R2"]
    period = parameters.get("revit_prefect_delay", decision)
    months = round(period.value)
    deadline = add_months(decision, months)
    if period.until is not None and deadline > period.until:
        return Finding(
            rule,
            "human",
            Text(
                f"The time of the prefect changed while it was running: {_en(deadline)} under the former text.",
                f"Le délai du préfet a changé pendant qu'il courait : {_fr(deadline)} selon l'ancien texte.",
            ),
            value=deadline,
            lines=_build_lines(decision, months, deadline),
            todo=Text(
                "Ask the prefecture which of the two texts applies.",
                "Demandez à la préfecture lequel des deux textes s'applique.",
            ),
        )
    return _build_deadline(
        rule,
        decision,
        months,
        Text("The prefect decides by {day}.", "Le préfet décide au plus tard le {day}."),
        until=period.until,
    )


def compute_option_deadline(decision: date, parameters: Parameters) -> Finding:
    """R3: last day for the company to choose a convention or a collective agreement, from the prefect's decision."""
    months = round(parameters.get("revit_option_delay").value)
    return _build_deadline(
        RULES["R3"],
        decision,
        months,
        Text(
            "The company chooses a convention or a collective agreement by {day}.",
            "L'entreprise choisit une convention ou un accord collectif au plus tard le {day}.",
        ),
    )


def compute_signature_deadline(
    notification: date, parameters: Parameters, *, rcc: bool = False, signed: date | None = None
) -> Finding:
    """R4: last day to sign the convention.

    Parameters
    ----------
    notification : of the redundancy project (L1233-46); for a rupture conventionnelle collective, its validation.
    signed : day of the signature, when it is known: a late one is an error.
    """
    months = round(parameters.get("revit_signature_delay").value)
    said = Text("The convention is signed by {day}.", "La convention est signée au plus tard le {day}.")
    if rcc:
        said = Text(
            "The convention is signed by {day}, counted from the validation of the agreement (secondary source).",
            "La convention est signée au plus tard le {day}, à compter de la validation de l'accord (source "
            "secondaire).",
        )
    found = _build_deadline(RULES["R4"], notification, months, said)
    assert isinstance(found.value, date)
    if signed is None or signed <= found.value:
        return found
    late = (signed - found.value).days
    return replace(
        found,
        level="error",
        says=Text(
            f"Signed on {_en(signed)}, {late} days after {_en(found.value)}.",
            f"Signée le {_fr(signed)}, {late} jours après le {_fr(found.value)}.",
        ),
        lines=(*found.lines, Line(Text("Signed", "Signée"), signed), Line(Text("Late", "Retard"), late, "days")),
        todo=Text(
            "Without a convention in time the payment to the Treasury may be asked for (R9): see the prefecture.",
            "Sans convention dans le délai, le versement au Trésor peut être demandé (R9) : voyez la préfecture.",
        ),
    )


def compute_local_deadline(framework_signed: date, parameters: Parameters) -> Finding:
    """R5: last day to sign the local conventions after the national framework."""
    months = round(parameters.get("revit_framework_local_delay").value)
    return _build_deadline(
        RULES["R5"],
        framework_signed,
        months,
        Text(
            "The local conventions are signed by {day}.", "Les conventions locales sont signées au plus tard le {day}."
        ),
    )


def check_framework(departements: int, parameters: Parameters) -> Finding:
    """R5: whether the job cuts call for a national framework convention."""
    least = round(parameters.get("revit_framework_departements_min").value)
    lines = (
        Line(Text("Départements concerned", "Départements concernés"), departements),
        Line(Text("From", "À partir de"), least),
    )
    if departements >= least:
        return Finding(
            RULES["R5"],
            "ok",
            Text(
                f"Jobs are cut in {departements} départements: a national framework convention is signed first.",
                f"Des emplois sont supprimés dans {departements} départements : une convention-cadre nationale est "
                "signée d'abord.",
            ),
            value="framework",
            lines=lines,
        )
    return Finding(
        RULES["R5"],
        "ok",
        Text(
            f"Départements where jobs are cut: {departements}. Local conventions only.",
            f"Départements où des emplois sont supprimés : {departements}. Conventions locales seulement.",
        ),
        value="local",
        lines=lines,
    )


def check_duration(months: int, parameters: Parameters, *, framework: bool = False, special: bool = False) -> Finding:
    """R6: duration of the convention [months], or of the national framework (R5)."""
    rule = RULES["R5"] if framework else RULES["R6"]
    longest = round(parameters.get("revit_framework_duration_max" if framework else "revit_duration_max").value)
    lines = (
        Line(Text("Duration", "Durée"), months, "months"),
        Line(Text("Longest", "Maximum"), longest, "months"),
    )
    if months <= longest:
        return Finding(
            rule,
            "ok",
            Text(f"{months} months: within {longest}.", f"{months} mois : dans la limite de {longest}."),
            value=months,
            lines=lines,
        )
    if special:
        return Finding(
            rule,
            "warning",
            Text(
                f"{months} months: over {longest}, for special circumstances.",
                f"{months} mois : au-delà de {longest}, pour circonstances particulières.",
            ),
            value=months,
            lines=lines,
            todo=Text(
                "Write the special circumstances in the convention.",
                "Écrivez les circonstances particulières dans la convention.",
            ),
        )
    return Finding(
        rule,
        "error",
        Text(f"{months} months: over the {longest} allowed.", f"{months} mois : au-delà des {longest} permis."),
        value=months,
        lines=lines,
        todo=Text(
            "Shorten it, or state the special circumstances.",
            "Réduisez la durée, ou énoncez les circonstances particulières.",
        ),
    )


def check_voluntary(started: date, decision: date, parameters: Parameters, *, framework_document: bool) -> Finding:
    """R13: whether a measure started before the decision counts.

    Parameters
    ----------
    framework_document : the measure stands in a document-cadre signed with the prefect.
    """
    months = round(parameters.get("revit_voluntary_window").value)
    earliest = add_months(decision, -months)
    lines = (
        Line(Text("Start of the measure", "Début de la mesure"), started),
        Line(Text("Earliest start that counts", "Début le plus ancien compté"), earliest),
    )
    if started < earliest:
        return Finding(
            RULES["R13"],
            "error",
            Text(
                f"The measure started before {_en(earliest)}: it does not count.",
                f"La mesure a commencé avant le {_fr(earliest)} : elle ne compte pas.",
            ),
            lines=lines,
            todo=Text("Take it out of the contribution.", "Retirez-la de la contribution."),
        )
    if not framework_document:
        return Finding(
            RULES["R13"],
            "error",
            Text(
                "The measure is not in a framework document with the prefect: it does not count.",
                "La mesure n'est pas dans un document-cadre avec le préfet : elle ne compte pas.",
            ),
            lines=lines,
            todo=Text(
                "Attach the framework document, or take the measure out.",
                "Joignez le document-cadre, ou retirez la mesure.",
            ),
        )
    return Finding(RULES["R13"], "ok", Text("The measure counts.", "La mesure est comptée."), lines=lines)


@dataclass(frozen=True)
class Meeting:
    """A follow-up committee: its day, and the day its report was sent (None when it was not)."""

    day: date
    report_sent: date | None = None


def check_committees(
    signed: date, meetings: Sequence[Meeting], on: date, parameters: Parameters, *, closed: date | None = None
) -> tuple[Finding, ...]:
    """R15: one committee a year at least, each with its report sent before; findings in the order of the dates.

    Parameters
    ----------
    signed : start of the first interval; on : day of the check; closed : end of the convention, when it has ended.

    Returns
    -------
    One finding for each committee late or without a report, then one for the next committee due (its value is the
    date), or a single "ok" when nothing is wrong and the convention is closed.
    """
    rule = RULES["R15"]
    gap = round(parameters.get("revit_committee_gap").value)
    findings = []
    last = signed
    for meeting in sorted(meetings, key=lambda m: m.day):
        due = add_months(last, gap)
        if meeting.day > due:
            late = (meeting.day - due).days
            planned = meeting.day > on
            met, held = (
                (Text("will meet", "se réunira"), Text("Planned", "Prévu"))
                if planned
                else (Text("met", "s'est réuni"), Text("Held", "Tenu"))
            )
            findings.append(
                Finding(
                    rule,
                    "warning",
                    Text(
                        f"The committee of {_en(meeting.day)} {met.en} {late} days after the year is over.",
                        f"Le comité du {_fr(meeting.day)} {met.fr} {late} jours après l'échéance d'un an.",
                    ),
                    value=late,
                    lines=(
                        Line(Text("Due", "Échéance"), due),
                        Line(held, meeting.day),
                        Line(Text("Late", "Retard"), late, "days"),
                    ),
                    todo=Text("Bring it forward if you can.", "Avancez-le si vous le pouvez.")
                    if planned
                    else Text("Say why in the report.", "Indiquez pourquoi dans le bilan."),
                )
            )
        if meeting.day <= on and (meeting.report_sent is None or meeting.report_sent >= meeting.day):
            findings.append(
                Finding(
                    rule,
                    "warning",
                    Text(
                        f"No report was sent before the committee of {_en(meeting.day)}.",
                        f"Aucun bilan n'a été envoyé avant le comité du {_fr(meeting.day)}.",
                    ),
                    todo=Text("Send the report, and record the day.", "Envoyez le bilan, et notez la date."),
                )
            )
        last = meeting.day
    due = add_months(last, gap)
    if closed is None or closed > due:
        overdue = due < on
        if last > on:
            says = Text(
                f"After the committee planned on {_en(last)}, the following one meets by {_en(due)}.",
                f"Après le comité prévu le {_fr(last)}, le suivant se réunit au plus tard le {_fr(due)}.",
            )
        else:
            says = Text(
                f"The next committee meets by {_en(due)}" + (": overdue." if overdue else "."),
                f"Le prochain comité se réunit au plus tard le {_fr(due)}" + (" : en retard." if overdue else "."),
            )
        findings.append(
            Finding(
                rule,
                "warning" if overdue else "ok",
                says,
                value=due,
                lines=_build_lines(last, gap, due),
                todo=Text("Call it now.", "Convoquez-le sans attendre.") if overdue else NOTHING,
            )
        )
    elif not findings:
        findings.append(
            Finding(rule, "ok", Text("Every committee was held in time.", "Chaque comité s'est tenu à temps."))
        )
    return tuple(findings)


def compute_opposition_deadline(request: date, parameters: Parameters) -> Finding:
    """R16: last day for the administration to object to a collective agreement in place of the convention."""
    months = round(parameters.get("revit_opposition_delay").value)
    return _build_deadline(
        RULES["R16"],
        request,
        months,
        Text(
            "The administration may object, with reasons, until {day}.",
            "L'administration peut s'opposer, par décision motivée, jusqu'au {day}.",
        ),
    )


def compute_erasure_date(last_contact: date, parameters: Parameters) -> Finding:
    """R24: day from which the data of a coaching case is erased or made anonymous."""
    months = round(parameters.get("retention_delay").value)
    last = add_months(last_contact, months)
    day = last + timedelta(days=1)
    return Finding(
        RULES["R24"],
        "ok",
        Text(f"Erase or make anonymous from {_en(day)}.", f"Effacer ou anonymiser à partir du {_fr(day)}."),
        value=day,
        lines=_build_lines(last_contact, months, last),
    )


def _build_deadline(rule: Rule, start: date, months: int, said: Text, *, until: date | None = None) -> Finding:
    deadline = add_months(start, months)
    return Finding(
        rule,
        "ok",
        Text(said.en.format(day=_en(deadline)), said.fr.format(day=_fr(deadline))),
        value=deadline,
        lines=_build_lines(start, months, deadline),
        until=until,
    )


def _build_lines(start: date, months: int, end: date) -> tuple[Line, ...]:
    return (
        Line(Text("From", "À partir du"), start),
        Line(Text("Delay", "Délai"), months, "months"),
        Line(Text("Until", "Jusqu'au"), end),
    )


def _en(day: date) -> str:
    return format_date(day, "en")


def _fr(day: date) -> str:
    return format_date(day, "fr")
