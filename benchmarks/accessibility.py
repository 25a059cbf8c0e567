"""What axe-core finds on a page: the rules of WCAG 2.2 AA and the best practices."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page

AXE = Path(__file__).parents[1] / "node_modules" / "axe-core" / "axe.min.js"
SETTLED = """async () => {  // what fades in or out has no contrast of its own
  const ending = () => document.getAnimations().filter(
    one => one.playState === 'running' && one.effect.getComputedTiming().endTime !== Infinity);
  while (ending().length) await Promise.allSettled(ending().map(one => one.finished));
}"""
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def findings(page: Page) -> list[str]:
    """The rule and the element of each finding, in the theme that the page is in."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    page.evaluate(SETTLED)
    results = page.evaluate("tags => axe.run(document, {runOnly: tags, rules: {'target-size': {enabled: true}}})", TAGS)
    return [
        f"{rule['id']}: {node['html'][:160]} {node['failureSummary'][:200]}"
        for rule in results["violations"]
        for node in rule["nodes"]
    ]
