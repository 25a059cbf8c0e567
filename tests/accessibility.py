"""What axe-core finds on a page: the rules of WCAG 2.2 AA and the best practices."""

from __future__ import annotations

from pathlib import Path

from site_driver import Page

AXE = Path(__file__).parents[1] / "node_modules" / "axe-core" / "axe.min.js"
SETTLED = """async () => {  // what fades in or out has no contrast of its own
  const ending = () => document.getAnimations().filter(one => one.effect.getComputedTiming().endTime !== Infinity);
  while (ending().length) await Promise.allSettled(ending().map(one => one.finished));
}"""


def findings(page: Page) -> list[str]:
    """What axe-core finds: the rule and the first element of each."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    page.evaluate(SETTLED)
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    options = {"runOnly": tags, "rules": {"target-size": {"enabled": True}}}
    rules = page.evaluate("options => axe.run(document, options)", options)["violations"]
    return [
        f"{rule['id']}: {node['html'][:160]} {node['failureSummary'][:200]}" for rule in rules for node in rule["nodes"]
    ]
