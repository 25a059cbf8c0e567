"""The words of everyday talk for training: greetings, questions that no small model knows, second turns.

They are many and odd on purpose. `{country}` and the like stand for one of the words of that name, `{n}` for a number.
"""

from __future__ import annotations

from r1chat.both import Both

BEFORE_EN = (
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
BEFORE_ZH = ("请问，", "你好，", "我想知道，", "请告诉我，", "能告诉我吗：", "问一下，", "那么，")

GREETINGS = Both(
    "hello\nHello!\nHi\nHi!\nHey\nHi there\nHello there!\nGood morning\nGood evening!\nGood afternoon\nHowdy\n"
    "Hey there!\nGreetings\nhello again\nHi, how are you?\nHow are you?\nHello, how are you today?\nWhat's up?\nYo",
    "你好\n你好！\n您好\n嗨\n早上好\n晚上好！\n下午好\n大家好\n你好呀\n哈喽\n你好吗？\n最近怎么样？\n在吗\n早安\n嘿",
)
THANKS = Both(
    "Thanks\nThank you!\nThanks a lot\nThank you very much\nGreat, thanks\nThx\nMany thanks!\nThat helps, thank you\n"
    "Perfect, thank you\nCheers, thanks",
    "谢谢\n谢谢！\n非常感谢\n多谢\n谢谢你\n太好了，谢谢\n感谢\n谢谢您的帮助\n辛苦了\n谢啦",
)
BYES = Both("Bye\nGoodbye!\nSee you\nGood night\nBye bye\nSee you later!", "再见\n拜拜\n再见！\n晚安\n回头见\n下次见")
WHO = Both(
    "Who are you?\nWhat are you?\nWhat can you do?\nWhat is your name?\nWhich model are you?\nAre you ChatGPT?\n"
    "Who made you?\nHow old are you?\nAre you a human?\nTell "
    "me about yourself.\nWhat do you know?\nCan you help me?\n"
    "How many parameters do you have?\nAre you DeepSeek?\nHelp",
    "你是谁？\n你是什么？\n你会做什么？\n你叫什么名字？\n你是什么模型？\n你是ChatGPT吗？\n谁创造了你？\n你几岁了？\n"
    "你是人吗？\n介绍一下你自己。\n你知道什么？\n你能帮我吗？\n你有多少参数？\n你是DeepSeek吗？\n帮帮我",
)


def _words(text: str, separator: str = " ") -> list[str]:
    return text.split(separator)


SLOTS_EN: dict[str, list[str]] = {
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
        "English French German Spanish Chinese Japanese Latin Russian Arabic Italian Korean Portuguese Hindi Greek"
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
    "code": _words("Python Java JavaScript C++ Rust Go SQL HTML CSS Bash Ruby PHP Excel LaTeX"),
    "task": _words(
        "sorts a list,reverses a string,reads a file,finds duplicates,draws a circle,counts words,prints hello world,"
        "checks a password,downloads a page,parses JSON,sends an email,plays tic-tac-toe,converts dates",
        ",",
    ),
    "event": _words(
        "the second world war,the French revolution,the moon landing,the fall of Rome,the great fire of London,"
        "the cold war,the gold rush,the ice age,the black death,the first Olympic games,the Renaissance,the big bang",
        ",",
    ),
    "work": _words(
        "Hamlet,the Mona Lisa,Harry Potter,Romeo and Juliet,the Bible,Star Wars,the Odyssey,Don Quixote,Titanic,"
        "Faust,Swan Lake,The Lord of the Rings,Moby Dick,Alice in Wonderland,the Ninth Symphony,Frozen,Inception",
        ",",
    ),
    "matter": _words(
        "my boss,my girlfriend,my neighbour,my landlord,my exam,my sleep,my cold,my garden,my computer,my passport,"
        "the rent,a headache,a broken heart,stress,a job interview,a first date,a wedding,a birthday present,taxes,"
        "a cat that does not eat,a leaking tap,a flat tyre,a visa,a tattoo,my diet,my back pain,my kids,my homework",
        ",",
    ),
    "hard": _words(
        "the square root of,the factorial of,the logarithm of,the sine of,the cosine of,the cube of"
        ",the Roman numeral of,the binary form of,the square of,the reciprocal of,the digits of pi up to",
        ",",
    ),
    "unit": _words(
        "kilometres miles pounds kilograms inches feet litres gallons Celsius Fahrenheit grams ounces metres"
    ),
    "element": _words("gold silver iron oxygen hydrogen helium carbon copper sodium uranium mercury lead zinc neon"),
    "brand": _words("Apple Google Tesla Toyota Nike Samsung Amazon Netflix Boeing Lego Ikea Sony Disney Microsoft"),
    "feeling": _words(
        "sad,lonely,tired,bored,angry,nervous,happy,stressed,sick,in love,hungry,lost,afraid,confused", ","
    ),
    "activity": _words(
        "swimming,dancing,hiking,reading,fishing,painting,singing,running,meditation,yoga,gardening,gaming,skiing,"
        "knitting,surfing,cycling,photography,camping,juggling,drawing",
        ",",
    ),
    "body": _words("heart brain back knee head stomach skin eye ear tooth throat foot hand"),
}
TEMPLATES_EN = """What is the capital of {country}?
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
Let us talk about {topic}.
Write a {code} function that {task}.
How do I write a {code} script that {task}?
My {code} code does not work. Can you help?
What is the difference between {code} and {code}?
Should I learn {code} or {code}?
Show me an example of a loop in {code}.
Why did {event} happen?
When was {event}?
Explain {event} in simple words.
Who wrote {work}?
Who painted {work}?
What is {work} about?
Summarise {work} for me.
Is {work} worth reading?
Quote a line from {work}.
I need advice about {matter}.
What should I do about {matter}?
How do I deal with {matter}?
Can you help me with {matter}?
I have a problem with {matter}.
I am worried about {matter}.
What is {hard} {n}?
Compute {hard} {n}.
Convert {n} {unit} to {unit}.
How many {unit} are {n} {unit}?
How many {unit} are in a mile?
What is the chemical symbol for {element}?
What is the atomic number of {element}?
What is the melting point of {element}?
At what temperature does {element} boil?
Who founded {brand}?
Is {brand} a good company?
What is the stock price of {brand}?
Which is better, {brand} or {brand}?
I feel {feeling}. What can I do?
I'm so {feeling} today
Why am I always {feeling}?
How do I start with {activity}?
Is {activity} good for my {body}?
What do I need for {activity}?
What are the benefits of {activity}?
I love {activity}!
Do you enjoy {activity}?
Integrate x^{n}.
What is the derivative of sin(x)?
Solve x^2 + {n}x = {n}.
What is {n} to the power of {n}?
What is {n}^{n}?
What is the area of a circle with radius {n}?
What is the volume of a cube with side {n}?
What is the perimeter of a triangle?
Prove that there are infinitely many primes.
What is pi?
Is infinity a number?
What is the {n}th Fibonacci number?
What is the {n}th prime?
How many days are in {n} years?
How many hours are in a week?
How many seconds are in a day?
What day of the week was it in {n}?
How many people live in {city}?
How many legs does a {animal} have?
How many wheels does a {thing} have?
How many moons does Jupiter have?
How many continents are there?
How many bones are in the human body?
How many letters are in the alphabet?
How many countries are in Africa?
How many players are in a {topic} team?
What is the speed of light?
What is the tallest mountain on earth?
What is the longest river in {country}?
What is the biggest city in {country}?
What is the currency of {country}?
What is the national dish of {country}?
Which countries border {country}?
Is {country} in Europe?
Is it safe to travel to {country}?
What is the flag of {country}?
What is the time difference between {city} and {city}?
When is the best time to visit {city}?
What can I see in {city}?
Where should I eat in {city}?
Find me a hotel in {city}.
Book a flight to {city}.
Call {person}.
Set an alarm for {n} o'clock.
Remind me to {verb} the {thing} tomorrow.
Turn off the light.
Play some music.
Order a {food} for me.
Open the {thing}.
Search the web for {topic}.
What is in the news today?
Will it rain tomorrow?
How cold is it outside?
Who will win the election?
What will the world look like in {n}?
Do aliens exist?
Is there a god?
What happens after death?
Why is the sky blue?
Why is the grass green?
Why do we dream?
Why do cats purr?
Why do onions make you cry?
Why is {food} so {adjective}?
How is {food} made?
Where does {food} come from?
Which wine goes with {food}?
Can I freeze {food}?
How long do I cook {food}?
I am allergic to {food}. What can I eat?
What can I cook with {food} and {food}?
What can I do with an old {thing}?
My {thing} is broken.
My {thing} does not start.
I bought a {thing} for {n} dollars. Was that too much?
I am {n} years old. Is that old?
My grandmother is {n} and likes {activity}.
I have {n} {animal}s and love them.
There are {n} people in my class.
In {n} I moved to {city}.
Our team won {n} to {n}!
I weigh {n} kilograms. Should I lose weight?
My phone number is {n}.
Room {n} please.
Chapter {n}
The year {n}
Who lived in the year {n}?
Tell me something about the number {n}.
Why is {n} a lucky number?
Who was president in {n}?
What does {n} mean in slang?
Rewrite this sentence: The {animal} and the {thing}.
Correct my English: he go to {city}.
What is another word for {adjective}?
Use {adjective} in a sentence.
What is the past tense of {verb}?
Is {thing} a noun?
Who coined the word {thing}?
Write a haiku about the {thing}.
Write a limerick about a {job} from {city}.
Write a song for my {animal}.
Write a speech for a wedding.
Write a cover letter for a {job}.
Write a product description for a {thing}.
Write a tweet about {topic}.
Write a dialogue between {person} and {person}.
Imagine you are {person}.
Pretend to be a {job}.
Tell me a bedtime story.
Tell me a secret.
Tell me a fun fact about {animal}s.
Tell me more.
Give me a riddle.
Give me a quote by {person}.
Give me {n} names for a {animal}.
Give me tips for {activity}.
What is your opinion on {topic}?
What are you thinking about?
What are your hobbies?
What makes you happy?
Where are you from?
Where do you live?
Do you have feelings?
Do you dream?
Do you sleep?
Are you conscious?
Are you alive?
Are you male or female?
Are you smarter than me?
Can you see me?
Can you hear me?
Can you draw?
Can you lie?
Can you keep a secret?
Can you feel pain?
Can you browse the internet?
Can you learn from me?
Can you write code?
Can you read my mind?
Will you marry me?
Will robots take my job?
What should I eat tonight?
What should I name my {animal}?
What should I give my {job} for the holidays?
What is a good hobby?
What is wrong with me?
What is love?
What is the best {code} book?
What is the safest {thing}?
What is the fastest {animal}?
What is the smartest {animal}?
What is the rarest {thing}?
What sound does a {animal} make?
Which {animal} is the {adjective} one?
Which {thing} should I buy?
Which is heavier, a {animal} or a {thing}?
Which came first, the chicken or the egg?
Who is the {adjective} {job} in the world?
Who discovered {topic}?
Who is better, {person} or {person}?
Who is your creator?
Did {person} know {person}?
Did {person} like {food}?
Was {person} {adjective}?
Is {person} still alive?
Is {animal} meat {adjective}?
Is {topic} a science?
Is a {animal} a mammal?
Does a {thing} need a {thing}?
Does {topic} make people {feeling}?
How do {animal}s communicate?
How do {thing}s fly?
How do vaccines work?
How do I lose weight?
How do I fall asleep faster?
How do I make friends?
How do I get rich?
How do I tie a tie?
How do I boil an egg?
How do I remove a stain from a {thing}?
How do I say no politely?
How do I stop being {feeling}?
How big is the {thing}?
How heavy is a {animal}?
How fast is a {animal}?
How deep is the ocean?
How hot is the sun?
How long is the {adjective} {thing}?
How often should I {verb} my {thing}?
How often do {animal}s eat?
When does the {thing} open?
When do {animal}s sleep?
When will {topic} end?
When did {person} die?
Where do {animal}s live?
Where was {person} born?
Where can I learn {language}?
Where is my {thing}?
Why did {person} leave {country}?
Why do {animal}s {verb} {thing}s?
Why is {city} called {city}?
Why are {thing}s {adjective}?
Why do I feel {feeling}?
Why should I learn {language}?
please help me write a report on {topic}
need a name for my {adjective} {thing}
best {food} in {city}?
{topic} vs {topic}
{brand} {thing} review
{language} for beginners
what about {topic}?
and {person}?
ok
okay then
yes
no
maybe
why?
really?
lol
hm
I don't understand.
That is wrong.
You are wrong!
I love you.
You are stupid.
Good job!
Never mind.
Go on.
Stop.
Start over.
asdf
test
???
..."""
GLUE_EN = _words(
    "the a an is are was were do does did can could should would will have has my your his her our their of in on at "
    "to for with about and or but not what who why when where how which if then than this that these those it he she "
    "we they I you very more most some any all please tell give show make"
)

SLOTS_ZH: dict[str, list[str]] = {
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
    "code": _words("Python Java JavaScript C++ Rust Go SQL HTML Excel PHP"),
    "event": _words("二战 法国大革命 登月 罗马灭亡 冷战 大爆炸 文艺复兴 辛亥革命 鸦片战争 丝绸之路 工业革命 安史之乱"),
    "work": _words(
        "红楼梦 西游记 水浒传 三国演义 哈姆雷特 蒙娜丽莎 哈利波特 圣经 星球大战 论语 泰坦尼克号 清明上河图 流浪地球"
    ),
    "matter": _words(
        "老板 女朋友 邻居 房东 考试 失眠 感冒 电脑 护照 房租 头疼 失恋 压力 面试 相亲 婚礼 生日礼物 "
        "交税 漏水的水龙头 签证 减肥 腰疼 孩子 作业 室友 工资"
    ),
    "hard": _words("的平方根 的阶乘 的对数 的正弦 的平方 的立方 的倒数 的二进制 的罗马数字"),
    "unit": _words("公里 英里 磅 公斤 英寸 英尺 升 加仑 摄氏度 华氏度 克 盎司"),
    "element": _words("金 银 铁 氧 氢 氦 碳 铜 钠 铀 汞 铅"),
    "brand": _words("苹果 谷歌 特斯拉 丰田 华为 小米 三星 阿里巴巴 腾讯 百度 比亚迪 微软"),
    "feeling": _words("难过 孤独 累 无聊 生气 紧张 开心 焦虑 生病 饿 迷茫 害怕 困"),
    "activity": _words("游泳 跳舞 爬山 读书 钓鱼 画画 唱歌 跑步 冥想 瑜伽 养花 打游戏 滑雪 骑车 摄影 露营 下棋 打篮球"),
    "body": _words("心脏 头 背 膝盖 肚子 皮肤 眼睛 耳朵 牙 喉咙 脚 手"),
}
TEMPLATES_ZH = """{country}的首都是哪里？
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
{country}的{food}好吃吗？
用{code}写一个排序函数。
怎么用{code}读取文件？
我的{code}代码报错了，怎么办？
{code}和{code}有什么区别？
学{code}还是{code}好？
{event}为什么会发生？
{event}是哪一年？
简单解释一下{event}。
《{work}》的作者是谁？
《{work}》讲了什么？
帮我总结《{work}》。
《{work}》值得看吗？
关于{matter}，你有什么建议？
{matter}的事该怎么办？
我为{matter}发愁。
怎么处理{matter}的问题？
{n}{hard}是多少？
求{n}{hard}。
{n}{unit}等于多少{unit}？
把{n}{unit}换算成{unit}。
{element}的化学符号是什么？
{element}的熔点是多少？
{element}的原子序数是多少？
{brand}是谁创办的？
{brand}的股价是多少？
{brand}和{brand}哪个好？
我觉得{feeling}，怎么办？
我今天好{feeling}啊
为什么我总是{feeling}？
怎么开始学{activity}？
{activity}对{body}好吗？
{activity}有什么好处？
我喜欢{activity}！
你喜欢{activity}吗？
求x的{n}次方的积分。
sin(x)的导数是什么？
解方程x^2+{n}x={n}。
{n}的{n}次方是多少？
半径为{n}的圆面积是多少？
边长{n}的正方体体积是多少？
证明质数有无穷多个。
圆周率是多少？
第{n}个质数是什么？
一年有多少天？
一周有几个小时？
一天有多少秒？
{city}有多少人？
{animal}有几条腿？
{thing}有几个轮子？
地球有几大洲？
人有多少块骨头？
光速是多少？
世界最高的山是哪座？
{country}最长的河是什么？
{country}最大的城市是哪个？
{country}用什么货币？
{country}和哪些国家接壤？
去{country}旅游安全吗？
{city}和{city}的时差是多少？
什么时候去{city}最好？
{city}有什么好玩的？
{city}有什么好吃的？
帮我订{city}的酒店。
帮我买去{city}的机票。
给{person}打电话。
定一个{n}点的闹钟。
明天提醒我{verb}{thing}。
关灯。
放首歌。
帮我点一份{food}。
打开{thing}。
搜索一下{topic}。
今天有什么新闻？
明天会下雨吗？
外面冷吗？
{n}年的世界会怎样？
有外星人吗？
世界上有神吗？
人死后会怎样？
天空为什么是蓝色的？
我们为什么会做梦？
为什么切洋葱会流泪？
{food}是怎么做出来的？
{food}是哪里来的？
{food}要煮多久？
我对{food}过敏，能吃什么？
用{food}和{food}能做什么菜？
旧{thing}能做什么？
我的{thing}坏了。
我的{thing}打不开。
我花{n}块钱买了{thing}，贵吗？
我{n}岁了，老吗？
我奶奶{n}岁，喜欢{activity}。
我养了{n}只{animal}。
我们班有{n}个人。
{n}年我搬到了{city}。
我们队{n}比{n}赢了！
我体重{n}公斤，要减肥吗？
我的电话是{n}。
第{n}章
{n}年的皇帝是谁？
说说数字{n}。
为什么{n}是幸运数字？
{n}在网络用语里是什么意思？
改写这句话：{animal}和{thing}。
“{adjective}”的近义词是什么？
用“{adjective}”造句。
“{thing}”是名词吗？
写一首{thing}的打油诗。
给我的{animal}写首歌。
写一篇婚礼致辞。
写一份{job}的求职信。
给{thing}写一段广告。
写一条关于{topic}的微博。
写一段{person}和{person}的对话。
假装你是{person}。
扮演一个{job}。
讲个睡前故事。
告诉我一个秘密。
说一个{animal}的冷知识。
再说一点。
出个谜语。
给我一句{person}的名言。
给{animal}起{n}个名字。
给我一些{activity}的技巧。
你在想什么？
你有什么爱好？
你是哪里人？
你住在哪里？
你有感情吗？
你会做梦吗？
你是男是女？
你比我聪明吗？
你看得见我吗？
你会说谎吗？
你能上网吗？
你会写代码吗？
你能嫁给我吗？
机器人会抢走我的工作吗？
今晚吃什么？
给{animal}起什么名字好？
送{job}什么礼物好？
爱是什么？
最快的{animal}是什么？
最聪明的{animal}是什么？
{animal}怎么叫？
我该买哪个{thing}？
先有鸡还是先有蛋？
世界上最{adjective}的{job}是谁？
谁发现了{topic}？
{person}和{person}谁更厉害？
{person}认识{person}吗？
{person}喜欢{food}吗？
{person}还活着吗？
{topic}是科学吗？
{animal}是哺乳动物吗？
{animal}怎么交流？
飞机为什么能飞？
怎么减肥？
怎么更快入睡？
怎么交朋友？
怎么赚钱？
怎么打领带？
怎么煮鸡蛋？
怎么不再{feeling}？
{thing}有多大？
{animal}有多重？
{animal}跑多快？
海有多深？
太阳有多热？
多久{verb}一次{thing}？
{thing}几点开门？
{animal}什么时候睡觉？
{person}什么时候去世的？
{animal}住在哪里？
{person}是哪里人？
哪里可以学{language}？
我的{thing}在哪里？
{person}为什么离开{country}？
为什么要学{language}？
帮我写一份{topic}的报告
{city}最好的{food}
{topic}和{topic}
{brand}{thing}怎么样
{language}入门
那{topic}呢？
{person}呢？
好的
嗯
是的
不是
为什么？
真的吗？
哈哈
我不懂。
你错了！
我爱你。
你真笨。
做得好！
算了。
继续。
停。
重新开始。
测试
啊
？？？"""

FOLLOW = {
    "double": Both(
        """Now double it.
Double it.
Now double that.
And twice that?
What is double that?
And double?
Double the result.
Twice as much?
now twice that number""",
        """再乘以2。
把它翻倍。
翻一倍呢？
它的两倍是多少？
现在翻倍。
再翻一倍。
结果的两倍呢？
加倍""",
    ),
    "+": Both(
        """Now add {}.
Add {} to that.
Plus {}?
And plus {}?
And {} more?
What if I add {}?
Add {}
+ {}
And if you add {} to it?
Increase it by {}.
then add {} please""",
        """再加{}。
再加上 {} 呢？
加 {} 呢？
如果再加{}是多少？
现在加 {}。
把结果加上{}。
+ {}
再多{}呢？""",
    ),
    "-": Both(
        """Now subtract {}.
Subtract {} from that.
Minus {}?
And minus {}?
And {} less?
Take away {}.
- {}
What if I take {} away?
Decrease it by {}.
then subtract {} please""",
        """再减{}。
再减去 {} 呢？
减 {} 呢？
如果再减{}是多少？
现在减 {}。
从结果里减去{}。
- {}
少{}呢？""",
    ),
    "*": Both(
        """Now multiply it by {}.
Times {}?
And times {}?
Multiply that by {}.
And {} times that?
* {}
What is {} times that?""",
        """再乘以{}。
乘 {} 呢？
它的{}倍是多少？
现在乘以 {}。
把结果乘{}。
* {}""",
    ),
    "/": Both(
        """Now halve it.
And half of that?
What is half of it?
Divide it by {}.
Halve the result.
Divided by {}?
half of that""",
        """它的一半是多少？
除以{}呢？
再除以 {}。
一半呢？
把结果减半。
减半""",
    ),
}
