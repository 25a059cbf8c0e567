"""A reply reaches the page in blocks that grow only at the end, and its surroundings say what happened."""

import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from r1chat.config import NANO
from r1chat.conversations import Provenance, StoredReply, StoredTurn
from r1chat.judgements import Judged
from r1chat.messages import ModelInfo, Progress, Reply, Timings, Usage
from r1chat.ui.talk import render, votes
from r1chat.ui.talk.availability import Availability
from r1chat.ui.talk.render import Block, ReplyRenderer
from r1chat.ui.words.page import WORDS, Words

OUTLINED = (
    "First the area.\n\n",
    "Wait, that is wrong. ",
    "Let me check: 3 + 4 = 7.\n\n",
    "So my first result was wrong.\n\n",
    "Alternatively, use `code`.\n\n",
)
EN, ZH = WORDS["en"], WORDS["zh"]
NOW = datetime(2026, 11, 20, tzinfo=UTC)


class Screen:
    """What a page holds after it put every patch in place."""

    def __init__(self) -> None:
        self.renderer = ReplyRenderer("r", EN)
        self.blocks: dict[str, Block] = {}

    def show(self, reply: Reply) -> list[str]:
        """Show the reply; the ids of what was sent."""
        sent = self.renderer.update(reply)
        for block in sent:
            if block.gone:
                del self.blocks[block.id]  # it was there
            else:
                self.blocks[block.id] = block
        return [block.id for block in sent]

    def html(self) -> dict[str, str]:
        return {name: block.html for name, block in self.blocks.items()}


def shown(reply: Reply) -> dict[str, Block]:
    screen = Screen()
    screen.show(reply)
    return screen.blocks


# --- blocks ----------------------------------------------------------------------------------------------------------


def test_thought_and_answer_become_steps_and_parts() -> None:
    blocks = shown(Reply(reasoning="First.\n\nSecond.", closed=True, answer="It is **70**."))
    assert [(block.id, block.kind) for block in blocks.values()] == [
        ("r-t0", "step"),
        ("r-t1", "step"),
        ("r-a0", "part"),
    ]
    assert blocks["r-a0"].html == "<p>It is <strong>70</strong>.</p>\n"


def test_sealed_block_is_sent_once() -> None:
    screen = Screen()
    assert screen.show(Reply(reasoning="One")) == ["r-t0"]
    assert screen.show(Reply(reasoning="One.\n\nTwo")) == ["r-t0", "r-t1"]
    assert screen.show(Reply(reasoning="One.\n\nTwo and more")) == ["r-t1"]
    assert screen.show(Reply(reasoning="One.\n\nTwo and more", closed=True, answer="So")) == ["r-a0"]
    assert screen.show(Reply(reasoning="One.\n\nTwo and more", closed=True, answer="So it is")) == ["r-a0"]


def test_nothing_is_sent_where_the_text_did_not_grow() -> None:
    screen = Screen()
    screen.show(Reply(reasoning="One", usage=Usage(reasoning_tokens=1)))
    assert screen.show(Reply(reasoning="One", usage=Usage(reasoning_tokens=2), timings=Timings(thinking=3))) == []


def test_blank_lines_after_a_block_do_not_send_it_again() -> None:
    screen = Screen()
    screen.show(Reply(answer="One."))
    assert screen.show(Reply(answer="One.\n\n")) == []
    assert screen.show(Reply(answer="One.\n\nT")) == ["r-a1"]


def test_block_knows_its_place_in_the_text() -> None:
    text = "One.\n\n  \nTwo with $x$.\n\n- a\n\n- b\n\nlast"
    for block in shown(Reply(reasoning=text)).values():
        assert text[block.start : block.end].strip() == text[block.start : block.end]
    assert [text[b.start : b.end] for b in shown(Reply(reasoning=text)).values()] == [
        "One.",
        "Two with $x$.",
        "- a\n\n- b",
        "last",
    ]


def test_answer_that_turns_out_to_be_thought_moves_there() -> None:
    screen = Screen()
    screen.show(Reply(reasoning="Hm.", closed=True, answer="Wait.\n\nNo.\n\nYes."))
    moved = Reply(reasoning="Hm.\n\nWait.\n\nNo.\n\nYes.", closed=True, reopened=True)
    assert screen.show(moved) == ["r-t1", "r-t2", "r-t3", "r-a0", "r-a1", "r-a2"]
    assert list(screen.blocks) == ["r-t0", "r-t1", "r-t2", "r-t3"]
    screen.show(replace(moved, answer="70"))
    assert screen.html()["r-a0"] == "<p>70</p>\n"


