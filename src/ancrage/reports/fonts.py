"""The one font of the reports and charts, and the characters it can show."""

from __future__ import annotations

import json
import re
import struct
from functools import cache
from pathlib import Path
from typing import Any

import font_source_sans_pro

# Control characters as JSON writes them, but line ends and tabs; a backslash of a text is two, and is left alone.
_CONTROLS = re.compile(r"\\\\|\\(?:u00[01][0-9a-f]|[bf])")


def find_font_folder() -> Path:
    """Return the folder of the font files that come with the package."""
    return Path(font_source_sans_pro.font_directory)


@cache
def read_characters() -> frozenset[int]:
    """Return the characters of the regular font, read in its `cmap` table (OpenType specification, format 4)."""
    data = (find_font_folder() / "SourceSansPro-Regular.ttf").read_bytes()
    tables = struct.unpack(">H", data[4:6])[0]
    start = next(
        struct.unpack(">L", data[12 + 16 * k + 8 : 12 + 16 * k + 12])[0]
        for k in range(tables)
        if data[12 + 16 * k : 12 + 16 * k + 4] == b"cmap"
    )
    found: set[int] = set()
    for k in range(struct.unpack(">H", data[start + 2 : start + 4])[0]):
        offset = start + struct.unpack(">L", data[start + 4 + 8 * k + 4 : start + 4 + 8 * k + 8])[0]
        if struct.unpack(">H", data[offset : offset + 2])[0] != 4:
            continue
        count = struct.unpack(">H", data[offset + 6 : offset + 8])[0] // 2
        ends = struct.unpack(f">{count}H", data[offset + 14 : offset + 14 + 2 * count])
        starts = struct.unpack(f">{count}H", data[offset + 16 + 2 * count : offset + 16 + 4 * count])
        for first, last in zip(starts, ends, strict=True):
            found.update(range(first, last + 1))
    return frozenset(found - {0xFFFF})


def clean_text(text: str) -> str:
    """Replace by "?" what the font cannot show, so that a strange name never stops a report."""
    known = read_characters()
    # The renderer makes these two from the ordinary space, and lines end where they should.
    kept = {0x0A, 0x202F, 0xA0}
    unknown = {ord(c) for c in text} - known - kept
    return text.translate(dict.fromkeys(unknown, "?")) if unknown else text


def write_clean_json(content: Any) -> str:
    """Return values as JSON, the control characters of their texts replaced by "?": renderers stop at them."""
    written = json.dumps(content, ensure_ascii=False).translate({0xFFFE: "?", 0xFFFF: "?"})
    return _CONTROLS.sub(lambda found: found[0] if found[0] == "\\\\" else "?", written)
