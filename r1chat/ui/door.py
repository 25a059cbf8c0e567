"""The small pages in front of the page: where a launch key is taken, and where the key is missing. Pure."""

from __future__ import annotations

from html import escape

from r1chat.both import Both, Language

TITLE = Both("This page needs its key", "此页面需要密钥")
NO_KEY = Both(
    "This browser has no key to r1chat yet: the address that r1chat printed opens once. Run this in a terminal, and it "
    "opens the page:",
    "这个浏览器还没有 r1chat 的密钥：r1chat 启动时显示的地址只能打开一次。请在终端运行下面的命令，它会打开页面：",
)
NOT_RUNNING = Both("Where r1chat runs no more: r1chat serve", "如果 r1chat 已经停止：r1chat serve")
NO_STORAGE = Both(
    "This browser keeps nothing for this page. Allow cookies and site data for it, then reload.",
    "浏览器没有为此页面保存数据。请允许它使用 Cookie 和网站数据，然后刷新。",
)
NO_KEY_PLAIN = Both(
    "This page has lost its key. Run `r1chat open` in a terminal: it opens the page anew.",
    "此页面失去了密钥。请在终端运行 `r1chat open`，它会重新打开页面。",
)
OPENING = Both("Opening r1chat …", "正在打开 r1chat……")

_STYLE = """
:root { color-scheme: light dark; --back: #fbfaf8; --text: #22211f; --quiet: #6b6862; --box: #efece7 }
@media (prefers-color-scheme: dark) {
  :root { --back: #191817; --text: #ece9e4; --quiet: #a09b93; --box: #2a2826 }
}
body { margin: 0; min-height: 100vh; display: grid; place-items: center; background: var(--back); color: var(--text);
  font: 16px/1.6 system-ui, "Noto Sans", "Noto Sans CJK SC", sans-serif }
main { max-width: 30rem; padding: 2rem }
h1 { font-size: 1.25rem; margin: 0 0 .75rem }
p { margin: 0 0 .75rem }
code { display: block; padding: .6rem .8rem; border-radius: 8px; background: var(--box); font-family: ui-monospace,
  "Noto Sans Mono", monospace; user-select: all }
small { color: var(--quiet) }
[hidden] { display: none }
"""


def page(title: str, body: str, lang: Language, data: dict[str, str] | None = None) -> bytes:
    """A small page of our own; with `data`, its script (`door.js`) reads these attributes of the body."""
    attributes = "".join(f' data-{name}="{escape(value)}"' for name, value in (data or {}).items())
    scripts = '<script src="/r1chat/key.js"></script><script src="/r1chat/door.js" defer></script>'
    return (
        f'<!doctype html><html lang="{lang}"><head><meta charset="utf-8"><title>r1chat</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{_STYLE}</style>'
        f"{'' if data is None else scripts}</head><body{attributes}><main><h1>{escape(title)}</h1>{body}</main>"
        "</body></html>"
    ).encode()


def refusal(sentence: str, lang: Language) -> bytes:
    """A page that says why nothing is shown."""
    return page("r1chat", f"<p>{escape(sentence)}</p>", lang)


def locked(target: str, lang: Language) -> bytes:
    """The page where the key is missing. A browser that was here before proves itself, and goes on to `target`."""
    body = (
        f'<div id="missing"><p>{escape(NO_KEY.pick(lang))}</p><p><code>r1chat open</code></p>'
        f"<p><small>{escape(NOT_RUNNING.pick(lang))}</small></p></div>"
        f'<p id="storage" role="alert" hidden>{escape(NO_STORAGE.pick(lang))}</p>'
    )
    return page(TITLE.pick(lang), body, lang, {"target": target})


def entrance(target: str, lang: Language, browser_key: str, session_key: str) -> bytes:
    """The answer to a launch key: the browser keeps its keys, and goes on to `target`."""
    body = f'<p id="storage" role="alert" hidden>{escape(NO_STORAGE.pick(lang))}</p>'
    return page(OPENING.pick(lang), body, lang, {"target": target, "browser": browser_key, "session": session_key})
