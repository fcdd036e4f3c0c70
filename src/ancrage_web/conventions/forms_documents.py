"""Forms of documents, and the choice between a document already there and a new file, for other forms."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings

from ancrage.language import Text
from ancrage_web.conventions.access import Access
from ancrage_web.conventions.enums import DOCUMENT_NAMES
from ancrage_web.conventions.file_types import MEDIA_TYPES
from ancrage_web.conventions.forms_life_fields import build_label
from ancrage_web.conventions.models import Convention, Document, Request
from ancrage_web.conventions.queries.documents import list_shown_documents
from ancrage_web.conventions.services.documents import NAME_LENGTH, add_document
from ancrage_web.design.words import say, say_later

ACCEPTED = ",".join(MEDIA_TYPES)
# Documents offered in a list of choices: the last ones; an older one is sent again and recognised.
MOST_OFFERED = 200


def build_kind_choices() -> list[tuple[str, Any]]:
    """Return the kinds of documents, to choose from."""
    return [(kind, say_later(name)) for kind, name in DOCUMENT_NAMES.items()]


def build_upload_field(**kwargs: Any) -> forms.FileField:
    """Return the field of a file, that says what is accepted."""
    most = settings.UPLOAD_MB
    return forms.FileField(
        label=kwargs.pop("label", build_label("File", "Fichier")),
        widget=forms.FileInput(attrs={"accept": ACCEPTED}),
        help_text=build_label(
            f"PDF, PNG, JPEG, DOCX, XLSX, ODT, ODS, TXT or CSV; {most} MB at most.",
            f"PDF, PNG, JPEG, DOCX, XLSX, ODT, ODS, TXT ou CSV ; {most} Mo au plus.",
        ),
        error_messages={
            "required": build_label("Choose a file.", "Choisissez un fichier."),
            "empty": build_label(
                "This file is empty: choose it again.", "Ce fichier est vide : choisissez-le à nouveau."
            ),
        },
        **kwargs,
    )


class DocumentForm(forms.Form):
    """A document to add to a convention."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["upload"] = build_upload_field()
        self.fields["kind"] = forms.ChoiceField(
            label=build_label("What it proves", "Ce qu'elle prouve"), choices=build_kind_choices(), initial="proof"
        )
        self.fields["name"] = forms.CharField(
            label=build_label("Name in the lists", "Nom dans les listes"),
            required=False,
            max_length=NAME_LENGTH,
            help_text=build_label("The name of the file when empty.", "Le nom du fichier si vous ne mettez rien."),
        )


class DocumentChoice(forms.Form):
    """The piece that justifies something: a document of the convention, or a new file.

    A form inherits from it, is made with `convention=`, and calls `read_document` once it is valid, in the transaction
    of its service.
    """

    def __init__(self, *args: Any, convention: Convention, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        found = list_shown_documents(convention).order_by("-uploaded_at")[:MOST_OFFERED]
        self._documents = {str(document.pk): document for document in found}
        choices = [(key, document.name) for key, document in self._documents.items()]
        self.fields["document"] = forms.ChoiceField(
            label=build_label("Document already there", "Pièce déjà présente"),
            required=False,
            choices=[("", "—"), *choices],
        )
        self.fields["upload"] = build_upload_field(
            label=build_label("Or a new file", "Ou un nouveau fichier"), required=False
        )

    def clean(self) -> dict[str, Any]:
        """Ask for one of the two."""
        cleaned = super().clean() or self.cleaned_data
        if "upload" not in self.errors and "document" not in self.errors:
            given = bool(cleaned.get("document")), bool(cleaned.get("upload"))
            if given == (False, False):
                text = Text(
                    "No document justifies it: choose one, or send a file.",
                    "Aucune pièce ne le justifie : choisissez-en une, ou envoyez un fichier.",
                )
                self.add_error("document", say(text))
            elif given == (True, True):
                text = Text(
                    "Two documents are given: keep the one already there, or the new file.",
                    "Deux pièces sont données : gardez celle qui est présente, ou le nouveau fichier.",
                )
                self.add_error("upload", say(text))
        return cleaned

    def read_document(self, access: Access, *, kind: str, request: Request | None = None) -> Document:
        """Return the document chosen; a new file is stored first.

        Raises
        ------
        ForbiddenError, InputError
            As `services.documents.add_document`.
        """
        chosen = self.cleaned_data["document"]
        if chosen:
            return self._documents[chosen]
        return add_document(access, self.cleaned_data["upload"], kind=kind, request=request)
