"""The words for judging a reply: thumbs, reasons, steps, corrections, references."""

from __future__ import annotations

from r1chat.both import Both, Language


class RatingWords:
    """Mixed into `Words`."""

    lang: Language

    # thumbs, and what unfolds from them
    good = Both("Good", "好")
    bad = Both("Bad", "不好")
    good_thought = Both("Good thought", "思考得好")
    bad_thought = Both("Bad thought", "思考得不好")
    rate_answer = Both("Rate the answer; on the keyboard: + and -", "评价回答；键盘：+ 和 -")
    rate_thought = Both("Rate the thought", "评价思考")
    say_why = Both("Add details", "补充说明")
    rating_saved = Both("Saved", "已保存")
    rating_reasons = Both("Reasons", "原因")
    rating_comment = Both("Comment", "评语")
    rating_marks = Both("Marks from 1 to 5", "1 到 5 分")
    mark_of = Both("{aspect}: {mark} of 5", "{aspect}：{mark} / 5")

    reason_correct = Both("correct", "正确")
    reason_clear = Both("clear", "清楚")
    reason_complete = Both("complete", "完整")
    reason_well_reasoned = Both("well reasoned", "推理严密")
    reason_concise = Both("concise", "简洁")
    reason_wrong = Both("wrong", "错误")
    reason_unclear = Both("unclear", "不清楚")
    reason_incomplete = Both("incomplete", "不完整")
    reason_faulty_reasoning = Both("faulty reasoning", "推理有误")
    reason_too_long = Both("too long", "太长")
    reason_wrong_language = Both("wrong language", "语言不对")
    reason_unsafe = Both("unsafe", "不安全")

    aspect_helpfulness = Both("Helpful", "有用")
    aspect_correctness = Both("Correct", "正确")
    aspect_clarity = Both("Clear", "清楚")
    aspect_harmlessness = Both("Harmless", "无害")

    bad_mark = Both("A mark is a whole number from 1 to 5.", "评分是 1 到 5 的整数。")

    # the steps of a thought
    first_wrong = Both("First wrong step", "第一个错误步骤")
    not_wrong = Both("Not wrong", "没有错")
    no_wrong_step = Both("No wrong step", "没有错误步骤")
    wrong_step_marked = Both("A step is marked as the first wrong one.", "已标出第一个错误步骤。")
    right_step = Both("right", "正确")

    # corrections
    more_acts = Both("More", "更多")
    correct_answer = Both("Correct the answer", "修正回答")
    correct_thought = Both("Correct the thought", "修正思考")
    save_correction = Both("Save the correction", "保存修正")
    origin_corrected = Both("corrected by you", "由你修正")
    what_changed = Both("What was changed", "改动之处")
    changed_answer = Both("Answer", "回答")
    thought = Both("Thought", "思考")
    added_text = Both("added", "新增")
    removed_text = Both("removed", "删去")
    long_correction = Both(
        "The correction has {n} characters; the most is {limit}. Shorten it and save it again.",
        "修正有 {n} 个字符，最多 {limit} 个。请缩短后再保存。",
    )

    # what is right, and the rules
    reference = Both("Right answer…", "正确答案…")
    reference_is = Both("Right answer: {text}", "正确答案：{text}")
    reference_text = Both("The right answer", "正确答案")
    reference_kind = Both("Checked as", "检查方式")
    reference_back = Both("Remove", "移除")
    long_reference = Both(
        "The right answer has {n} characters; the most is {limit}. Give only the result, without the way to it.",
        "正确答案有 {n} 个字符，最多 {limit} 个。请只写结果，不写过程。",
    )
    check_guess = Both("automatic", "自动判断")
    check_number = Both("number", "数字")
    check_expression = Both("expression", "表达式")
    check_choice = Both("choice (A, B, …)", "选项（A、B……）")
    check_pattern = Both("regular expression", "正则表达式")
    check_text = Both("text", "文字")
    check_tests = Both("tests of a program", "程序的测试")
    tests_given = Both("Tests for a program", "程序的测试")
    tests_not_run = Both("tests not run", "测试未运行")
    tests_running = Both("tests are running…", "正在运行测试……")
    tests_passed = Both("It passed its tests when they were run.", "运行时通过了测试。")
    tests_failed = Both(
        "It failed its tests when they were run. Run them again to see the first failure.",
        "运行时未通过测试。再次运行可看到第一个失败之处。",
    )
    run_tests = Both("Run the tests", "运行测试")
    stop_tests = Both("Stop the tests", "停止测试")
    run_tests_sure = Both(
        "Run the program in this reply on this computer? As far as the system allows, it gets no network, sees no "
        "files but Python’s and its own folder, which is deleted afterwards, and is stopped after 10 seconds a "
        "test.{missing} Not "
        "protected from: faults of the system’s kernel, use of the processor until then, and programs that set out to "
        "deceive their tests. This is asked once in this browser.",
        "要在本机运行这条回复中的程序吗？在系统允许的范围内，它不能使用网络，只能看到 Python 的文件和它自己的文件夹"
        "（之后删除），每个测试在 10 秒后停止。{missing}无法防范：系统内核的缺陷、在此之前占用处理器，"
        "以及蓄意欺骗测试的程序。本浏览器只询问一次。",
    )
    is_right = Both("right", "正确")
    is_wrong = Both("wrong", "错误")
    undecided = Both("undecided", "无法判定")
    not_checked = Both("not checked yet", "尚未检查")
    rule_rewards = Both("Rule-based rewards", "规则奖励")
    rule_accuracy = Both("Accuracy", "准确")
    rule_format = Both("Format", "格式")
    rule_language = Both("Language", "语言")
    no_reference = Both(
        "Nobody has said what is right. Write it at your message, with “Right answer…”.",
        "还没有人说明正确答案。请在你的消息旁点“正确答案…”填写。",
    )

    # consent
    consent = Both("This conversation may be exported", "允许导出此对话")
    consent_why = Both(
        "While this is off, exports leave it out. Nothing leaves this machine by itself.",
        "关闭时，导出不会包含此对话。数据不会自行离开本机。",
    )
    bad_consent = Both(
        "Nothing was changed. Choose again whether this conversation may be exported.",
        "没有改变任何设置。请重新选择是否允许导出此对话。",
    )

    # the counter
    gathered = Both("Data", "数据")
    gathered_pairs = Both("{n} pairs", "{n} 对")
    gathered_one_pair = Both("1 pair", "1 对")
    gathered_ratings = Both("{n} ratings", "{n} 条评价")
    gathered_one_rating = Both("1 rating", "1 条评价")
    gathered_verified = Both("{n} verified", "{n} 条已验证")
    gathered_nothing = Both("nothing judged yet", "还没有评价")
    good_for_pairs = Both("Preference pairs: {n} (DPO, ORPO, reward model)", "偏好对：{n}（DPO、ORPO、奖励模型）")
    good_for_thumbs = Both("Thumbs: {n} (KTO)", "赞踩：{n}（KTO）")
    good_for_verified = Both(
        "Replies verified by rule: {n}, right answers: {m} (GRPO, SFT)",
        "经规则验证的回复：{n}，正确答案：{m}（GRPO、SFT）",
    )
    good_for_steps = Both("Thoughts judged by step: {n} (PRM)", "逐步评判的思考：{n}（PRM）")
    gathered_consent = Both("Conversations that may be exported: {n} of {m}", "可以导出的对话：{n} / {m}")
