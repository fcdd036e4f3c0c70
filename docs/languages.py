"""Says that the pages of the user guide are in French: they are read aloud so, and lines break as they should."""

from __future__ import annotations

import re
from typing import Any

FRENCH = "guide/site/"
# What is typed is left as it is.
_CODE = re.compile(r"(<pre.*?</pre>|<code.*?</code>|<[^>]*>)", re.DOTALL)


def on_page_content(content: str, *, page: Any, **_: Any) -> str:
    """Mark the content of a page of the user guide as French, its signs kept beside their word (called by MkDocs)."""
    if not page.file.src_uri.startswith(FRENCH):
        return content
    pieces = _CODE.split(content)
    # Every other piece is code or a tag.
    pieces[::2] = [re.sub(r" (?=[:;?!»%€])|(?<=«) ", "\u00a0", piece) for piece in pieces[::2]]
    return f'<div lang="fr">{"".join(pieces)}</div>'
