"""Says that the pages of the user guide are in French: a screen reader then reads them so."""

from __future__ import annotations

from typing import Any

FRENCH = "guide/site/"


def on_page_content(content: str, *, page: Any, **_: Any) -> str:
    """Mark the content of a page of the user guide as French (called by MkDocs)."""
    return f'<div lang="fr">{content}</div>' if page.file.src_uri.startswith(FRENCH) else content
