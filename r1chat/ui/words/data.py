"""The words of the data page."""

from __future__ import annotations

from r1chat.both import Both, Language


class DataWords:
    """Mixed into `Words`."""

    lang: Language

    # the frame
    data_title = Both("Feedback data", "反馈数据")
    data_back = Both("Back to the chat", "返回聊天")
    data_jumps = Both("On this page", "本页内容")
    data_loading = Both("Loading …", "正在加载……")
    data_broken = Both(
        "r1chat did not answer. Look whether it still runs, then reload the page.",
        "r1chat 没有响应。请确认它还在运行，然后刷新页面。",
    )
    data_none = Both("Nothing is judged yet", "还没有任何评价")
    data_gather = Both(
        "In the chat, the thumbs below a reply say whether it is good. “Compare” has a message answered twice, and "
        "asks which reply is better. “Right answer…” at your message lets rules check every reply to it. What you say "
        "appears here, and leaves this computer only if you take it with you.",
        "在聊天页，回复下方的赞和踩表示好与不好；“比较”让同一条消息得到两个回复，由你选出更好的；"
        "消息旁的“正确答案…”让规则检查每个回复。你的评价会出现在这里，除非你自己带走，否则不会离开这台电脑。",
    )

    # the filter
    filter_title = Both("Filter", "筛选")
    filter_any = Both("any", "不限")
    filter_text = Both("Text", "文字")
    filter_more = Both("More filters", "更多筛选")
    filter_kind = Both("Kind", "类型")
    filter_model = Both("Model", "模型")
    filter_language = Both("Language of the message", "消息语言")
    filter_rater = Both("Rater", "评价者")
    filter_verified = Both("Verified", "验证")
    filter_since = Both("From", "从")
    filter_until = Both("To", "到")
    filter_shortest = Both("Characters, at least", "字符数至少")
    filter_longest = Both("Characters, at most", "字符数至多")
    filter_clear = Both("Clear the filter", "清除筛选")
    filter_right = Both("a reply is right", "有回复正确")
    filter_wrong = Both("a reply is wrong", "有回复错误")
    filter_english = Both("English", "英文")
    filter_chinese = Both("Chinese", "中文")
    filter_bad_date = Both("“{value}” is not a date. Enter it as 2026-01-31.", "“{value}”不是日期，请写成 2026-01-31。")
    filter_bad_length = Both(
        "“{value}” is not a number of characters. Enter a whole number, or leave it empty.",
        "“{value}”不是字符数。请填写整数，或留空。",
    )
    kind_comparison = Both("Comparison", "比较")
    kind_correction = Both("Correction", "修正")
    kind_rating = Both("Thumb", "赞踩")
    kind_step = Both("Step", "步骤")
    kind_reference = Both("Right answer", "正确答案")

    # the rows
    rows_title = Both("Judgements", "评价")
    rows_none = Both("Nothing matches the filter.", "没有符合筛选条件的评价。")
    rows_more = Both("Show more", "显示更多")
    row_left = Both("A is better", "A 更好")
    row_right = Both("B is better", "B 更好")
    row_tie = Both("equally good", "一样好")
    row_both_bad = Both("both bad", "都不好")
    row_skipped = Both("not compared", "未比较")
    row_blind = Both("blind", "盲评")
    row_answer_up = Both("good answer", "回答好")
    row_answer_down = Both("bad answer", "回答不好")
    row_thought_up = Both("good thought", "思考好")
    row_thought_down = Both("bad thought", "思考不好")
    row_first_wrong = Both("first wrong step", "第一个错误步骤")
    row_none_wrong = Both("no wrong step", "没有错误步骤")
    row_corrected = Both("corrected", "人工修正")
    row_won = Both("better", "更好")
    row_hidden = Both("not named before you have chosen", "你选择之前不显示名称")
    row_before = Both("Before", "修正前")
    row_after = Both("After", "修正后")
    row_thought = Both("Thought", "思考")
    row_answer = Both("Answer", "回答")
    row_nothing = Both("empty", "空")
    row_dwell = Both("decided after {time}", "用时 {time}")
    row_seen = Both("thought seen: {sides}", "看过思考：{sides}")
    row_seen_none = Both("no thought seen", "没看思考")
    row_seen_one = Both("thought seen", "看过思考")
    row_open = Both("Open the conversation", "打开对话")
    row_consent = Both("Conversation may be exported", "对话可以导出")
    row_exclude = Both("Exclude", "排除")
    row_include = Both("Include again", "重新纳入")
    row_why = Both("Why (optional)", "原因（可不填）")
    status_exported = Both("will be exported", "会导出")
    status_undecided = Both("no pair", "不成对")
    status_no_consent = Both("not allowed yet", "尚未允许")
    status_excluded = Both("excluded", "已排除")
    status_refused = Both("refused", "不合格")
    status_other_format = Both("not in this format", "不属于此格式")
    not_in_format = Both("not for {format}", "不用于 {format}")
    why_undecided = Both(
        "A tie prefers neither reply, so no pair comes of it. It counts in the league.",
        "没有分出高下，不成偏好对；排行榜会计入。",
    )
    why_no_consent = Both(
        "This conversation may not be exported yet. Allow it in this row, or allow all conversations.",
        "此对话还不允许导出。可在本行允许，或允许全部对话。",
    )

    # the queue of replies that wait for a rating
    queue_title = Both("Rate replies one by one", "逐个评价回复")
    queue_left = Both("{n} replies without your rating", "还有 {n} 个回复没有评价")
    queue_one = Both("1 reply without your rating", "还有 1 个回复没有评价")
    queue_done = Both("Every reply has your rating.", "所有回复都已评价。")
    queue_good = Both("Good", "好")
    queue_bad = Both("Bad", "不好")
    queue_skip = Both("Skip", "跳过")
    queue_back = Both("Back", "返回")

    # consent
    consent_title = Both("Consent", "许可")
    consent_all = Both("Conversations may be exported", "对话可以导出")
    consent_on = Both(
        "On: an export takes every conversation, new ones too, unless you forbade one. Nothing is sent anywhere: an "
        "export is a file on this computer.",
        "已开启：导出会包含所有对话（也包括以后的），你单独禁止的除外。不会发送任何内容，导出的只是这台电脑上的文件。",
    )
    consent_off = Both(
        "Off: an export takes only conversations that you allowed one by one. Nothing is sent anywhere: an export is a "
        "file on this computer.",
        "已关闭：导出只包含你逐个允许的对话。不会发送任何内容，导出的只是这台电脑上的文件。",
    )

    # personal data
    redaction = Both("Personal data", "个人信息")
    redaction_show = Both("Show the rows with replacements", "在列表中显示替换后的文字")
    redaction_look = Both("What would be replaced?", "会替换什么？")
    redaction_hint = Both(
        "An export replaces e-mail addresses, phone numbers, keys and the like with placeholders. Look before you "
        "export: no search finds everything.",
        "导出时，邮箱、电话、密钥等会换成占位符。导出前请看一看：任何查找都会有遗漏。",
    )
    redaction_none = Both(
        "Messages read, with their replies: {n}. Nothing was found.", "{n} 条消息及其回复中没有发现。"
    )
    redaction_found = Both(
        "Messages read, with their replies: {n}, whether they may be exported or not. Found:",
        "在 {n} 条消息及其回复中（无论是否允许导出）：",
    )
    redaction_first = Both(
        "Only the first {n} messages of the filter were read.", "只读取了筛选结果中的前 {n} 条消息。"
    )
    redaction_value = Both("Found", "发现")
    redaction_times = Both("Times", "次数")
    redaction_more = Both("and {n} more", "另有 {n} 个")
    kind_email = Both("E-mail addresses", "邮箱")
    kind_phone = Both("Phone numbers", "电话号码")
    kind_key = Both("Keys and passwords", "密钥和密码")
    kind_card = Both("Card numbers", "卡号")
    kind_identity = Both("Identity numbers", "证件号码")
    kind_path = Both("Names in paths", "路径中的用户名")
    kind_name = Both("Your names", "你的姓名")

    # the same judged twice
    conflicts = Both("Duplicates and contradictions", "重复与矛盾")
    conflicts_none = Both("There are no duplicates or contradictions.", "没有重复或矛盾的评价。")
    conflicts_duplicate = Both("duplicate", "重复")
    conflicts_contradiction = Both("contradiction", "互相矛盾")
    conflicts_show = Both("Show", "查看")
    conflicts_hint = Both(
        "The same texts were judged more than once. Exclude the rows that should not count.",
        "同样的文字被评价了不止一次。请排除不应计入的评价。",
    )

    bad_exclusion = Both(
        "Nothing was changed. Choose again whether this judgement counts.",
        "没有改变任何设置。请重新选择是否计入此评价。",
    )

    # the league
    league = Both("Leaderboard", "排行榜")
    league_title = Both("Ratings with 95 % intervals", "评分与 95% 区间")
    league_few = Both(
        "{n} of {few} comparisons between different models or settings. With fewer, a rating would be chance, so none "
        "is shown.",
        "不同模型或设置之间的比较有 {n} 次，需要 {few} 次。次数太少时评分只是偶然，因此不显示。",
    )
    league_how = Both(
        "Bradley–Terry ratings from {n} comparisons: 400 points ahead means winning ten times as often as losing. "
        "Where intervals overlap, the order may be chance.",
        "根据 {n} 次比较得出的 Bradley–Terry 评分：高 400 分意味着赢的次数是输的十倍。区间重叠时，先后可能只是偶然。",
    )
    league_most = Both("The {n} with the most comparisons are rated.", "只给比较次数最多的 {n} 个评分。")
    league_player = Both("Model and settings", "模型与设置")
    league_rating = Both("Rating", "评分")
    league_interval = Both("95 % interval", "95% 区间")
    league_games = Both("Won, tied, lost", "胜、平、负")
    league_temperature = Both("temperature {t}", "温度 {t}")
    league_budget = Both("budget {n}", "预算 {n}")
    league_no_budget = Both("no budget", "无预算")

    # export, archive, import
    exporting = Both("Export", "导出")
    export_format = Both("For", "用途")
    format_preference = Both("DPO, ORPO: preferences", "DPO、ORPO：偏好对")
    format_preference_implicit = Both("Reward model: whole dialogues", "奖励模型：完整对话")
    format_unpaired = Both("KTO: replies with a label", "KTO：带标签的回复")
    format_sft = Both("SFT: good replies only", "SFT：只含好的回复")
    format_grpo = Both("GRPO: prompts with right answers", "GRPO：带正确答案的提示")
    format_stepwise = Both("Process reward model: thoughts judged by step", "过程奖励模型：逐步评判的思考")
    format_processbench = Both("ProcessBench: the first wrong step", "ProcessBench：第一个错误步骤")
    format_llamafactory = Both("LLaMA-Factory: preferences", "LLaMA-Factory：偏好对")
    format_openai = Both("OpenAI’s preference format", "OpenAI 偏好格式")
    export_thoughts = Both("Thoughts", "思考")
    thoughts_default = Both("as suits the model", "按模型选择")
    thoughts_full = Both("with <think> tags", "带 <think> 标签")
    thoughts_answer_only = Both("left out", "省略")
    thoughts_rendered = Both("rendered by the model’s template", "按模型模板渲染")
    export_file = Both("File", "文件")
    export_test = Both("Test split, %", "测试集 %")
    export_redact = Both("Replace personal data", "替换个人信息")
    export_unredacted = Both(
        "E-mail addresses, keys and names will stand in the file as they are.", "邮箱、密钥、姓名会原样写入文件。"
    )
    export_filter = Both("The export takes what the filter shows.", "只导出筛选出的评价。")
    export_make = Both("Export", "导出")
    export_same = Both("The same in a terminal", "等价命令")
    copy_command = Both("Copy the command", "复制命令")
    export_bad_test = Both(
        "“{value}” is not a share for testing. Enter a number from 0 to 90.", "“{value}”不是测试比例，请填写 0 到 90。"
    )
    export_done = Both("Rows: {rows} · for testing: {test}", "行数：{rows} · 测试集：{test}")
    export_refused = Both("Judgements refused: {n} ({why})", "不合格的评价：{n}（{why}）")
    export_replaced = Both("Values replaced: {n}", "替换的信息：{n}")
    archive = Both("Archive", "存档")
    archive_hint = Both(
        "All conversations with everything you said of them, in one file that r1chat can read back. Nothing in it is "
        "replaced.",
        "所有对话及全部评价存为一个文件，r1chat 可以读回。其中内容不做替换。",
    )
    archive_everything = Both("Also what may not be exported (a backup for yourself)", "包括不允许导出的（自用备份）")
    archive_make = Both("Make an archive", "生成存档")
    archive_done = Both(
        "Conversations: {conversations} · replies: {replies} · judgements: {judgements}",
        "对话：{conversations} · 回复：{replies} · 评价：{judgements}",
    )
    importing = Both("Import", "导入")
    import_hint = Both(
        "An archive of r1chat, or chats from Open WebUI, llama.cpp, ChatGPT, Claude, DeepSeek, LM Studio, Jan or "
        "TextGen. A broken file changes nothing.",
        "r1chat 存档，或 Open WebUI、llama.cpp、ChatGPT、Claude、DeepSeek、LM Studio、Jan、TextGen 导出的对话。"
        "文件损坏时不做任何改动。",
    )
    import_choose = Both("Choose a file", "选择文件")
    import_large = Both(
        "The file is larger than {limit} GB. Import it in a terminal: {command}",
        "文件超过 {limit} GB，请在终端导入：{command}",
    )
    import_empty = Both("The file is empty. Choose another one.", "文件是空的，请另选一个。")
    import_no_room = Both(
        "The file could not be kept while it is read ({why}). Make room on the disk, then try again.",
        "无法暂存文件（{why}）。请腾出磁盘空间后重试。",
    )
    job_running = Both("Working …", "正在处理……")
    job_progress = Both("{done} of {total}", "{done} / {total}")
    job_cancelled = Both("Cancelled; no file was made and nothing was changed.", "已取消，没有生成文件，也没有改动。")
    job_failed = Both(
        "r1chat itself failed; the log says how. Nothing was changed.", "r1chat 自身出错，详见日志。没有任何改动。"
    )
    job_busy = Both(
        "Another export or import is still running. Wait until it is done, or cancel it.",
        "另一个导出或导入还在进行，请等待完成或取消。",
    )
    job_gone = Both("These files are not here any more. Make them again.", "这些文件已不在，请重新生成。")
    job_files = Both("Files", "文件")
