"""The words of reflection, in groups that mean the same.

Owns the lists: English, Chinese, and the few Indonesian words that R1 distills fall into. Groups whose names begin with
z are Chinese. Knows neither where in a sentence a word stands (`cues.py`) nor what it is worth (`weights.py`).
"""

from __future__ import annotations

import re

_FAILS = "doesn't, does not, don't, do not, didn't, did not, can't, cannot, won't, doesn't really, doesn't quite"
_AGREES = """add up, match, make sense, make much sense, make any sense, make a lot of sense, hold, equal, seem right,
    seem correct, seem to match, seem possible, look right, look correct, sound right, feel right"""
_FITS = "fit, work, apply, help, matter, directly"
_SAYS = "say, mention, specify, state, give, tell, provide"

# One group a line, going on where a line is indented; a phrase is one or more words. The longest one at a place wins,
# so that a group that is worth nothing (`znotno`) keeps its phrases from others.
_ENGLISH = """
wait: wait, wait a second, wait a minute, wait a moment, wait a sec, wait a bit, tunggu, tunggu dulu, sebentar
hold: hold on, hang on, hold up, one moment, one second, just a moment, scratch that, strike that, not so fast,
    let me pause, let me stop, never mind
alternatively: alternatively, on second thought, on second thoughts, conversely, atau mungkin, cara lain
different: another, a different, different, an alternative, alternative, other, differently, a better, better,
    a simpler, simpler, easier, an easier, a new, faster, a faster
way: way, ways, approach, approaches, method, methods, angle, angles, thought, thoughts, idea, ideas, possibility,
    possibilities, option, perspective, interpretation, interpretations, strategy, route, technique, explanation,
    view, solution, solutions, formula, representation, reading, meaning, look
restart: step back, take a step back, start over, start again, from scratch, backtrack, go back to my first,
    go back to the first, go back to my initial, go back to the original approach, stick with my, stick to my,
    think outside, mari kita ganti, mari kita sesuaikan, coba lagi, mulai lagi
maybe: maybe, perhaps, might, possibly, probably, could be, may be, suppose, mungkin, barangkali
orelse: or maybe, or perhaps, or is it, or could it, or it could, or does, or are, or do, or is, or should
actually: actually, in fact, in reality, sebenarnya
no: no, nope, nah, tidak, bukan
ohah: oh, ah, ooh, whoa, hey
oops: oops, whoops, let me correct, let me fix that, let me fix this, i need to correct, my bad, my mistake, sorry,
    correction, i stand corrected, i apologize, maaf
aha: aha, eureka, i see, of course, now i see, now i understand, now i get, i realize, i realized, i realise,
    i just realized, i notice, i noticed, that's it, makes sense now, seems promising, is promising, it dawns,
    aha moment, that's the key, got it, that's interesting, oh ya, ternyata
hmm: hm, hmm, hmmm, hmmmm, um, umm, uh, uhh, huh, interesting, interestingly
odd: seems wrong, looks wrong, seems off, looks off, seems strange, seems odd, strange, strangely, weird, odd,
    surprising, suspicious, unusual, puzzling, too large, too small, too big, too high, too low, too much, too many,
    too simple, too easy, too good, seems low, seems high, seems large, seems small, quite low, quite high,
    quite large, quite small, really low, really high
but: but, however, yet, although, though, nevertheless, tapi, tetapi, namun
again: again, once more, one more time, a second time, another time, twice, over again, one last time, lagi,
    kembali, ulang
letme: let me, let's, let us, lemme, mari kita, mari, biar saya
should: i should, i need to, i must, i have to, i want to, i will, i can, i could, i might want to, i ought to,
    i had better, i might, we should, we need to, we must, we have to, we want to, we will, we can, we could,
    i'd better, i'd like to, i'll, we'll, i'm going to, i think i should, might as well, saya harus, saya perlu,
    kita harus, kita perlu, kita bisa
verify: double-check, double check, double-checking, double-checked, triple-check, cross-check, cross-checking,
    sanity-check, sanity check, spot-check, recheck, re-check, rechecking, re-checking, verify, verifying,
    verification, reverify, re-verify, reexamine, re-examine, reevaluate, re-evaluate, recalculate, re-calculate,
    recalculating, recompute, re-compute, recomputing, reassess, re-assess, reconsider, re-consider, reconsidering,
    rethink, re-think, rethinking, revisit, revisiting, recount, re-count, recounting, retrace, redo, reconfirm,
    reanalyze, re-analyze, validate, validating, proofread, review, reviewing, retest, periksa, cek, verifikasi,
    pastikan, memeriksa, mengecek, memastikan, memverifikasi, uji
check: check, checking, checks, confirm, confirming, test, testing, see if, see whether, plug, plugging,
    put it back, put this back, put that back, put them back, substitute back, go back, going back, count, trace
walk: go over, go through, going through, walk through, step through, run through, recap, look at
sure: make sure, making sure, make absolutely sure, be sure, be absolutely sure, be completely sure, be extra sure,
    be certain, be thorough, be safe, be careful, be more careful, be extra careful, be precise, ensure, ensuring,
    for certain, good measure, for completeness, rule out, on the safe side
justto: just to, just in case, to be sure, to be safe, to be thorough, to be certain, to be extra sure,
    to double-check, to double check, to verify, to confirm, as a check, as a sanity check, as a quick check,
    as a final check
did: did i, did we, have i, have we, am i, are we, do i, do we, could i, could we, might i, was i, were we,
    should i, should we, can i, can we, how do i know, how can i be
isthat: is that, is this, is it, is there, is the, is he, is she, was that, was this, was it, was there, does that,
    does this, does it, does the, does he, does she, did that, did this, did it, did the, would that, would this,
    would it, could that, could this, could it, could there, could the, can that, can this, can it, can there,
    can the, should that, should this, should it, will that, will this, will it, isn't that, isn't this, isn't it,
    isn't there, doesn't that, doesn't this, doesn't it, wouldn't that, wouldn't it, couldn't it, are there,
    are they, are these, are those, are the, why not, why is, why does, why did, why would, do they, do these,
    do those, do the, apakah, benarkah, bukankah, adakah
whatif: what if, what about, how about
how: how, what, where, which, when, who, bagaimana, berapa, di mana, mana
fit: correct, right, valid, true, accurate, possible, reasonable, sense, consistent, hold, holds, okay, allowed,
    enough, necessary, match, matches, add up, adds up, work, works, fit, fits, equal, align, agree, plausible,
    correctly, the same, a problem, an issue
not: doesn't, does not, don't, do not, didn't, did not, isn't, is not, aren't, are not, wasn't, not, can't, cannot,
    couldn't, won't, shouldn't, wouldn't, can not
thatis: that, this, it, that's, it's, which, something, these, they
miss: miss, missed, missing, overlook, overlooked, overlooking, forget, forgot, forgotten, skipped, neglected,
    left out, leave out
mis: misread, misreading, misinterpreted, misinterpreting, misunderstood, misunderstanding, misunderstand,
    miscalculated, miscalculating, miscounted, miscounting, misremembering, misremembered, misapplied, mistook,
    mixing up, mixed up, mixed, messed, messed up, i confused, confusing myself, overcomplicating,
    over-complicating, overthinking, over-thinking, went wrong, got that wrong, got it wrong, got this wrong,
    was wrong, am wrong, i'm wrong, made a mistake, made an error, made some mistake, made a calculation error,
    make a mistake, made a wrong, swapped, dropped, double counted, double-counted, was mistaken, saya salah,
    kesalahan saya
i: i, i'm, i've, i must have, i might have, i may have, i might be, i may be, we, we've, my, our, saya
err: wrong, incorrect, incorrectly, mistake, mistakes, mistaken, error, errors, flaw, flawed, flaws, typo,
    backwards, ambiguous, ambiguity, unclear, confusing, is off, seems off, be off, off by, salah, keliru
contra: can't be, cannot be, can't have, can't possibly, contradict, contradicts, contradiction, contradictory,
    contradicting, conflict, conflicts, conflicting, inconsistent, inconsistency, discrepancy, impossible,
    not possible, couldn't be, shouldn't be, not quite, that's not, it's not, this isn't, that isn't, it isn't,
    that is not, this is not, tidak mungkin, tidak sesuai, tidak benar, tidak masuk akal, bukan begitu, ini bukan,
    itu bukan
question: the question, this question, the original question, the actual question, the problem, this problem,
    the original problem, the problem statement, the original problem statement, the prompt, the riddle, the puzzle,
    the user, this user, user's question, the user's, the task, the wording, the phrasing, the instruction,
    the instructions, the query, the statement, the original statement, my question, soal, pertanyaan,
    the original prompt, the notation, soalnya, dalam soal
they: they, people, someone, student, students, child, children, kid, kids, pupil, pupils, learner, learners,
    reader, readers
you: you, your
says: say, says, said, state, states, stated, stating, ask, asks, asked, asking, want, wants, wanted, specify,
    specifies, specified, specifically, mention, mentions, mentioned, wrote, read, reads, phrased, worded, require,
    requires, expect, expects, expected, mean, means, meant, intend, intended, imply, implies, implied, tell, tells,
    literally, interpreted, interpret, interpreting
reread: reread, re-read, rereading, re-reading, read the question, read the problem, read it again, read that again,
    read this again, read again, read carefully, look back at the, look at the question, look at the problem,
    look at the original, looking back at the, go back to the question, go back to the problem,
    going back to the question, going back to the problem, going back to the original, back to the question,
    back to the problem, back to the original
try: try, consider, considering, think, explore, switch
instead: instead, rather than
careful: careful, carefully, note, notice, keep in mind, clarify
example: example, examples, sample, test case, test cases, first case, small case, simple case, concrete,
    numerically, specific value, small values
soft: just, quickly, also, simply, really, go ahead and
aye: yes, yeah, yep, yup, indeed, exactly, definitely, as expected, checks out, check out, confirms, confirmed, still,
    so the answer, so answer, no problem, no issue, no mistake, no mistakes, straightforward, benar
ought: should be, should actually be, can be simplified, i should mention, i should add, i should include,
    i should address
unfit: unlikely, illegal, not allowed, not it, not the case, that's still, too complicated, not sure
plan: first, firstly, next, second, secondly, third, finally, then, lastly, now
so: so, therefore, thus, hence, because, since, jadi
recall: remember, recall, i know, i think, i believe, i guess
"""