def test_answer_that_begins_anew_replaces_the_old_one() -> None:
    screen = Screen()
    screen.show(Reply(answer="One.\n\nTwo.\n\nThree."))
    screen.show(Reply(reasoning="One. Two. Three.", closed=True, answer="Four.\n\nFive."))
    assert screen.html() == {"r-t0": "<p>One. Two. Three.</p>\n", "r-a0": "<p>Four.</p>\n", "r-a1": "<p>Five.</p>\n"}


def test_formula_code_and_lists_are_rendered_in_a_thought_too() -> None:
    blocks = shown(Reply(reasoning="$x$\n\n```python\nx = 1\n```\n\n- a"))
    assert ["<math" in b.html or "hl-" in b.html or "<li>" in b.html for b in blocks.values()] == [True] * 3


@pytest.mark.slow
def test_what_is_sent_for_a_growing_reply_is_bounded_by_its_last_block() -> None:
    text = "Some words that go on. " * 20_000
    screen = Screen()
    for end in range(0, len(text), 5_000):
        sent = screen.show(Reply(reasoning=text[:end]))
        assert sum(screen.blocks[name].end - screen.blocks[name].start for name in sent) < 20_000


PIECES = [
    *(
        "word ",
        "wort. ",
        "中文。",
        "\n",
        "\n\n",
        "- a",
        "1. ",
        "12",
        "```",
        "py\n",
        "x = 1\n",
        "> q",
        "| a | b |\n",
        "|-|-|\n",
    ),
    *(
        "$x$",
        "$",
        "\\[",
        "\\]",
        "\\boxed{7",
        "}",
        "**",
        "*",
        "`",
        "    ",
        "# h\n",
        "A sentence. " * 400,
        "line\n" * 1_000,
    ),
]
text = st.lists(st.sampled_from(PIECES), max_size=25).map("".join)


@pytest.mark.slow
@settings(max_examples=50, deadline=None)
@given(text, text, st.data())
def test_any_sequence_of_snapshots_ends_in_the_same_page(reasoning: str, answer: str, data: st.DataObject) -> None:
    screen = Screen()
    for end in sorted(data.draw(st.lists(st.integers(0, len(reasoning)), max_size=12))):
        screen.show(Reply(reasoning=reasoning[:end]))
    for end in sorted(data.draw(st.lists(st.integers(0, len(answer)), max_size=12))):
        screen.show(Reply(reasoning=reasoning, closed=True, answer=answer[:end]))
    whole = Reply(reasoning=reasoning, closed=True, answer=answer, finish="stop")
    screen.show(whole)
    assert screen.blocks == shown(whole)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(text, text), min_size=1, max_size=5))
@pytest.mark.slow
def test_even_snapshots_that_do_not_grow_end_in_the_page_of_the_last(snapshots: list[tuple[str, str]]) -> None:
    screen = Screen()
    for reasoning, answer in snapshots:
        last = Reply(reasoning=reasoning, closed=True, answer=answer)
        screen.show(last)
    assert screen.blocks == shown(last)


# --- the summary -----------------------------------------------------------------------------------------------------

THINKING = Reply(
    reasoning="Hm",
    usage=Usage(prompt_tokens=20, reasoning_tokens=96),
    timings=Timings(first_token=0.4, thinking=3.2, total=2.9),
)
THOUGHT = replace(
    THINKING,
    closed=True,
    answer="70",
    finish="stop",
    usage=Usage(prompt_tokens=20, reasoning_tokens=1534, answer_tokens=5),
    timings=Timings(first_token=0.4, thinking=12.3, total=40.0),
)


def plain_line(html: str) -> str:
    """A line without what keeps its parts together where it wraps."""
    return html.replace("\xa0", " ").replace("\u2060", "")


