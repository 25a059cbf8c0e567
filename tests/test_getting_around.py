"""Getting around on the page, in a real browser: the palette, shortcuts, search, unknown addresses, the tab's title."""

from __future__ import annotations

import re

import pytest
from site_driver import CHROMIUM, Gate, Site, ask, choose_setting, expect, finished

pytestmark = [
    pytest.mark.skipif(not CHROMIUM.exists(), reason="Chromium is not installed"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning"),  # of gradio's dependencies
]


def test_palette_shortcuts_search_and_unknown_addresses_lead_where_they_say(site: Site) -> None:
    site.serve(
        lambda request: ["<think>", "A pangolin has scales.", "</think>", f"You said {request.messages[-1].content}."]
    )
    page = site.open("&c=0000000000000000")
    expect(page.locator(".toast")).to_contain_text("The conversation of this address is not here.")
    page.locator(".toast button").click()
    for text in ("apple", "pear"):
        page.get_by_role("button", name="New conversation").click()
        ask(page, text)
        finished(page)
    row = page.locator("#list [data-verb=open]").first
    assert re.fullmatch(r"pear\n\d{4}-\d\d-\d\d \d\d:\d\d", row.get_attribute("title") or "")

    page.keyboard.press("Control+k")
    palette = page.get_by_role("combobox", name="Search conversations and commands")
    expect(palette).to_be_focused()
    expect(page.get_by_role("option", name="Regenerate")).to_be_visible()
    expect(page.get_by_role("option", name="Hide the list")).to_be_visible()
    expect(page.get_by_role("option", name="Show the list")).to_have_count(0)
    expect(page.get_by_role("option", name="Sample & vote: 5")).to_have_count(1)
    expect(page.get_by_role("option", name=re.compile("^(Save|5|Run)$"))).to_have_count(0)  # what says nothing alone
    page.get_by_role("option", name="Models").hover()
    expect(page.locator("#palette [aria-selected=true]")).to_have_text("Models")
    palette.fill("zebra")
    expect(page.locator("#palette-found")).to_have_text("Nothing found")
    page.keyboard.press("Escape")
    expect(page.locator("#palette")).to_be_hidden()
    page.keyboard.press("Control+k")
    palette.fill("apple")
    expect(page.locator("#palette-found [data-open]")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page.locator(".answer")).to_have_text("You said apple.")
    page.keyboard.press("Control+k")
    palette.fill("settings")
    page.keyboard.press("Enter")
    expect(page.locator("#settings")).to_be_visible()
    page.keyboard.press("Escape")

    page.locator("#search input").fill("pangolin")
    expect(page.locator("#list .excerpt mark").first).to_have_text("pangolin")
    page.locator("#list [data-verb=open]").first.click()
    expect(page.locator(".answer")).to_have_text("You said pear.")
    expect(page.locator(".step").first).to_be_in_viewport()
    assert page.evaluate("[...CSS.highlights.get('found')].map(range => range.toString())") == ["pangolin"]

    page.locator("#title").click()
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("?")
    expect(page.get_by_role("tabpanel", name="Shortcuts")).to_contain_text("This list")


def test_the_empty_page_is_read_from_its_beginning_on_a_small_screen(site: Site) -> None:
    site.serve(["<think>", "Two and two.", "</think>", "It is 4."])
    page = site.open(width=390, height=420)
    expect(page.locator(".welcome h1")).to_be_in_viewport(ratio=1)
    page.set_viewport_size({"width": 390, "height": 400})
    expect(page.locator(".welcome h1")).to_be_in_viewport(ratio=1)
    ask(page, "2 + 2?\n" + "\n".join("Show each step." for _ in range(30)))
    finished(page)
    expect(page.locator(".answer")).to_be_in_viewport()


def test_a_reply_that_ends_in_a_hidden_tab_is_told_by_its_title(site: Site) -> None:
    gate = Gate(["<think>", "One moment"], ["</think>", "Done."])
    site.serve(gate)
    page = site.open()
    page.context.grant_permissions(["notifications"])
    page.evaluate(
        "() => { globalThis.told = []; const Real = Notification; globalThis.Notification = class extends Real {"
        " constructor(title, options) { super(title, options); told.push([title, options.body]); } }; }"
    )
    choose_setting(page, "General", "On")
    ask(page, "hello")
    expect(page).to_have_title(re.compile("^◌ hello"))
    page.evaluate(
        "Object.defineProperty(document, 'hidden', {value: true, configurable: true});"
        "document.dispatchEvent(new Event('visibilitychange'))"
    )
    gate.opened.set()
    expect(page).to_have_title(re.compile("^● hello"))
    assert page.evaluate("told") == [["hello", "The answer is complete."]]
    page.evaluate("delete document.hidden; document.dispatchEvent(new Event('visibilitychange'))")
    expect(page).to_have_title(re.compile("^hello"))
    ask(page, "and again")
    finished(page)
    assert page.evaluate("told.length") == 1  # only in the background


def test_the_keyboard_keeps_its_place_when_an_act_has_the_reply_drawn_anew(site: Site) -> None:
    gate = Gate(["<think>", "\nHm."], ["\n</think>\n\n", "It is 10."])
    site.serve(gate)
    page = site.open()
    gate.opened.set()
    ask(page, "7 + 3 = ?")
    finished(page)

    gate.opened.clear()
    page.keyboard.press("Tab")  # from here on it is the keyboard that moves the focus
    page.get_by_role("button", name="Regenerate").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".reply.thinking")).to_be_focused()
    gate.opened.set()
    expect(page.get_by_role("button", name="Regenerate")).to_be_focused()

    page.get_by_role("button", name="Previous").last.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".switch").last).to_contain_text("1 of 2")
    expect(page.locator(".switch button:focus")).to_have_count(1)

    more = page.locator(".reply .more > summary").last
    more.focus()
    page.keyboard.press("Enter")
    page.locator(".reply .more [data-verb=skip]").last.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".switch").last).to_contain_text("3 of 3")
    finished(page)
    expect(page.locator(".reply .more > summary").last).to_be_focused()

    page.get_by_role("button", name="Regenerate").click()  # a pointer leaves none behind that a blank would press
    expect(page.locator(".switch").last).to_contain_text("4 of 4")
    finished(page)
    expect(page.locator("#transcript .read :focus")).to_have_count(0)