_CHECK = "检查 验证 核对 确认 验算 复核 检验 复查 核实 审视 校验 排查 校对 回顾 反思 代入 代回 复盘 检视 推敲"
_DO = """算 看 读 想 数 试 思考 考虑 计算 梳理 推导 分析 审题 理解 举 过 做 比较 审 读题 理 推 仔细 尝试 确定 用 换"""
_AGAIN = "再 再次 重新 再来"

_CHINESE = """
zaye: 是的 对的 仍然 还是 符合 可靠 不影响 没关系
zought: 应该是 而不是 改为 改成
zunfit: 无法 不可行 未能 没能 没有达到 达不到 依然没 依然不 依旧不 依旧没 还是不 也不是 超时
zwait: 等等 等一下 等下 等会 等一等 等一会 且慢 慢着 稍等 先等 停一下 打住 先别急
zno: 不对 不对劲 不是吧 不不 好像不 似乎不 不是这样 说不通 不太对 怎么会 对不上 跟刚才不 不大对
zcontra: 不成立 不合理 不符 矛盾 不一致 不正确 不太可能 不可能 不一定 不一样 不行 冲突
znope: 不， 不, 不。
znotno: 不对称 不对外 不对应 不行了 不对等
zself: 算错 搞错 弄错 看错 写错 想错 搞混 弄混 想复杂 想得太 想多了 误解了 理解错 理解有误 记错 数错 读错 我错了
    抱歉 糟糕 哎呀 写反 漏乘 漏算 算漏 搞反 弄反
zerr: 错误 错了 出错 有误 误解 误会 失误 疏忽 更正 纠正 笔误 有问题 有点问题 有些问题 有缺陷 漏洞 问题出在
zfine: 没有问题 没问题 没错误 无误 没有错 没有错误 没有遗漏 没有漏掉
zmiss: 遗漏 漏掉 漏了 忽略 忽视 忘了 忘记 没考虑 没有考虑 没注意 还有一个条件 还有条件
zredo: 重算 重做 重审 又算 又看
zagain: 再次 重新 一遍 反复 回头 再来 再一次
zcheck: 确保
zthink: 想想 想一想 思考 考虑 算 数一 看看 看一下 仔细 梳理 试试 尝试 试一下 计算 推导 理解
zyixia: 一下 一番
zread: 读题 审题 看题 回到题目 回到问题 回到原 重读 读一遍 读一下题 问题本身 题意
zq: 题目 题中 原文 题设 题里 题干 原题 题面
zuser: 用户 提问者 对方
zprob: 问题
zdifferent: 另一种 另一个 另外一种 换一种 换个 换一个 更好的 更简单的 更聪明的 新的 换种 转换 改用 反过来 反证
    更高效的
zother: 其他 别的 不同的 其它
zway: 方法 思路 角度 可能 方式 办法 解法 想法 观察 意思 意图 解释 理解 组合 情况 途径 法
zor: 或者 或许 要么 要不 不如 还是说 抑或 又或者
zmaybe: 也许 可能 大概 似乎 好像 或许 看起来 感觉
zactual: 实际上 其实 事实上 准确地说 准确来说 严格来说
zreal: 原来是 原来如此 原来这 啊哈 明白了 懂了 对了 想到了 突然想 突然发现 恍然 灵光 意识到 仔细一想 细想 有意思
    奇怪
zah: 啊 哦 噢 喔 咦 诶 欸 哎 唉
zhmm: 嗯 呃 额 唔
zbut: 但是 但 不过 然而 可是
znote: 注意 需要注意 特别注意 另外 此外 还要 有个问题 有一个问题
zdoubt: 是否 有没有 有无 会不会 是不是 能不能 难道 真的 确实 还有没有 有可能
zma: 吗 对吧 对不对
zhow: 如何 怎么 怎样 什么 哪 多少 为什么 呢
zok: 正确 合理 可行 成立 有效 足够 准确 没错 对吗 对吧 可以吗 一致
zearlier: 刚才 之前 前面 上面 原先 先前 刚刚
zlet: 让我 让我们 我需要 我应该 我要 我得 我来 我可以 我们需要 我们应该 我们要 我们得 我们来 我们可以
    我还需要 我还要 我也可以 为了确保 为了保险 为了验证 为了稳妥 为了确认 为了避免
zsoft: 我 我们 那 就 也 还 这 先
zplan: 首先 第一 其次 然后 接下来 接着 最后 第二 现在 步骤 同时
zso: 所以 因此 因为 由于 于是 那么 这样 总之 综上
zeg: 比如 例如 假设 如果 假如 举个例子 举例 考虑一个 的例子 个例子
ztest: 示例 样例 用例 测试 例子
zedge: 边缘情况 边界情况 特殊情况 极端情况 极端的情况 边界条件 反例 特例
zpeople: 学生 孩子 小朋友 同学 读者 有人 别人 大家 人们 建议 你 你 他们
"""