@pytest.mark.parametrize(
    ("reply", "english", "chinese"),
    [
        (Reply(), "Waiting for the model", "正在等待模型"),
        (Reply(progress=Progress("waiting")), "Waiting for the model", "正在等待模型"),
        (Reply(progress=Progress("queued", 2)), "Queued · 2 ahead", "排队中 · 前面还有 2 个"),
        (Reply(progress=Progress("loading", 40, 100)), "Loading the model · 40 %", "正在加载模型 · 40%"),
        (Reply(progress=Progress("loading")), "Loading the model", "正在加载模型"),
        (
            Reply(progress=Progress("prefill", 512, 2048)),
            "Reading the prompt · 512 of 2,048 tokens",
            "正在读取提示词 · 512 / 2,048 个 token",
        ),
        (THINKING, "Thinking · 3 s · 96 tokens · 38 tokens/s", "思考中 · 3 秒 · 96 个 token · 38 token/秒"),
    ],
)
def test_summary_of_a_running_reply_says_what_the_model_does(reply: Reply, english: str, chinese: str) -> None:
    assert plain_line(render.summary(reply, EN)) == f'<span class="live">{english}</span>'
    assert plain_line(render.summary(reply, ZH)) == f'<span class="live">{chinese}</span>'


@pytest.mark.parametrize(
    ("reply", "english"),
    [
        (THOUGHT, "Thought for 12 s · 1,534 tokens"),
        (replace(THOUGHT, finish=None), "Thought for 12 s · 1,534 tokens"),
        (replace(THOUGHT, timings=Timings(thinking=125)), "Thought for 2 min 5 s · 1,534 tokens"),
        (replace(THOUGHT, usage=Usage()), "Thought for 12 s"),
        (replace(THOUGHT, usage=Usage(reasoning_tokens=1)), "Thought for 12 s · 1 token"),
        (Reply(closed=True, answer="70", finish="stop"), "Answered without thinking"),
        (replace(THINKING, finish="stopped"), "Stopped while thinking · 3 s · 96 tokens"),
        (replace(THINKING, finish="length"), "Thinking not finished · 3 s · 96 tokens"),
        (replace(THINKING, finish="interrupted"), "Thinking not finished · 3 s · 96 tokens"),
    ],
)
def test_summary_of_a_thought_that_is_over_says_how_long_it_was(reply: Reply, english: str) -> None:
    assert render.summary(reply, EN).striptags() == english


def test_tokens_that_a_fork_was_given_are_part_of_its_thought() -> None:
    forked = replace(THOUGHT, usage=replace(THOUGHT.usage, reasoning_tokens=30))
    assert "about 1,230 tokens" in render.summary(forked, EN, earlier_tokens=1200)
    assert "about" not in render.summary(forked, EN)


def test_continued_thought_shows_that_the_model_is_loaded_first() -> None:
    assert "Loading the model" in render.summary(replace(THINKING, progress=Progress("loading")), EN)


# --- notices ---------------------------------------------------------------------------------------------------------


def test_finished_reply_has_no_notice() -> None:
    assert render.notices(THOUGHT, EN) == ""
    assert render.notices(THINKING, EN) == ""


@pytest.mark.parametrize(
    ("reply", "notice"),
    [
        (replace(THOUGHT, finish="stopped"), "continue from here"),
        (replace(THOUGHT, finish="cut"), "before the reply was finished"),
        (replace(THOUGHT, finish="cut", raw_finish="tool_calls"), "wants to call a tool, which r1chat does not do"),
        (replace(THOUGHT, finish="interrupted"), "can be continued"),
        (replace(THOUGHT, reopened=True), "went on thinking"),
        (replace(THOUGHT, answer=" "), "without an answer"),
        (replace(THOUGHT, answer="", closed=False), "in the middle of its thought"),
        (replace(THOUGHT, finish="length"), "after 1,539 tokens"),
        (
            replace(THOUGHT, finish="length", usage=Usage(200, None, 3000, 890, 4096)),
            "200 tokens of prompt, 3,000 of thought and 890 of answer, of 4,096",
        ),
        (replace(THOUGHT, finish="error"), "failed"),
    ],
)
def test_notice_says_what_happened_and_what_can_be_done(reply: Reply, notice: str) -> None:
    assert notice in render.notices(reply, EN)
    assert render.notices(reply, ZH) != render.notices(reply, EN)


def test_error_is_shown_as_its_sentence_and_announced() -> None:
    html = render.notices(Reply(finish="error", error="No <server> answers. Start it."), EN)
    assert html == '<div class="notice error" role="alert">No &lt;server&gt; answers. Start it.</div>'


def test_reopened_reply_that_was_stopped_says_both() -> None:
    html = render.notices(replace(THOUGHT, finish="stopped", reopened=True), EN)
    assert html.count('class="notice"') == 2


# --- messages and acts -----------------------------------------------------------------------------------------------


