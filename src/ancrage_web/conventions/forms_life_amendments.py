"""Form of an amendment: its days, its reason, and the new values of the terms it supersedes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django import forms

from ancrage.language import Text
from ancrage_web.conventions.access import Access
from ancrage_web.conventions.enums import DocumentKind
from ancrage_web.conventions.forms_documents import build_upload_field
from ancrage_web.conventions.forms_life import build_fact_field
from ancrage_web.conventions.forms_life_fields import AmountField, DayField, build_label
from ancrage_web.conventions.models import Action, Basin, Convention, Document
from ancrage_web.conventions.places import name_communes
from ancrage_web.conventions.rules import ACTION_FIELDS, CONTRACTUAL
from ancrage_web.conventions.services.documents import add_document
from ancrage_web.conventions.writing import name_term
from ancrage_web.design.words import say
from ancrage_web.territories.models import Commune

# Basins that can be added by one amendment.
NEW_BASINS = 2
_CODE = re.compile(r"\b(?:\d{5}|2[AB]\d{3})\b")


class AmendmentForm(forms.Form):
    """An amendment that supersedes the terms `chosen`.

    Parameters
    ----------
    chosen : fields as `terms.build_terms` names them; those that are unknown are left out.
    """

    signed_on = DayField(
        label=build_label("Signature of the amendment", "Signature de l'avenant"),
        required=True,
        error_messages={"required": build_label("Give the day of the signature.", "Donnez la date de signature.")},
    )
    effective_on = DayField(
        label=build_label("In effect from", "Prise d'effet"),
        required=True,
        error_messages={"required": build_label("Give the first day of effect.", "Donnez le jour de prise d'effet.")},
    )
    reason = forms.CharField(
        label=build_label("Reason", "Motif"),
        max_length=5_000,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": build_label("It is empty: say why.", "Le motif est vide : dites pourquoi.")},
    )

    def __init__(
        self,
        *args: Any,
        convention: Convention,
        basins: Sequence[Basin],
        actions: Iterable[Action],
        documents: Iterable[Document],
        chosen: Sequence[str],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.documents = {str(document.pk): document for document in documents}
        self.fields["document"] = forms.ChoiceField(
            label=build_label("Signed text, among the documents", "Texte signé, parmi les pièces"),
            required=False,
            choices=[("", say(Text("none", "aucun"))), *((key, doc.name) for key, doc in self.documents.items())],
        )
        self.fields["upload"] = build_upload_field(
            label=build_label(
                "Or a new file, chosen when you record", "Ou un nouveau fichier, à choisir au moment d'enregistrer"
            ),
            required=False,
        )
        rows = {str(action.pk): action for action in actions}
        names = {key: action.name for key, action in rows.items()}
        self.chosen: list[str] = []
        for name in dict.fromkeys(chosen):
            if name in CONTRACTUAL:
                field = build_fact_field(name)
                field.show_hidden_initial, field.initial = False, getattr(convention, name)
                self.fields[name] = field
            elif name == "basins":
                self._add_basins(basins)
            else:
                key, field_name = [*name.split(":"), "", ""][1:3]
                if key not in rows or field_name not in ACTION_FIELDS:
                    continue
                self.fields[name] = _build_action_field(rows[key], field_name, name_term(name, names))
            self.chosen.append(name)
        self.fields["version"] = forms.IntegerField(widget=forms.HiddenInput, initial=convention.version)

    def _add_basins(self, basins: Sequence[Basin]) -> None:
        known = name_communes(code for basin in basins for code in basin.communes)
        self.basin_count = len(basins) + NEW_BASINS
        for rank in range(self.basin_count):
            basin = basins[rank] if rank < len(basins) else None
            listed = [] if basin is None else [f"{code} {known.get(code, '')}".strip() for code in basin.communes]
            number = rank + 1
            self.fields[f"basin-{rank}-name"] = forms.CharField(
                label=say(Text(f"Basin {number}: name", f"Bassin {number} : nom")),
                required=False,
                max_length=160,
                initial="" if basin is None else basin.name,
            )
            self.fields[f"basin-{rank}-communes"] = forms.CharField(
                label=say(Text(f"Basin {number}: communes", f"Bassin {number} : communes")),
                required=False,
                initial="\n".join(listed),
                widget=forms.Textarea(attrs={"rows": max(3, min(12, len(listed) + 1))}),
                help_text=say(
                    Text(
                        "One per line, by INSEE code or by exact name. An empty basin is left out.",
                        "Une par ligne, par code INSEE ou par nom exact. Un bassin vidé est retiré.",
                    )
                ),
            )

    @property
    def term_fields(self) -> list[forms.BoundField]:
        """Return the fields of the terms superseded, for the page."""
        own = {"signed_on", "effective_on", "reason", "document", "upload", "version"}
        return [self[name] for name in self.fields if name not in own]

    def clean(self) -> dict[str, Any]:
        """Read the basins, commune by commune."""
        cleaned = super().clean() or {}
        if cleaned.get("document") and cleaned.get("upload"):
            told = Text(
                "Two documents are given: keep the one already there, or the new file.",
                "Deux pièces sont données : gardez celle qui est présente, ou le nouveau fichier.",
            )
            self.add_error("upload", say(told))
        if "basins" in self.chosen:
            cleaned["basins"] = self._read_basins(cleaned)
        return cleaned

    def _read_basins(self, cleaned: Mapping[str, Any]) -> list[dict[str, Any]]:
        found = []
        for rank in range(self.basin_count):
            name = cleaned.get(f"basin-{rank}-name", "")
            lines = [line.strip() for line in cleaned.get(f"basin-{rank}-communes", "").splitlines() if line.strip()]
            if not name and not lines:
                continue
            codes = []
            for line in lines:
                code = _find_commune(line)
                if code is None:
                    told = Text(
                        f"“{line}” is no commune, or several have this name: write its INSEE code.",
                        f"« {line} » n'est pas une commune connue, ou plusieurs portent ce nom : écrivez son code "
                        "INSEE.",
                    )
                    self.add_error(f"basin-{rank}-communes", say(told))
                else:
                    codes.append(code)
            found.append({"name": name, "communes": codes})
        return found

    def list_changes(self) -> dict[str, Any]:
        """Return the new values by term."""
        return {name: self.cleaned_data.get(name) for name in self.chosen}

    def read_document(self, access: Access) -> Document | None:
        """Return the document chosen, or None; a new file is stored first.

        Raises
        ------
        ForbiddenError, InputError
            As `services.documents.add_document`.
        """
        if self.cleaned_data.get("upload"):
            return add_document(access, self.cleaned_data["upload"], kind=DocumentKind.AMENDMENT)
        return self.documents.get(self.cleaned_data.get("document", ""))


def _build_action_field(action: Action, name: str, label: str) -> forms.Field:
    about: dict[str, Any] = {"label": label, "required": False, "initial": getattr(action, name)}
    if name == "deadline":
        return DayField(**about)
    if name == "budget":
        return AmountField(**about)
    return forms.CharField(**about, max_length=20_000, widget=forms.Textarea(attrs={"rows": 4}))


def _find_commune(line: str) -> str | None:
    coded = _CODE.search(line.upper())
    if coded is not None:
        return coded.group()
    codes = list(Commune.objects.filter(name__iexact=line).values_list("code", flat=True)[:2])
    return codes[0] if len(codes) == 1 else None


class DateForm(forms.Form):
    """A day to look at."""

    le = DayField(label=build_label("What did the convention say on", "Que disait la convention le"))
