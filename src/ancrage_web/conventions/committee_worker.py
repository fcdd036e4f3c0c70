"""The child process that makes the files of a committee: `python -m ancrage_web.conventions.committee_worker FOLDER`.

It reads the frozen figures on its standard input (conventions/committee_files.py) and needs no database.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from ancrage.language import Language


def write_files(request: dict[str, Any], folder: Path) -> None:
    """Write the PDF, DOCX and XLSX files of a committee in one language.

    Parameters
    ----------
    request : language, content, and the content of the former committee or None.
    """
    from ancrage.reports.committee import build_committee_document
    from ancrage.reports.docx import write_docx
    from ancrage.reports.pdf import write_pdf
    from ancrage.reports.pictures import render_pictures
    from ancrage.reports.workbook import write_xlsx

    language: Language = "en" if request["language"] == "en" else "fr"
    document = build_committee_document(request["content"], request["former"], language)
    pictures = render_pictures(document)
    folder.mkdir()
    write_pdf(document, folder / "committee.pdf", pictures)
    write_docx(document, folder / "committee.docx", pictures)
    write_xlsx(document, folder / "committee.xlsx", pictures)


if __name__ == "__main__":
    write_files(json.load(sys.stdin.buffer), Path(sys.argv[1]))