def _phrases(text: str) -> list[str]:
    return [" ".join(phrase.split()) for phrase in text.split(",")]


def _groups(table: str) -> dict[str, str]:
    lines = table.strip().replace("\n    ", " ").splitlines()
    return {name: words for name, words in (line.split(":", 1) for line in lines)}


def _english() -> dict[str, list[str]]:
    groups = {name: _phrases(words) for name, words in _groups(_ENGLISH).items()}
    groups["contra"] += [f"{fails} {agrees}" for fails in _phrases(_FAILS) for agrees in _phrases(_AGREES)]
    groups["unfit"] += [f"{fails} {fits}" for fails in _phrases(_FAILS) for fits in _phrases(_FITS)]
    groups["unsaid"] = [f"{fails} {says}" for fails in _phrases(_FAILS) for says in _phrases(_SAYS)]
    return groups


def _chinese() -> dict[str, list[str]]:
    groups = {name: words.split() for name, words in _groups(_CHINESE).items()}
    groups["zcheck"] += _CHECK.split()
    groups["zrecheck"] = [again + verb for again in [*_AGAIN.split(), "又"] for verb in _CHECK.split()]
    groups["zredo"] += [again + verb for again in _AGAIN.split() for verb in _DO.split()]
    return groups


ENGLISH = _english()
CHINESE = _chinese()

