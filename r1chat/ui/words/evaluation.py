"""The words of the Evaluation page."""

from __future__ import annotations

from r1chat.both import Both, Language


class EvaluationWords:
    """The words in one language. Names in braces are filled in with `str.format`."""

    title = Both("Evaluation", "评测")
    back = Both("Back to the chat", "返回聊天")
    intro = Both(
        "An evaluation asks a model the same problems, checks every answer by rule, and says how often it is right and "
        "how sure that is. Everything runs on this computer, or where the model runs.",
        "评测向模型提出一组题目，按规则检查每个答案，给出正确率及其可信程度。一切都在本机（或模型所在之处）进行。",
    )
    measure = Both("Measure a model", "评测模型")
    task = Both("Task", "任务")
    made_up = Both("Made-up tasks", "自动出题")
    data_sets = Both("Data sets", "数据集")
    not_here = Both("{title} (not on this computer yet)", "{title}（本机上还没有）")
    from_file = Both("A file of problems …", "题目文件…")
    path = Both("Path of the file on this computer", "本机上的文件路径")
    path_hint = Both(
        "JSON Lines, JSON, CSV or Parquet as published by GSM8K, MATH-500, AIME, GPQA, MMLU, CMATH, HumanEval or MBPP; "
        "or your own, with question and answer.",
        "GSM8K、MATH-500、AIME、GPQA、MMLU、CMATH、HumanEval 或 MBPP 发布的 JSON Lines、JSON、CSV 或 Parquet；"
        "也可以是自己的文件，含 question 和 answer。",
    )
    model = Both("Model", "模型")
    problems = Both("Problems", "题数")
    samples_each = Both("Samples (k)", "采样数（k）")
    budget = Both("Thinking budget", "思考预算")
    budget_asked = Both("Budget in tokens", "思考预算（token）")
    budget_hint = Both("no limit", "不限")
    run_code = Both("Run what the model writes", "运行模型写的程序")
    run_code_hint = Both(
        "Code problems only: to judge them, programs of the model are run on this computer, without network and with "
        "limits on time, memory and files as far as the system allows. Not protected from: faults of the system's "
        "kernel, and programs that set out to deceive their tests.",
        "仅用于编程题：评判时会在本机运行模型写的程序，并在系统允许的范围内禁用网络、限制时间、内存和文件。"
        "无法防范系统内核的缺陷，以及蓄意欺骗测试的程序。",
    )
    start = Both("Start", "开始")
    in_a_terminal = Both("Or in a terminal:", "或在终端中：")
    copy = Both("Copy", "复制")
    copied = Both("Copied", "已复制")
    no_model = Both("There is no model that could be measured.", "没有可评测的模型。")
    runs = Both("Runs", "评测记录")
    no_runs = Both(
        "Nothing was measured yet: begin above, or with the command.", "还没有评测：可以从上面开始，或使用命令。"
    )
    choose = Both("Tick the runs that you want to see side by side.", "勾选要并排查看的评测。")
    running = Both("running: {done} of {all}", "进行中：{done} / {all}")
    left = Both("{time} left", "剩余 {time}")
    done = Both("done", "完成")
    halted = Both("stopped: {done} of {all}", "已停止：{done} / {all}")
    about = Both("{model} · {problems} × {k} · {date}", "{model} · {problems} × {k} · {date}")
    stop = Both("Stop", "停止")
    resume = Both("Go on", "继续")
    may_run_again = Both(
        "Going on runs programs that the model writes on this computer. Go on?",
        "继续会在本机运行模型写的程序。要继续吗？",
    )
    side_by_side = Both("Side by side", "并排比较")
    figure = Both("Figure", "指标")
    figures = Both("Figures", "各项指标")
    interval_note = Both(
        "Below each figure its 95 % interval: a percentile bootstrap over problems.",
        "每个数值下方是其 95% 区间（对题目做百分位自助法）。",
    )
    date = Both("Date", "日期")
    source = Both("Problems from", "题目来源")
    made_up_source = Both("made up, split {split}, {language}", "自动出题（{split}），{language}")
    both_languages = Both("both languages", "两种语言")
    english = Both("English", "英文")
    chinese = Both("Chinese", "中文")
    asked = Both("Asked", "已做")
    of_all = Both("{done} of {all}", "{done} / {all}")
    k = Both("Samples of each (k)", "每题采样数（k）")
    temperature = Both("Temperature", "温度")
    not_noted = Both("not noted", "未记录")
    other_sampling = Both("Other sampling", "其他采样参数")
    no_budget = Both("none", "不限")
    tokens = Both("{n:,} tokens", "{n:,} token")
    seed = Both("Seed", "随机种子")
    quantisation = Both("Quantisation", "量化")
    pass_k = Both("pass@k", "pass@k")
    cons_k = Both("cons@k (majority)", "cons@k（多数票）")
    thinking = Both("Thinking tokens", "思考 token 数")
    truncated = Both("Cut off at the limit", "因长度上限截断")
    format = Both("Format kept", "格式正确")
    language = Both("Thought in the question's language", "以提问语言思考")
    moments = Both("{kind}, in a thought", "每次思考的{kind}")
    speed = Both("Tokens/s of a sample", "单个样本的 token/s")
    unjudged = Both("Samples that could not be judged", "无法判定的样本")
    failed = Both("Samples that failed", "失败的样本")
    paper = Both("The paper's figure", "论文中的数值")
    share = Both("{n:.1f} %", "{n:.1f}%")
    paper_says = Both("R1-Distill-{row}: pass@1 {pass_1} %", "R1-Distill-{row}：pass@1 {pass_1}%")
    paper_majority = Both("cons@64 {majority} %", "cons@64 {majority}%")
    paper_differs = Both("This run differs: {what}.", "本次评测的不同之处：{what}。")
    paired = Both("The two on the same problems", "两者在相同题目上的对比")
    paired_difference = Both(
        "{second} against {first}, on {n} problems: {difference:+.1f} points of pass@1 "
        "(95 %: {low:+.1f} to {high:+.1f}, paired bootstrap).",
        "{second} 对比 {first}，共 {n} 题：pass@1 相差 {difference:+.1f} 个百分点"
        "（95%：{low:+.1f} 到 {high:+.1f}，配对自助法）。",
    )
    paired_majority = Both(
        " By the majority of {k} samples (cons@{k}): {difference:+.1f} points ({low:+.1f} to {high:+.1f}).",
        "按 {k} 个样本的多数票（cons@{k}）：{difference:+.1f} 个百分点（{low:+.1f} 到 {high:+.1f}）。",
    )
    better = Both("Better: the interval leaves zero out.", "更好：区间不含零。")
    worse = Both("Worse: the interval leaves zero out.", "更差：区间不含零。")
    no_difference = Both("No difference shown: the interval holds zero.", "未显出差别：区间包含零。")
    mcnemar = Both(
        "Right in one alone: {second_only} against {first_only} problems (McNemar, p {p}).",
        "仅一方答对：{second_only} 题对 {first_only} 题（McNemar 检验，p {p}）。",
    )
    not_paired = Both(
        "These two were asked different problems, or judged by different rules, so there is no paired comparison.",
        "两者的题目或判分规则不同，因此无法配对比较。",
    )
    nothing_shared = Both(
        "No problem has been solved by both yet, so there is nothing to compare.", "还没有两者都做过的题目，无法比较。"
    )
    curves = Both("Curves", "曲线")
    curve_running = Both("being drawn", "绘制中")
    setting = Both("Setting", "设置")
    budget_of = Both("budget of {n}", "预算 {n}")
    accuracy = Both("Right", "正确率")
    points = Both("Figures of {name}", "{name} 的数值")
    samples = Both("Samples of {name}", "{name} 的样本")
    only_wrong = Both("Only those with a wrong answer", "只看有错误答案的")
    no_samples = Both("There is none.", "没有。")
    right = Both("right", "正确")
    wrong = Both("wrong", "错误")
    open = Both("undecided", "未定")
    right_answer = Both("Right answer: {text}", "正确答案：{text}")
    sample = Both("Sample {n}: {verdict}", "样本 {n}：{verdict}")
    thought = Both("Thought", "思考")
    no_answer = Both("(no answer: the reply was cut off)", "（没有回答：回复被截断）")
    keep = Both("Keep as a conversation", "存为对话")
    open_conversation = Both("Open the conversation", "打开对话")
    more = Both("More", "更多")
    broken = Both(
        "r1chat did not answer. Look whether it still runs, then reload the page.",
        "r1chat 没有响应。请确认它还在运行，然后刷新页面。",
    )
    senseless = Both("This does not exist any more. Reload the page.", "它已不存在。请刷新页面。")

    def __init__(self, lang: Language) -> None:
        self.lang: Language = lang


EVALUATION_WORDS: dict[Language, EvaluationWords] = {"en": EvaluationWords("en"), "zh": EvaluationWords("zh")}

TASK_NAMES = {  # of the made-up tasks
    "sums": Both("sums and differences", "加减法"),
    "products": Both("products", "乘法"),
    "division": Both("division with remainder", "带余除法"),
    "expressions": Both("expressions with parentheses", "含括号的算式"),
    "decimals": Both("decimals", "小数"),
    "percentages": Both("percentages", "百分数"),
    "fractions": Both("fractions", "分数"),
    "equations": Both("linear equations", "一元一次方程"),
    "divisors": Both("greatest common divisors", "最大公约数"),
    "primes": Both("primes", "质数"),
    "sorting": Both("sorting", "排序"),
    "letters": Both("letters in a word", "单词中的字母"),
    "clock": Both("clock times", "时间"),
    "stories": Both("word problems", "应用题"),
    "countdown": Both("countdown", "数字游戏（countdown）"),
    "countdown-4": Both("countdown with four numbers", "四个数的数字游戏（countdown）"),
    "products-3x2": Both("products of 3 by 2 digits", "三位数乘两位数"),
}
