"""What a small model is asked and cannot know: everyday questions from templates and word lists, and greetings.

It shall say so honestly. The questions are many and odd on purpose: what is none of the tasks gets the honest sentence.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from r1chat.both import Both
from r1chat.evaluation.generated import Language

HONEST = Both(
    "I am a nano model: I do small sums and the like. For the rest, get a real model.",
    "我是一个纳米模型，只会做简单的算术之类的题。其他问题请换用真正的模型。",
)
_HELLO = Both("Hello! I do small sums and the like. Give me one.", "你好！我会做简单的算术题，给我一道吧。")
_WELCOME = Both("You are welcome!", "不客气！")
_BYE = Both("Goodbye!", "再见！")


@dataclass(frozen=True, slots=True)
class Talk:
    """A message that is no problem, a short thought about it, and the reply."""

    question: str
    thought: str
    answer: str


def draw(rng: random.Random, lang: Language) -> Talk:
    """A message: three quarters are questions that the model cannot answer."""
    chance = rng.random()
    if chance < 0.12:
        return _talk(rng, lang, _GREETINGS, _GREETED, _HELLO)
    if chance < 0.19:
        return _talk(rng, lang, _THANKS, _THANKED, _WELCOME)
    if chance < 0.23:
        return _talk(rng, lang, _BYES, _LEFT, _BYE)
    question = rng.choice(_WHO.pick(lang).split("\n")) if chance < 0.30 else _question(rng, lang)
    return Talk(_worn(question, rng, lang), _UNKNOWN.pick(lang), HONEST.pick(lang))


def _talk(rng: random.Random, lang: Language, messages: Both, thought: Both, answer: Both) -> Talk:
    return Talk(_worn(rng.choice(messages.pick(lang).split("\n")), rng, lang), thought.pick(lang), answer.pick(lang))


def _question(rng: random.Random, lang: Language) -> str:
    slots = _SLOTS_ZH if lang == "zh" else _SLOTS_EN
    template = rng.choice((_TEMPLATES_ZH if lang == "zh" else _TEMPLATES_EN).split("\n"))
    for name, words in slots.items():
        while f"{{{name}}}" in template:
            template = template.replace(f"{{{name}}}", rng.choice(words), 1)
    while "{n}" in template:
        template = template.replace("{n}", str(rng.choice((rng.randint(2, 20), rng.randint(20, 2030)))), 1)
    return template


def _worn(text: str, rng: random.Random, lang: Language) -> str:
    """The same with the small differences of typing."""
    if lang == "en":
        if rng.random() < 0.12:
            text = f"{rng.choice(_BEFORE_EN)} {text[0].lower()}{text[1:]}"
        if rng.random() < 0.25:
            text = text.lower()
        if rng.random() < 0.2:
            text = text.rstrip("?.!")
    else:
        if rng.random() < 0.12:
            text = rng.choice(_BEFORE_ZH) + text
        if rng.random() < 0.2:
            text = text.rstrip("？。！")
    return text


_BEFORE_EN = (
    "Please tell me:",
    "Hi,",
    "Hey,",
    "I wonder,",
    "Can you tell me,",
    "Quick question:",
    "Hello,",
    "So,",
    "Well,",
)
_BEFORE_ZH = ("请问，", "你好，", "我想知道，", "请告诉我，", "能告诉我吗：", "问一下，", "那么，")

_UNKNOWN = Both("This is no sum. I do not know it, and should say so.", "这不是算术题。我不知道，应该如实说。")
_GREETED = Both("This is a greeting.", "这是问候。")
_THANKED = Both("This is a thank you.", "这是感谢。")
_LEFT = Both("This is a goodbye.", "这是告别。")

_GREETINGS = Both(
    "hello\nHello!\nHi\nHi!\nHey\nHi there\nHello there!\nGood morning\nGood evening!\nGood afternoon\nHowdy\n"
    "Hey there!\nGreetings\nhello again\nHi, how are you?\nHow are you?\nHello, how are you today?\nWhat's up?\nYo",
    "你好\n你好！\n您好\n嗨\n早上好\n晚上好！\n下午好\n大家好\n你好呀\n哈喽\n你好吗？\n最近怎么样？\n在吗\n早安\n嘿",
)
_THANKS = Both(
    "Thanks\nThank you!\nThanks a lot\nThank you very much\nGreat, thanks\nThx\nMany thanks!\nThat helps, thank you\n"
    "Perfect, thank you\nCheers, thanks",
    "谢谢\n谢谢！\n非常感谢\n多谢\n谢谢你\n太好了，谢谢\n感谢\n谢谢您的帮助\n辛苦了\n谢啦",
)
_BYES = Both("Bye\nGoodbye!\nSee you\nGood night\nBye bye\nSee you later!", "再见\n拜拜\n再见！\n晚安\n回头见\n下次见")
_WHO = Both(
    "Who are you?\nWhat are you?\nWhat can you do?\nWhat is your name?\nWhich model are you?\nAre you ChatGPT?\n"
    "Who made you?\nHow old are you?\nAre you a human?\nTell "
    "me about yourself.\nWhat do you know?\nCan you help me?\n"
    "How many parameters do you have?\nAre you DeepSeek?\nHelp",
    "你是谁？\n你是什么？\n你会做什么？\n你叫什么名字？\n你是什么模型？\n你是ChatGPT吗？\n谁创造了你？\n你几岁了？\n"
    "你是人吗？\n介绍一下你自己。\n你知道什么？\n你能帮我吗？\n你有多少参数？\n你是DeepSeek吗？\n帮帮我",
)


def _words(text: str, separator: str = " ") -> list[str]:
    return text.split(separator)


_SLOTS_EN: dict[str, list[str]] = {
    "country": _words(
        "France Japan China Brazil Canada Egypt Italy Spain India Norway Peru Kenya Poland Chile Greece Iran "
        "Russia Turkey Mexico Sweden Austria Ireland Portugal Vietnam Thailand Nigeria Cuba Finland Germany"
    ),
    "city": _words(
        "Paris London Tokyo Berlin Rome Madrid Cairo Moscow Beijing Sydney Boston Chicago Vienna Prague Lisbon "
        "Dublin Oslo Athens Mumbai Seoul Toronto Shanghai Amsterdam Zurich Istanbul Warsaw"
    ),
    "person": _words(
        "Einstein,Newton,Mozart,Shakespeare,Napoleon,Cleopatra,Gandhi,Picasso,Beethoven,Darwin,Marie Curie,Plato,"
        "Lincoln,Bach,Galileo,Confucius,Messi,Obama,Da Vinci,Tesla,Steve Jobs,Caesar,Elvis,Turing,Kant",
        ",",
    ),
    "animal": _words(
        "dog cat horse whale tiger elephant bee spider snake eagle penguin frog lion rabbit cow pig shark "
        "octopus parrot wolf bear fox owl turtle giraffe dolphin ant butterfly mouse camel"
    ),
    "food": _words(
        "pizza bread soup rice pasta cake salad pancakes cheese chocolate curry sushi beans tofu cookies noodles "
        "omelette tea coffee wine beer lasagna dumplings ice cream porridge jam"
    ),
    "thing": _words(
        "car phone computer bicycle book lamp chair table door window camera clock radio guitar piano ship plane "
        "train rocket robot engine battery mirror knife shoe hat coat house bridge garden tree flower river lake "
        "mountain island desert moon sun star cloud storm rainbow volcano ocean"
    ),
    "topic": _words(
        "love,history,music,art,science,physics,chemistry,biology,philosophy,religion,politics,economics,football,"
        "tennis,chess,cooking,travel,fashion,weather,climate change,gravity,photosynthesis,democracy,inflation,"
        "evolution,quantum mechanics,the internet,black holes,DNA,vaccines,sleep,dreams,money,happiness,war,peace,"
        "friendship,school,mathematics,the universe,artificial "
        "intelligence,electricity,the stock market,poetry,grammar",
        ",",
    ),
    "language": _words(
        "English French German Spanish Chinese Japanese Latin Russian Arabic Italian Korean Python Java"
    ),
    "verb": _words(
        "learn explain understand draw build fix clean sell buy find make cook paint wash repair grow protect "
        "improve change write use open choose install plan describe"
    ),
    "adjective": _words(
        "good best big small old new fast slow happy sad red blue expensive cheap healthy dangerous famous "
        "beautiful strange tall deep hot cold funny popular important rare common"
    ),
    "job": _words("doctor teacher lawyer nurse pilot farmer writer actor engineer chef artist driver baker singer"),
    "body": _words("heart brain back knee head stomach skin eye ear tooth throat foot hand"),
}
_TEMPLATES_EN = """What is the capital of {country}?
Who was {person}?
When was {person} born?
Where did {person} live?
What did {person} do?
Tell me about {person}.
What is {topic}?
Explain {topic} to a child.
Why is {topic} important?
Write a poem about {topic}.
Write a short story about a {adjective} {animal}.
Write an essay on {topic}.
How do I {verb} a {thing}?
How can I {verb} my {thing}?
What is the {adjective} {thing} in the world?
Why is the {thing} {adjective}?
What does a {animal} eat?
How long does a {animal} live?
Why does a {animal} sleep?
Do {animal}s like {food}?
How do I make {food}?
Give me a recipe for {food}.
Is {food} healthy?
How many calories are in {food}?
Translate "{thing}" into {language}.
How do you say {adjective} in {language}?
Can you speak {language}?
Write a {language} program that sorts a list.
What should I wear in {city} today?
What is the weather in {city}?
How far is {city} from {city}?
What is the population of {country}?
Which language is spoken in {country}?
What happened in {n}?
Who won the world cup in {n}?
Who is the president of {country}?
What is the best way to {verb} {topic}?
Should I buy a {thing} or a {thing}?
My {body} hurts. What should I do?
What does a {job} do?
How do I become a {job}?
I want to be a {job}.
Tell me a joke.
Tell me a joke about a {animal}.
Recommend a book about {topic}.
Recommend a movie.
What is the meaning of life?
What is the difference between a {animal} and a {animal}?
What is the difference between {topic} and {topic}?
Is {topic} more important than {topic}?
I feel {adjective} today.
I do not like {topic}.
My {animal} is {adjective}.
Summarise the history of {country}.
Give me {n} ideas for a {adjective} party.
List {n} facts about {topic}.
Name {n} cities in {country}.
How old is {person}?
How tall is the {adjective} {thing}?
Who invented the {thing}?
Who wrote the {adjective} {thing}?
When was the {thing} invented?
What colour is a {thing}?
How does a {thing} work?
How much does a {thing} cost?
How many {animal}s are there in {country}?
Where can I buy a {thing} in {city}?
What time is it in {city}?
What day is it today?
What is the date?
Can {animal}s swim?
Are {animal}s {adjective}?
Why do people {verb} {thing}s?
Please write an email to my {job}.
Write a letter to a {job} about {topic}.
Fix the grammar: me like {thing}.
Draw a {adjective} {animal}.
Sing a song.
Play chess with me.
What is your favourite {thing}?
What do you think about {topic}?
Do you like {food}?
Do you love me?
Where is {city}?
How do I get from {city} to {city}?
What are the symptoms of a {adjective} {body}?
Explain how to {verb} a {thing} in {n} steps.
Is it {adjective} to {verb} {food}?
What rhymes with {thing}?
What is the opposite of {adjective}?
Spell {thing}.
Define {topic}.
What is the plural of {animal}?
Which planet is the {adjective} one?
{topic}
{thing} {thing}
{animal}
{adjective} {animal} {verb} {thing}
Plan a trip to {city} for {n} days.
How many days does a trip to {country} take?
Is the earth {adjective}?
Give me advice about {topic}.
I lost my {thing} in {city}.
The {job} from {city} said that {topic} is {adjective}. Is that true?
Compare {country} and {country}.
Can I {verb} {food} with {food}?
What music did {person} like?
I have a {adjective} {thing}.
How was your day?
I am bored.
Let us talk about {topic}."""

_SLOTS_ZH: dict[str, list[str]] = {
    "country": _words(
        "法国 日本 中国 巴西 加拿大 埃及 意大利 西班牙 印度 挪威 "
        "秘鲁 德国 俄罗斯 韩国 泰国 越南 希腊 墨西哥 英国 美国 澳大利亚"
    ),
    "city": _words(
        "北京 上海 广州 深圳 成都 杭州 西安 南京 武汉 重庆 天津 巴黎 伦敦 东京 纽约 柏林 罗马 香港 台北 苏州"
    ),
    "person": _words(
        "爱因斯坦 牛顿 李白 杜甫 孔子 鲁迅 秦始皇 莫扎特 莎士比亚 "
        "拿破仑 毕加索 姚明 马云 苏轼 曹操 诸葛亮 达尔文 居里夫人 老子"
    ),
    "animal": _words(
        "狗 猫 马 鲸鱼 老虎 大象 蜜蜂 蜘蛛 蛇 老鹰 企鹅 青蛙 狮子 兔子 牛 猪 鲨鱼 熊猫 狼 熊 狐狸 乌龟 猴子 蚂蚁"
    ),
    "food": _words(
        "披萨 面包 汤 米饭 面条 蛋糕 沙拉 饺子 奶酪 巧克力 火锅 豆腐 红烧肉 茶 咖啡 啤酒 包子 粽子 月饼 番茄炒蛋 牛奶"
    ),
    "thing": _words(
        "汽车 手机 电脑 自行车 书 灯 椅子 桌子 门 窗户 相机 钟 吉他 钢琴 "
        "船 飞机 火车 火箭 机器人 电池 镜子 鞋 帽子 房子 桥 花园 树 花 "
        "河 湖 山 岛 沙漠 月亮 太阳 星星 云 彩虹 火山 大海"
    ),
    "topic": _words(
        "爱情 历史 音乐 艺术 科学 物理 化学 生物 哲学 宗教 政治 经济 "
        "足球 网球 象棋 烹饪 旅行 时尚 天气 气候变化 重力 光合作用 民主 通货膨胀 "
        "进化论 量子力学 互联网 黑洞 疫苗 睡眠 梦 金钱 幸福 战争 和平 友谊 学校 数学 宇宙 人工智能 电 股票 诗歌 语法"
    ),
    "language": _words("英语 法语 德语 西班牙语 中文 日语 俄语 韩语 意大利语 阿拉伯语"),
    "verb": _words("学习 解释 理解 画 建造 修理 打扫 卖 买 找到 制作 清洗 种 保护 改善 使用 打开 选择 安装 描述"),
    "adjective": _words(
        "好 大 小 老 新 快 慢 高兴 难过 红色 蓝色 贵 便宜 健康 危险 有名 漂亮 奇怪 高 深 热 冷 有趣 流行 重要"
    ),
    "job": _words("医生 老师 律师 护士 飞行员 农民 作家 演员 工程师 厨师 画家 司机 歌手"),
    "body": _words("心脏 头 背 膝盖 肚子 皮肤 眼睛 耳朵 牙 喉咙 脚 手"),
}
_TEMPLATES_ZH = """{country}的首都是哪里？
{person}是谁？
{person}是什么时候出生的？
{person}做了什么？
介绍一下{person}。
什么是{topic}？
给小孩解释一下{topic}。
为什么{topic}很重要？
写一首关于{topic}的诗。
写一个关于{animal}的故事。
写一篇关于{topic}的作文。
怎么{verb}{thing}？
世界上最{adjective}的{thing}是什么？
为什么{thing}这么{adjective}？
{animal}吃什么？
{animal}能活多久？
{animal}为什么要睡觉？
怎么做{food}？
给我一个{food}的做法。
{food}健康吗？
{food}有多少热量？
“{thing}”用{language}怎么说？
把“{adjective}”翻译成{language}。
你会说{language}吗？
今天{city}天气怎么样？
{city}离{city}有多远？
{country}有多少人口？
{country}说什么语言？
{n}年发生了什么？
{n}年世界杯谁赢了？
{country}的总统是谁？
我该买{thing}还是{thing}？
我的{body}疼，怎么办？
{job}是做什么的？
怎样成为{job}？
我想当{job}。
讲个笑话。
讲一个关于{animal}的笑话。
推荐一本关于{topic}的书。
推荐一部电影。
人生的意义是什么？
{animal}和{animal}有什么区别？
{topic}和{topic}有什么不同？
我今天很{adjective}。
我不喜欢{topic}。
我的{animal}很{adjective}。
总结一下{country}的历史。
给我{n}个聚会的主意。
列出{n}条关于{topic}的知识。
说出{country}的{n}个城市。
{person}多大年纪？
谁发明了{thing}？
{thing}是什么时候发明的？
{thing}是什么颜色的？
{thing}是怎么工作的？
{thing}多少钱？
{country}有多少只{animal}？
在{city}哪里可以买到{thing}？
{city}现在几点？
今天星期几？
今天几号？
{animal}会游泳吗？
人们为什么要{verb}{thing}？
帮我给{job}写一封邮件。
画一只{adjective}的{animal}。
唱首歌吧。
陪我下棋。
你最喜欢的{thing}是什么？
你怎么看{topic}？
你喜欢{food}吗？
你爱我吗？
{city}在哪里？
从{city}怎么去{city}？
“{adjective}”的反义词是什么？
“{thing}”怎么读？
{topic}
{thing}
{animal}{thing}
计划一次去{city}的{n}天旅行。
去{country}要多久？
地球是{adjective}的吗？
关于{topic}给我一些建议。
我在{city}丢了{thing}。
{job}说{topic}很{adjective}，是真的吗？
比较{country}和{country}。
{food}可以和{food}一起吃吗？
你今天过得怎么样？
我好无聊。
我们聊聊{topic}吧。
周末去哪里玩好？
怎么减肥？
孩子不听话怎么办？
怎样才能{verb}得更{adjective}？
{country}的{food}好吃吗？"""