# Traditional character and simplified one, side by side: those that the lists need.
_PAIRS = """
    個个 為为 麼么 舉举 於于 們们 會会 單单 發发 後后 嗎吗 圖图 夠够 頭头 學学 實实 審审 對对 導导 嘗尝
    應应 徑径 總总 戶户 換换 據据 數数 無无 時时 來来 條条 雜杂 樣样 檢检 沒没 測测 靈灵 現现 確确 種种
    簡简 糾纠 組组 細细 給给 綜综 聰聪 慮虑 觀观 規规 視视 計计 認认 讓让 議议 記记 許许 設设 證证 識识
    試试 該该 誤误 說说 誒诶 讀读 轉转 較较 過过 還还 這这 遺遗 釋释 裡里 裏里 錯错 問问 際际 險险 難难
    顧顾 題题 額额 驗验 驟骤 準准 衝冲 沖冲 況况 剛刚 辦办 勁劲 別别 復复 複复 處处 著着 盤盘 覺觉 開开
    間间 從从
"""
_SIMPLIFIED = str.maketrans({pair[0]: pair[1] for pair in _PAIRS.split()})
_TRADITIONAL = re.compile(f"[{''.join(pair[0] for pair in _PAIRS.split())}]")


def simplified(text: str) -> str:
    """The text with simplified characters, as far as the lists have them."""
    return text.translate(_SIMPLIFIED) if _TRADITIONAL.search(text) else text