def stored(reply: Reply, position: int = 1, siblings: int = 1) -> StoredReply:
    return StoredReply("r1", "t1", NOW, reply, position=position, siblings=siblings)


def test_a_reply_says_when_its_model_is_another_file_than_the_conversation_began_with() -> None:
    digests = ("", "aa", "aa", "bb", "bb")  # that of a large file is not known at once
    replies = [
        StoredReply(f"r{at}", f"t{at}", NOW, THOUGHT, Provenance(backend="llama", model="qwen", digest=digest))
        for at, digest in enumerate(digests)
    ]
    turns = [StoredTurn(reply.turn_id, "c1", None, NOW, "hello", reply) for reply in replies]
    assert render.of_another_file(turns) == {"r3"}
    assert "Another file has the name qwen" in render.origin(replies[3], "hello", EN, other_file=True)
    assert "Another file" not in render.origin(replies[3], "hello", EN)


def test_message_is_escaped_and_keeps_its_lines() -> None:
    assert render.message("a <b>\n  c & ${d}", EN) == "a &lt;b&gt;\n  c &amp; ${d}"


@pytest.mark.parametrize("content", ["word " * 600, "x" * 3_000, "中" * 3_000, "line\n" * 600])
def test_long_message_is_folded_and_whole(content: str) -> None:
    html = render.message(content, EN)
    beginning, _, rest = html.removeprefix("<details><summary>").partition('<span class="more">')
    assert f"{len(content):,} characters" in rest
    assert beginning + rest.partition("</summary>")[2].removesuffix("</details>") == content
    assert 0 < len(beginning) <= render.PREVIEW


def test_reply_can_be_copied_and_made_again_but_holds_no_text_to_copy() -> None:
    html = render.reply_acts(stored(THOUGHT), EN) + render.position(stored(THOUGHT), EN)
    assert 'data-verb="copy" data-id="r1" data-done="Copied"' in html
    assert 'data-verb="again" data-id="t1"' in html
    assert 'data-verb="resume"' not in html and "switch" not in html


@pytest.mark.parametrize("finish", ["stopped", "cut", "length", "error", "interrupted"])
def test_reply_that_ended_early_can_be_continued(finish: str) -> None:
    reply = replace(THINKING, finish=finish)  # type: ignore[arg-type]
    html = render.reply_acts(stored(reply), EN)
    assert 'class="primary" data-verb="resume" data-id="r1"' in html
    assert 'data-verb="copy"' not in html


@pytest.mark.parametrize("finish", ["stopped", "cut", "length", "error", "interrupted"])
def test_reply_that_filled_the_window_cannot_be_continued(finish: str) -> None:
    full = Usage(prompt_tokens=3000, reasoning_tokens=1000, answer_tokens=90, context=4096)
    reply = replace(THINKING, finish=finish, usage=full)  # type: ignore[arg-type]
    assert 'data-verb="resume"' not in render.reply_acts(stored(reply), EN)
    assert ("The context window is full" in render.notices(reply, EN)) is (finish != "error")  # an error says its own


def test_reply_that_was_refused_for_its_length_offers_to_edit_the_message() -> None:
    refused = Reply(finish="error", error="It does not fit.", raw_finish="ContextError")
    html = render.reply_acts(stored(refused), EN)
    assert 'class="primary" data-verb="edit" data-id="t1"' in html
    assert 'data-verb="resume"' not in html


def test_samples_of_a_running_vote_say_how_far_they_are() -> None:
    thinking = replace(THINKING, usage=Usage(reasoning_tokens=41))
    answering = Reply("hm", True, "It", usage=Usage(reasoning_tokens=1, answer_tokens=1))
    broken = Reply(finish="error", error="away")
    html = votes.progress([Reply(), thinking, answering, replace(THOUGHT, finish="stop"), broken], EN)
    for line in (
        "Sample 1 · Waiting for the model · 0 tokens",
        "Sample 2 · Thinking · 41 tokens",
        "Sample 3 · Answering · 2 tokens",
        "Sample 4 · Done",
        "Sample 5 · Not finished · 0 tokens",
    ):
        assert f"</svg>{line}" in html
    assert "2 of 5 samples are finished" in html


def test_vote_says_which_answer_could_not_be_compared() -> None:
    answers = (r"\boxed{5}", r"\boxed{9^{9^{9^{9}}}}", "The answer is 5.")
    samples = [
        StoredReply(f"r{number}", "t1", NOW, Reply(answer=answer, finish="stop"))
        for number, answer in enumerate(answers)
    ]
    for words, mark in ((EN, "</svg>could not be compared"), (ZH, "</svg>无法比较")):
        html = votes.panel(samples, "r0", Judged(), words)
        assert html.count(mark) == 1
        assert "2/3" in html and html.index("2/3") < html.index(mark)


