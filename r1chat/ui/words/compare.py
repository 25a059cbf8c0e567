"""The words of a comparison of two replies."""

from __future__ import annotations

from r1chat.both import Both, Language


class CompareWords:
    """Mixed into `Words`."""

    lang: Language

    # asking both
    compare = Both("Compare", "比较")
    compare_note = Both(
        "Two replies side by side. Which is which stays hidden until you choose. A thinking budget does not apply.",
        "两个回复并排显示，选择之前不会告诉你哪个是哪个。思考预算不适用。",
    )
    compare_twice = Both("Two replies of this model", "此模型的两个回复")
    compare_settings = Both("This model, as set and at temperature", "此模型：当前设置，对比温度")
    compare_go = Both("Ask both", "同时提问")
    compare_against = Both("This model against", "此模型对比")
    no_other_model = Both("There is no other model that is ready.", "没有其他可用的模型。")
    bad_temperature = Both(
        "That is not a temperature. Enter a number from 0 to 5, such as 1.0.",
        "这不是温度。请写 0 到 5 之间的数，例如 1.0。",
    )

    # side by side
    side_a = Both("Reply A", "回复 A")
    side_b = Both("Reply B", "回复 B")
    side_at = Both("{side} ({place})", "{side}（{place}）")
    comparison_blind = Both(
        "Which reply is better? The names are hidden until you choose.", "哪个回复更好？选择之前隐藏名称。"
    )
    comparison_open = Both("Which reply is better?", "哪个回复更好？")
    comparison_again = Both(
        "Choose anew. What you choose now replaces your earlier choice.", "请重新选择。新的选择会取代之前的选择。"
    )
    ranking_left = Both("Ranking: at most {n} to compare.", "排名：最多还要比较 {n} 次。")
    side_thinking = Both("Thinking", "思考中")
    side_thought = Both("Thought", "思考过程")
    side_queued = Both("Queued", "排队中")
    side_stopped = Both("This reply was stopped before it was whole.", "此回复在完成之前被停止。")
    side_cut = Both("This reply was cut at the limit of its length.", "此回复达到长度上限，被截断。")
    side_failed = Both(
        "This reply failed. Why is told after you have chosen, since it may give the name away.",
        "此回复失败。原因会在选择之后显示，以免泄露名称。",
    )
    side_interrupted = Both("r1chat was closed while this reply was being written.", "撰写此回复时 r1chat 被关闭了。")
    side_empty = Both("The model ended this reply without an answer.", "模型没有给出回答就结束了。")

    # the choice
    a_better = Both("A is better", "A 更好")
    b_better = Both("B is better", "B 更好")
    as_good = Both("Tie", "平局")
    both_bad = Both("Both bad", "都不好")
    dont_compare = Both("Skip", "跳过")
    wait_for_both = Both("You can choose when both replies are there.", "两个回复都完成后即可选择。")
    not_whole = Both(
        "One of the replies is not whole: say that both are bad, or skip.",
        "有一个回复不完整：请选择“都不好”或“跳过”。",
    )
    goes_on = Both("A new message goes on from {side}.", "新消息会接着{side} 继续。")
    went_on = Both(
        "The conversation has gone on from {side}. Your choice is kept, and does not change that.",
        "对话已经接着{side} 继续。你的选择会保存，但不会改变这一点。",
    )
    comment = Both("Add a comment", "添加评语")
    why = Both("Why?", "为什么？")

    # what was chosen
    chose_this = Both("You chose this reply over {other}.", "你选择了此回复，而不是 {other}。")
    chose_other = Both("You chose {other} over this reply.", "你选择了 {other}，而不是此回复。")
    chose_tie = Both("You found this reply as good as {other}.", "你认为此回复与 {other} 一样好。")
    chose_neither = Both("You found this reply and {other} both bad.", "你认为此回复与 {other} 都不好。")
    chose_nothing = Both("You did not compare this reply with {other}.", "你没有比较此回复与 {other}。")
    keep_choice = Both("Keep my earlier choice", "保留之前的选择")
    change_mind = Both("Change choice", "更改选择")
    your_ranking = Both("Your ranking: {order}", "你的排名：{order}")
    at_temperature = Both("temperature {n}", "温度 {n}")
    with_seed = Both("seed {n}", "种子 {n}")
    own_words = Both("your correction", "你的修正")

    # comparing siblings
    compare_siblings = Both("Compare replies", "比较回复")
    compare_with = Both("With {other}", "与 {other} 比较")
    rank = Both("Rank all", "全部排名")
    bad_choice = Both(
        "r1chat does not know that choice, so nothing was stored. Reload the page and choose again.",
        "r1chat 无法识别这个选择，因此没有保存。请重新加载页面后再选择。",
    )
    comparison_decided = Both(
        "This comparison is decided already. Choose “Change choice” to decide it again.",
        "这次比较已经有了结果。要重新选择，请点“更改选择”。",
    )
    comparison_waiting = Both(
        "Two replies to this message already wait for your choice. Choose first, or skip.",
        "此消息已有两个回复在等你选择。请先选择，或点“跳过”。",
    )
    no_sibling = Both(
        "Only two whole replies can be compared: one of these is still being written, was stopped or cut, or failed. "
        "Continue it, or regenerate to get another.",
        "只能比较两个完整的回复：其中一个仍在生成、被停止、被截断或失败。请先继续它，或重新回答。",
    )
    too_few = Both(
        "A ranking takes three whole replies or more. Regenerate to get another.",
        "排名至少需要三个完整的回复。请先重新回答。",
    )
