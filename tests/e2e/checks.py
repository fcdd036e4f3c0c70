"""What every page must pass: axe, no overflow on a phone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from playwright.sync_api import Page

AXE = Path(__file__).resolve().parents[2] / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
# The rules of WCAG 2.2 at levels A and AA, and good practice (headings, landmarks).
TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")


def list_violations(page: Page, rules: tuple[str, ...] = (), *, without: tuple[str, ...] = ()) -> list[str]:
    """Return what axe finds wrong in the page as it is now: rule, element, reason.

    Parameters
    ----------
    rules : only these rules; all of them when empty. without : all of them but these.
    """
    assert AXE.exists(), "axe-core is not installed: run 'make frontend'"
    if page.evaluate("typeof window.axe") == "undefined":
        page.evaluate(AXE.read_text(encoding="utf-8"))
    run_only = {"type": "rule", "values": list(rules)} if rules else {"type": "tag", "values": list(TAGS)}
    skipped = {rule: {"enabled": False} for rule in without}
    options = {"runOnly": run_only, "rules": skipped, "resultTypes": ["violations"]}
    found: dict[str, Any] = page.evaluate("options => axe.run(document, options)", options)
    return [
        f"{violation['id']}: {node['html'][:160]} ({' '.join(node['failureSummary'].split())[:240]})"
        for violation in found["violations"]
        for node in violation["nodes"]
    ]


def check_accessibility(page: Page) -> None:
    """Fail when axe finds anything in the page as it is now."""
    assert list_violations(page) == []


def measure_overflow(page: Page) -> int:
    """Return by how many pixels the page is wider than its window."""
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))
