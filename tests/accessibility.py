"""What axe-core finds on a page: the rules of WCAG 2.2 AA and the best practices."""

from __future__ import annotations

from pathlib import Path

from site_driver import Page

AXE = Path(__file__).parents[1] / "node_modules" / "axe-core" / "axe.min.js"
SETTLED = """async () => {  // what fades in or out has no contrast of its own
  const ending = () => document.getAnimations().filter(
    one => one.playState === 'running' && one.effect.getComputedTiming().endTime !== Infinity);
  while (ending().length) await Promise.allSettled(ending().map(one => one.finished));
}"""


TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
THEMES = {  # the rules that are looked at; in the dark only what depends on colours
    "light": {"runOnly": TAGS, "rules": {"target-size": {"enabled": True}}},
    "dark": {"runOnly": ["color-contrast"]},
}


def findings(page: Page) -> list[str]:
    """What axe-core finds in the light theme and then in the dark one: theme, rule and element."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text(encoding="utf-8"))
    lines = []
    for theme, options in THEMES.items():
        _choose(page, theme)
        page.evaluate(SETTLED)
        rules = page.evaluate("options => axe.run(document, options)", options)["violations"]
        lines += [
            f"{theme} {rule['id']}: {node['html'][:160]} {node['failureSummary'][:200]}"
            for rule in rules
            for node in rule["nodes"]
        ]
    _choose(page, "light")
    return lines


def _choose(page: Page, theme: str) -> None:
    page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
    page.wait_for_function("dark => document.body.classList.contains('dark') === dark", arg=theme == "dark")