def test_switch_between_siblings_stops_at_the_ends() -> None:
    first = render.position(stored(THOUGHT, 1, 3), EN)
    middle = render.position(stored(THOUGHT, 2, 3), EN)
    assert "<span>1 of 3</span>" in first and first.count(" disabled ") == 1
    assert "<span>2 of 3</span>" in middle and " disabled " not in middle
    assert 'data-verb="reply" data-id="r1" data-text="-1" aria-label="Previous"' in middle
    assert 'data-verb="reply" data-id="r1" data-text="1" aria-label="Next"' in middle


def test_meta_says_how_fast_the_reply_was() -> None:
    reply = replace(THOUGHT, timings=Timings(first_token=0.42, total=37.8))
    assert render.meta(reply, EN) == "41.2 tokens/s · first token 0.4 s"
    assert render.meta(Reply(), EN) == ""


def test_message_can_be_edited() -> None:
    turn = StoredTurn("t1", "c1", None, NOW, "hello", position=2, siblings=2)
    html = render.message_acts(turn, EN)
    assert 'data-verb="edit" data-id="t1" data-label="Edit the message" data-save="Send" data-cancel="Cancel"' in html
    assert 'data-verb="turn"' in html


def test_identifiers_are_escaped_like_any_text() -> None:
    evil = '"><script>'
    turn = StoredTurn(evil, "c1", None, NOW, "hello", siblings=2)
    reply = StoredReply(evil, evil, NOW, THOUGHT, siblings=2)
    for html in (render.message_acts(turn, EN), render.reply_acts(reply, EN), render.skeleton(evil)):
        assert "<script" not in html


def test_skeleton_has_every_place_of_a_reply() -> None:
    html = render.skeleton("r1")
    for place in ("sum", "steps", "answer", "notes", "acts"):
        assert html.count(f'id="r1-{place}"') == 1


# --- the empty conversation ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", [EN, ZH])
def test_nano_model_says_what_it_is_and_is_asked_only_sums(words: Words) -> None:
    html = render.welcome(Availability(ModelInfo("llama.cpp", NANO), "", ""), "/some/<folder>", words)
    assert 'href="models/"' in html
    assert "/some/&lt;folder&gt;" in html
    questions = re.findall(r'data-verb="ask" data-text="([^"]*)"', html)
    assert len(questions) == 3
    assert all(re.fullmatch(r"\d+ [+-] \d+ (= \?|等于多少？)", question) for question in questions)


@pytest.mark.parametrize("words", [EN, ZH])
def test_real_model_is_offered_real_questions(words: Words) -> None:
    html = render.welcome(Availability(ModelInfo("ollama", "deepseek-r1:1.5b"), "", ""), "/models", words)
    assert html.count('data-verb="ask"') == 3
    assert "models/" not in html


def test_without_a_model_the_page_says_how_to_get_one() -> None:
    html = render.welcome(Availability(None, EN.no_model, ""), "/models", EN)
    assert "There is no model yet." in html and 'href="models/"' in html and "/models" in html
    assert 'data-verb="ask"' not in html
    without_engine = render.welcome(Availability(None, "Install one.", "", engine=False), "/models", EN)
    assert "Install one." in without_engine and 'href="models/"' not in without_engine


@pytest.mark.slow
@settings(deadline=None, max_examples=40)
@given(st.lists(st.sampled_from(OUTLINED), min_size=1, max_size=12), st.integers(3, 40))
def test_the_outline_that_grew_row_by_row_is_the_whole_one(pieces: list[str], size: int) -> None:
    text = "".join(pieces)
    grown, rows = ReplyRenderer("r", EN), dict[str, object]()
    for end in [*range(0, len(text), size), len(text)]:
        grown.update(Reply(text[:end]))
        rows |= {row.id: row for row in grown.outline_rows() or []}
    grown.update(Reply(text, closed=True))
    rows |= {row.id: row for row in grown.outline_rows() or []}
    whole = ReplyRenderer("r", EN)
    whole.update(Reply(text, closed=True))
    assert [*rows.values()] == whole.outline_rows()
    assert grown.outline() == whole.outline()
    assert grown.outline_rows() == []
