"""The words of everyday talk for training: greetings, questions that no small model knows, second turns.

They are many and odd on purpose. `{country}` and the like stand for one of the words of that name, `{n}` for a number.
"""

from __future__ import annotations

from r1chat.both import Both

BEFORE_EN = """Please tell me:
Hi,
Hey,
I wonder,
Can you tell me,
Quick question:
Hello,
So,
Well,
Ok,
Okay then,
Next:
Now
One more:
Another one:
Last question:
Let me ask you:
My question:
My question is:
Question:
Question 2:
Here is one for you:
Here's my problem:
I have a question:
I have a task for you:
I need help:
I am stuck.
I'm curious,
I want to know:
I would like to ask:
Help me:
Hi there,
Hello there,
Hello again.
Dear model,
Hey you,
Excuse me,
Sorry,
Sorry to bother you.
Could you help?
Can you help me?
Do you know this?
Tell me,
Say,
Listen:
Please,
Please help.
Please answer:
Answer me:
Be honest:
Be quick:
Think carefully.
Think about it:
Try this:
Try this:
For school:
For my homework:
From my textbook:
From a quiz:
My teacher asks:
My teacher wants to know:
My son asks:
My daughter asks:
My friend asks:
My boss asks:
Homework:
Exam question:
Task:
Exercise:
No idea:
Hmm,
Um,
Oh,
And
Also,
By the way,
Good morning!
Good evening.
Thanks. Now:
Great. Next:
This time:"""
AFTER_EN = """Thanks!
Thank you.
Thanks in advance.
Please.
please help
Please help me.
Please answer.
Please explain.
Explain.
Explain your answer.
Show your work.
Show the steps.
Step by step please.
Think step by step.
Think carefully.
Be careful.
Take your time.
Be quick.
Hurry!
I need it now.
I have no idea.
I don't know.
I am not sure.
I forgot how.
It is for school.
It's for my homework.
Just the answer.
Only the answer please.
Answer only.
Answer briefly.
Short answer please.
What do you think?
Any idea?
Do you know?
Can you help?
Right?
Tell me.
Let me know.
OK?
Go!"""
BEFORE_ZH = """请问，
你好，
我想知道，
请告诉我，
能告诉我吗：
问一下，
那么，
好，
好的，
下一个：
下一题：
再来一个：
再问一个：
最后一个问题：
还有，
另外，
我的问题是：
我有个问题：
我有一个问题，
有个问题，
有道题：
有一道题：
问题：
题目：
作业：
作业题：
考试题：
练习题：
课本上的题：
老师问：
老师让我问，
孩子问：
儿子问我，
女儿问我，
朋友问：
同学问，
帮帮我，
帮我看看：
帮忙，
帮个忙，
请帮忙：
请教一下，
想请教你，
麻烦问下，
麻烦你，
不好意思，
打扰了，
对了，
嗯，
呃，
哎，
嘿，
嗨，
你好，
早上好，
晚上好，
老师好，
那个，
我不会：
我卡住了：
我很好奇，
想问问，
想问一下，
快说，
说说，
说说看：
你说，
你知道吗，
考考你：
试试这个：
请回答：
请认真回答：
仔细想想：
现在，
谢谢，再问："""
AFTER_ZH = """谢谢！
谢谢
谢谢你。
先谢谢了。
拜托了！
请回答。
请帮忙。
请解释。
请说明步骤。
请写出过程。
写出步骤。
一步一步来。
请一步一步想。
仔细想想。
慢慢来。
快点。
急！
急用
我不会。
我不知道。
我不确定。
我忘了怎么做。
这是作业。
只要答案。
只说答案。
直接给答案。
简单回答。
你觉得呢？
你知道吗？
能帮我吗？
对吗？
告诉我。
说一下。
好吗？"""

GREETINGS = Both(
    """hello
Hello!
Hi
Hi!
Hey
Hi there
Hello there!
Good morning
Good evening!
Good afternoon
Howdy
Hey there!
Greetings
hello again
Hi, how are you?
How are you?
Hello, how are you today?
What's up?
Yo
Hello there
Hey, hello
Hi everyone
Hi friend
Hey buddy
Hi bot
Hello robot
Hello, nano
Hi r1chat
Good day
Good day!
Good day, sir
Evening
Nice to meet you
Pleased to meet you!
Welcome
Hello, is anybody there?
Anyone there?
Are you there?
Hey, how are you doing?
How are you doing today?
How's it going?
How is it going?
How do you do?
How are things?
What's new?
Sup
wassup
hey hey
hi hi
hiii
heyyy
hello!!!
Hello :)
Hi :-)
Long time no see
I'm back
Greetings, machine
Salutations
Good to see you
Good to be here. Hello!
Hi, I am new here
Hello, my name is Anna
Hi, I'm Tom
Aloha
Hola
Bonjour
Ahoy""",
    """你好
你好！
你好
嗨
早上好
晚上好！
下午好
大家好
你好呀
哈喽
你好吗？
最近怎么样？
在吗
早安
嘿
你好你好
你好！
你好呀
你好啊！
你好，机器人
你好，朋友
你好，我是小明
嗨，你好
嗨嗨
嗨！
哈啰
哈喽哈喽
嘿，你好
喂
喂，你好
喂？
在不在
有人吗？
你在吗？
早
早上好！
上午好
中午好
下午好！
傍晚好
晚上好
晚上好呀
大家早上好
老师好
很高兴认识你
幸会
久仰
好久不见
我回来了
你还好吗
你好吗
过得怎么样？
最近好吗
近来可好
吃了吗
初次见面，请多关照
问好
向你问好
欢迎""",
)
THANKS = Both(
    """Thanks
Thank you!
Thanks a lot
Thank you very much
Great, thanks
Thx
Many thanks!
That helps, thank you
Perfect, thank you
Cheers, thanks
thank you
thanks!
Thanks for your help
Thanks for the help!
Thank you for helping me
Thank you so much
Thanks so much!
Thanks a million
Thanks, very kind of you
Thank you, you are great
Thank you kindly
thank u
ty
tysm
thnx
thanks man
thanks buddy
Big thanks
I thank you
Much appreciated
I appreciate it
I really appreciate your help
That's great, thanks
That is right, thank you
Nice, thank you!
Wonderful, thank you
Awesome, thanks!
OK, thank you
Cool, thanks
Very helpful, thanks
Very good, thank you
Thanks again
Merci
Cheers
Cheers!""",
    """谢谢
谢谢！
非常感谢
多谢
谢谢你
太好了，谢谢
感谢
谢谢你的帮助
辛苦了
谢啦
谢谢你！
谢谢你
谢谢你！
谢谢啊
谢谢啦！
谢谢帮忙
谢谢你的帮助
谢谢你的回答
谢了
谢啦！
谢谢，太棒了
谢谢，很有用
谢谢老师
多谢！
多谢了
多谢帮忙
十分感谢
非常感谢你
非常感谢！
万分感谢
感谢你
感谢你
感谢感谢
感谢帮助
感激不尽
好，谢谢
行，谢谢
嗯，谢谢
明白了，谢谢
知道了，谢谢你
真是谢谢你了
太感谢了
太谢谢你了
麻烦你了
辛苦啦
辛苦你了
3Q
thanks""",
)
BYES = Both(
    """Bye
Goodbye!
See you
Good night
Bye bye
See you later!
bye!
goodbye
Goodbye for now
bye then
ok bye
Okay, goodbye
Good night!
good night, sleep well
Night!
See ya
see you!
See you soon
See you next time
See you around
Talk to you later
Talk soon
Later!
Catch you later
Take care
Take care!
Farewell
Until next time
Have a nice day
Have a good evening
Have a nice weekend
I have to go now
I must go, bye
I'm leaving now
I am off
Gotta go
That's all, bye
That is all for today
Thanks and goodbye
cya
Ciao
So long""",
    """再见
拜拜
再见！
晚安
回头见
下次见
再见啦
再见了
拜
拜拜！
拜拜啦
拜了
掰掰
88
下次再见
下次再聊
下次见！
改天见
改天聊
明天再聊
回见
回头聊
回头再说，再见
待会儿见
一会儿见
晚安！
晚安，好梦
我走了
我先走了
我要走了
我得走了，再见
我下线了
先这样，再见
就到这里吧，再见
好，再见
好的，拜拜
好了，拜拜
保重
后会有期
祝你愉快
周末愉快
告辞""",
)
WHO = Both(
    """Who are you?
What are you?
What can you do?
What is your name?
Which model are you?
Are you ChatGPT?
Who made you?
How old are you?
Are you a human?
Tell me about yourself.
What do you know?
Can you help me?
How many parameters do you have?
Are you DeepSeek?
Help
who r u
What's your name?
whats your name
Do you have a name?
What kind of model are you?
What sort of program are you?
Which AI are you?
Are you an AI?
Are you a robot?
Are you a real person?
Are you GPT-4?
Are you Claude?
Are you Gemini?
Are you Qwen?
Are you R1?
Are you a big model?
Which company made you?
Who built you?
Who trained you?
Who programmed you?
Who owns you?
When were you made?
When were you trained?
When is your birthday?
How were you trained?
How big are you?
How do you work?
How many languages do you speak?
What are you good at?
What are you for?
What are your limits?
What are your skills?
What can I ask you?
What can you help me with?
What can't you do?
What do you do?
What do you know about me?
What is your purpose?
What is your job?
What is your version?
What should I ask you?
What is r1chat?
What is a nano model?
Introduce yourself
Introduce yourself please.
Describe yourself.
Describe yourself in one word.
I need help
I need some help with something
Please help me!
help me please
Help!
Do you know everything?
Do you know who I am?
Do you know my name?
Do you remember me?
Do you remember what I said yesterday?
Can I ask you something?
Can I ask you a question?
I have a question
I have a question.
Do you use the internet?
Are you open source?
Are you free?
Are you better than ChatGPT?
Where do you run?
Tell me what you can do
Give me an example of what you can do""",
    """你是谁？
你是什么？
你会做什么？
你叫什么名字？
你是什么模型？
你是ChatGPT吗？
谁创造了你？
你几岁了？
你是人吗？
介绍一下你自己。
你知道什么？
你能帮我吗？
你有多少参数？
你是DeepSeek吗？
帮帮我
你叫啥
你叫什么？
你的名字是什么？
你有名字吗？
你是谁啊
你是啥
你是哪个模型？
你是什么AI？
你是AI吗？
你是机器人吗？
你是真人吗？
你是GPT吗？
你是通义千问吗？
你是文心一言吗？
你是Claude吗
你是R1吗？
你是大模型吗？
你是哪家公司的？
谁做的你？
谁训练了你？
谁开发了你？
你的主人是谁？
你什么时候出生的？
你的生日是哪天？
你多大了？
你多大？
你是怎么训练的？
你是怎么工作的？
你会几种语言？
你擅长什么？
你有什么功能？
你有什么本事
你能做什么？
你能做些什么
你能干嘛
你能干什么？
你会什么？
你会干什么
你不会什么？
你的用途是什么？
你的版本是多少？
我可以问你什么？
我该问你什么？
我能问你个问题吗？
我有个问题
我有一个问题想问
请问你能帮忙吗
请帮帮我
帮我个忙
帮个忙
救命
你什么都知道吗？
你知道我是谁吗？
你记得我吗？
你还记得我昨天说的话吗？
你认识我吗
你用网络吗？
你是开源的吗？
你收费吗？
你比ChatGPT强吗？
你在哪里运行？
r1chat是什么？
什么是纳米模型？
自我介绍一下
做个自我介绍吧
说说你自己
用一句话介绍自己
举个你会做的例子""",
)


def _words(text: str, separator: str = " ") -> list[str]:
    return text.split(separator)


SLOTS_EN: dict[str, list[str]] = {
    "country": _words(
        "France Japan China Brazil Canada Egypt Italy Spain India Norway Peru Kenya Poland Chile Greece Iran "
        "Russia Turkey Mexico Sweden Austria Ireland Portugal Vietnam Thailand Nigeria Cuba Finland Germany "
        "Belgium Hungary Romania Ukraine Israel Korea Cambodia Nepal Morocco Ghana Ethiopia Tanzania "
        "Argentina Colombia Bolivia Jamaica Iceland Estonia Croatia Serbia Malta Cyprus Australia Indonesia "
        "Malaysia Pakistan Mongolia England Scotland Switzerland America"
    ),
    "city": _words(
        "Paris London Tokyo Berlin Rome Madrid Cairo Moscow Beijing Sydney Boston Chicago Vienna Prague "
        "Lisbon Dublin Oslo Athens Mumbai Seoul Toronto Shanghai Amsterdam Zurich Istanbul Warsaw Munich "
        "Hamburg Cologne Milan Venice Naples Florence Barcelona Valencia Porto Lyon Marseille Nice Brussels "
        "Budapest Krakow Helsinki Stockholm Copenhagen Kyoto Osaka Hanoi Bangkok Singapore Jakarta Delhi "
        "Nairobi Lagos Lima Bogota Miami Seattle Denver Dallas Houston Vancouver Montreal Melbourne Dubai"
    ),
    "person": _words(
        "Einstein,Newton,Mozart,Shakespeare,Napoleon,Cleopatra,Gandhi,Picasso,Beethoven,Darwin,Marie Curie,"
        "Plato,Lincoln,Bach,Galileo,Confucius,Messi,Obama,Da Vinci,Tesla,Steve Jobs,Caesar,Elvis,Turing,Kant,"
        "Aristotle,Socrates,Homer,Dante,Michelangelo,Raphael,Rembrandt,Van Gogh,Monet,Dali,Chopin,Vivaldi,"
        "Wagner,Verdi,Goethe,Schiller,Kafka,Tolstoy,Dickens,Jane Austen,Mark Twain,Hemingway,Orwell,"
        "Agatha Christie,Freud,Marx,Lenin,Stalin,Churchill,Kennedy,Martin Luther King,Mandela,Columbus,"
        "Marco Polo,Magellan,Neil Armstrong,Edison,Bill Gates,Elon Musk,Michael Jackson,Madonna,Taylor Swift,"
        "Beyonce,Bob Marley,Pele,Maradona,Ronaldo,Federer,Usain Bolt,Joan of Arc,Queen Victoria,Genghis Khan,"
        "Buddha,Jesus,Hawking,Feynman,Bohr,Euler,Gauss,Archimedes,Pythagoras",
        ",",
    ),
    "animal": _words(
        "dog cat horse whale tiger elephant bee spider snake eagle penguin frog lion rabbit cow pig shark "
        "octopus parrot wolf bear fox owl turtle giraffe dolphin ant butterfly mouse camel goat sheep donkey "
        "duck goose chicken turkey swan crow pigeon sparrow bat rat hamster squirrel hedgehog beaver otter "
        "seal walrus crab lobster snail worm fly mosquito moth lizard crocodile dinosaur panda koala "
        "kangaroo zebra rhino hippo gorilla monkey leopard cheetah deer moose reindeer salmon tuna goldfish "
        "jellyfish unicorn dragon"
    ),
    "food": _words(
        "pizza bread soup rice pasta cake salad pancakes cheese chocolate curry sushi beans tofu cookies "
        "noodles omelette tea coffee wine beer lasagna dumplings ice cream porridge jam apples bananas "
        "oranges strawberries lemons tomatoes potatoes onions garlic carrots cabbage spinach mushrooms "
        "pumpkin chicken beef pork lamb fish bacon sausages eggs butter milk yoghurt honey sugar salt pepper "
        "flour oats cereal toast sandwiches burgers fries tacos burritos ramen kimchi pho paella risotto "
        "pancake waffles muffins pie brownies juice lemonade water whisky"
    ),
    "thing": _words(
        "car phone computer bicycle book lamp chair table door window camera clock radio guitar piano ship "
        "plane train rocket robot engine battery mirror knife shoe hat coat house bridge garden tree flower "
        "river lake mountain island desert moon sun star cloud storm rainbow volcano ocean sofa bed pillow "
        "blanket carpet curtain shelf desk drawer fridge oven stove kettle toaster microwave dishwasher "
        "vacuum broom bucket hammer screwdriver saw drill ladder rope bag backpack suitcase wallet purse "
        "watch ring necklace glasses umbrella shirt dress jacket sweater sock glove scarf boot tent torch "
        "candle match bottle cup plate fork spoon pan pot bowl printer keyboard mouse screen tablet laptop "
        "charger headphone speaker microphone drone scooter motorbike truck bus tram taxi boat kayak "
        "helicopter balloon kite doll puzzle ball drum violin flute trumpet painting statue castle tower "
        "church school hospital museum library shop market farm field forest hill valley cave beach wave "
        "wind rain snow ice fire smoke sand stone planet comet galaxy"
    ),
    "topic": _words(
        "love,history,music,art,science,physics,chemistry,biology,philosophy,religion,politics,economics,"
        "football,tennis,chess,cooking,travel,fashion,weather,climate change,gravity,"
        "democracy,inflation,evolution,quantum mechanics,the internet,black holes,DNA,vaccines,sleep,dreams,"
        "money,happiness,war,peace,friendship,school,mathematics,the universe,artificial intelligence,"
        "electricity,the stock market,poetry,grammar,marriage,divorce,family,education,law,crime,justice,"
        "freedom,slavery,racism,feminism,capitalism,communism,socialism,globalisation,immigration,taxes,"
        "banks,bitcoin,insurance,real estate,advertising,social media,privacy,hacking,encryption,robots,"
        "self-driving cars,space travel,nuclear energy,solar panels,recycling,pollution,global warming,"
        "deforestation,earthquakes,tsunamis,tornadoes,allergies,cancer,diabetes,the flu,depression,anxiety,"
        "stress,vitamins,diets,fasting,coffee,tea,wine,basketball,baseball,hockey,golf,boxing,martial arts,"
        "ballet,opera,jazz,rock music,hip hop,cinema,theatre,photography,architecture,sculpture,mythology,"
        "astrology,magic,ghosts,time travel,relativity,string theory,entropy,magnetism,sound,light,atoms,"
        "molecules,cells,genes,proteins,bacteria,viruses,fungi,dinosaurs,fossils,volcanoes,rocks,rivers,"
        "the ocean,the moon,mars,grammar rules,spelling,handwriting,public speaking,leadership,teamwork,"
        "time management,motivation,creativity,memory,intelligence,consciousness,free will,truth,beauty,death",
        ",",
    ),
    "language": _words(
        "English French German Spanish Chinese Japanese Latin Russian Arabic Italian Korean Portuguese Hindi Greek"
    ),
    "verb": _words(
        "learn explain understand draw build fix clean sell buy find make cook paint wash repair grow "
        "protect improve change write use open choose install plan describe teach study train test check "
        "compare count measure weigh move carry lift push pull throw catch hide lose break cut burn freeze "
        "melt boil fry bake mix stir eat drink taste smell feel touch see watch hear wear fold iron sew knit "
        "hang store keep steal lend borrow rent charge connect print copy delete save share send post mail "
        "invite meet visit leave enter follow lead stop start finish"
    ),
    "adjective": _words(
        "good best big small old new fast slow happy sad red blue expensive cheap healthy dangerous famous "
        "beautiful strange tall deep hot cold funny popular important rare common young thin thick heavy "
        "light dark bright loud quiet soft hard wet dry clean dirty sharp sweet sour bitter salty spicy "
        "fresh rotten rich poor clever stupid brave shy kind rude polite lazy busy free full empty open "
        "broken modern ancient wild tame pretty ugly smart silly boring exciting scary perfect simple "
        "complex green yellow black white purple orange pink brown golden silver"
    ),
    "job": _words(
        "doctor teacher lawyer nurse pilot farmer writer actor engineer chef artist driver baker singer "
        "plumber carpenter electrician mechanic policeman soldier judge president mayor manager secretary "
        "scientist programmer designer architect journalist photographer musician dancer dentist surgeon vet "
        "gardener butcher waiter tailor barber cleaner guard sailor astronaut professor librarian translator"
    ),
    "code": _words("Python Java JavaScript C++ Rust Go SQL HTML CSS Bash Ruby PHP Excel LaTeX"),
    "task": _words(
        "sorts a list,reverses a string,reads a file,finds duplicates,draws a circle,counts words,"
        "prints hello world,checks a password,downloads a page,parses JSON,sends an email,plays tic-tac-toe,"
        "converts dates,opens a window,plots a graph,trains a classifier,scrapes a website,renames files,"
        "merges two tables,calls an API,logs in a user,encrypts a text,plays a sound,resizes an image,"
        "draws a triangle,starts a server,writes a log,checks a date,validates an email,shuffles cards,"
        "solves a maze",
        ",",
    ),
    "event": _words(
        "the second world war,the French revolution,the moon landing,the fall of Rome,"
        "the great fire of London,the cold war,the gold rush,the ice age,the black death,"
        "the first Olympic games,the Renaissance,the big bang,the first world war,the American civil war,"
        "the Vietnam war,the fall of the Berlin wall,the Boston tea party,the industrial revolution,"
        "the Reformation,the crusades,the Titanic disaster,the Chernobyl accident,the great depression,"
        "the discovery of America,the Russian revolution,the Cuban missile crisis,the battle of Waterloo,"
        "the last solar eclipse,the signing of the Magna Carta,Woodstock",
        ",",
    ),
    "work": _words(
        "Hamlet,the Mona Lisa,Harry Potter,Romeo and Juliet,the Bible,Star Wars,the Odyssey,Don Quixote,"
        "Titanic,Faust,Swan Lake,The Lord of the Rings,Moby Dick,Alice in Wonderland,the Ninth Symphony,"
        "Frozen,Inception,Macbeth,Othello,War and Peace,1984,Animal Farm,Pride and Prejudice,Jane Eyre,"
        "Dracula,Frankenstein,Sherlock Holmes,Robinson Crusoe,Treasure Island,Peter Pan,Pinocchio,"
        "The Little Prince,The Hobbit,Game of Thrones,Breaking Bad,Friends,The Simpsons,Avatar,The Matrix,"
        "Jurassic Park,Casablanca,The Godfather,Pulp Fiction,Forrest Gump,The Lion King,Toy Story,Carmen,"
        "The Magic Flute,The Four Seasons,Bohemian Rhapsody,Imagine,Yesterday,The Scream,The Starry Night,"
        "Guernica",
        ",",
    ),
    "matter": _words(
        "my boss,my girlfriend,my neighbour,my landlord,my exam,my sleep,my cold,my garden,my computer,"
        "my passport,the rent,a headache,a broken heart,stress,a job interview,a first date,a wedding,"
        "a birthday present,taxes,a cat that does not eat,a leaking tap,a flat tyre,a visa,a tattoo,my diet,"
        "my back pain,my kids,my homework,my mother,my father,my brother,my sister,my roommate,my teacher,"
        "my colleague,my ex,my wife,my husband,my baby,my dog,my car,my bike,my phone,my laptop,my wifi,"
        "my printer,my fridge,my toilet,my roof,my lawn,my plants,my hair,my skin,my teeth,my eyes,my knee,"
        "my memory,my anger,my debts,my loan,my mortgage,my savings,my pension,my contract,my thesis,"
        "my presentation,my essay,my speech,a lost key,a stolen bag,a late train,a noisy party,a bad grade,"
        "a rash,a cough,a fever,insomnia,toothache,loneliness,boredom,a blind date,a divorce,a funeral,"
        "moving house,jet lag,ants in my kitchen,mould",
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
    "brand": _words(
        "Apple Google Tesla Toyota Nike Samsung Amazon Netflix Boeing Lego Ikea Sony Disney Microsoft "
        "Facebook Spotify Uber Airbnb BMW Volkswagen Ford Honda Ferrari Intel Nvidia Nokia Siemens Philips "
        "Adidas Zara Starbucks Pepsi Nestle Shell Visa PayPal eBay LinkedIn YouTube Nintendo"
    ),
    "feeling": _words(
        "sad,lonely,tired,bored,angry,nervous,happy,stressed,sick,in love,hungry,lost,afraid,confused,"
        "anxious,jealous,ashamed,guilty,proud,excited,grateful,hopeless,homesick,shy,dizzy,weak,cold,sleepy,"
        "thirsty,overworked,frustrated",
        ",",
    ),
    "activity": _words(
        "swimming,dancing,hiking,reading,fishing,painting,singing,running,meditation,yoga,gardening,gaming,"
        "skiing,knitting,surfing,cycling,photography,camping,juggling,drawing,chess,poker,tennis,football,"
        "golf,boxing,karate,judo,climbing,sailing,rowing,diving,horse riding,skating,snowboarding,bowling,"
        "archery,pottery,sewing,baking,cooking,writing,blogging,travelling,shopping,stargazing,bird watching,"
        "origami,magic tricks,playing the guitar,playing the piano,learning languages,volunteering",
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
...
How do {animal}s {verb} their young?
How do birds fly?
How does {brand} make money?
How does rain form?
How does wifi work?
How does a {job} {verb} a {thing}?
How do I apply for {matter}?
How do I cancel my subscription?
How do I change a tyre?
How do I clean my {body}?
How do I delete a file in {code}?
How do I get to the station?
How do I install {code}?
How do I know if {food} is bad?
How do I know if someone likes me?
How do I pronounce {city}?
How do I reset my {thing}?
How do I store {food}?
How do I tell my {job} that I am {feeling}?
How do I train a {animal}?
How do I use a {thing}?
How bad is {topic} for the {body}?
How cold is {city} in winter?
How expensive is {city}?
How high is the {thing}?
How late is it?
How long does {activity} take to learn?
How long is a marathon?
How long is the {thing}?
How long was {event}?
How long will {n} kg of {food} last?
How many {animal}s can fit in a {thing}?
How many {thing}s does {brand} sell?
How many books did {person} write?
How many bones does a {animal} have?
How many brothers did {person} have?
How many calories does {activity} burn?
How many children did {person} have?
How many colours are in a rainbow?
How many eggs does a {animal} lay?
How many films are there of {work}?
How many grams of {food} do I need?
How many hours should I sleep?
How many islands does {country} have?
How many keys does a {thing} have?
How many kilos of {food} do {n} people need?
How many kings did {country} have?
How many languages are spoken in {country}?
How many minutes do I cook {food}?
How many pages does {work} have?
How many people died in {event}?
How many people speak {language}?
How many planets are there?
How many states does {country} have?
How many stars are in the sky?
How many teeth does a {animal} have?
How many times did {person} marry?
How many times did {country} win the world cup?
How many times should I {verb} my {thing}?
How many words does {language} have?
How many years did {event} last?
How much {food} should a {animal} eat?
How much does a {job} earn?
How much does a {animal} weigh?
How much is a ticket to {city}?
How much is {food} in {city}?
How much is the {thing}?
How much money do I need for {city}?
How much sleep do I need?
How much water should I drink?
How old was {person} in {n}?
What animal is the {adjective} one?
What are the {adjective} {thing}s of {country}?
What are the ingredients of {food}?
What are the rules of {activity}?
What are the side effects of {element}?
What are the {n} biggest cities in {country}?
What are {thing}s made of?
What are good {activity} shoes?
What can {animal}s see?
What can I do against {matter}?
What can I do in {city} with kids?
What causes {topic}?
What colour should I paint my {thing}?
What comes after {event}?
What comes first, {topic} or {topic}?
What did {person} say about {topic}?
What did people eat in {n}?
What do {animal}s eat in winter?
What do {person} and {person} have in common?
What do I say at a funeral?
What do I wear to a wedding?
What do you call a young {animal}?
What do you need to {verb} a {thing}?
What does my name mean?
What does {brand} do?
What does "{adjective}" mean?
What does {thing} mean in {language}?
What does {element} look like?
What does the {animal} say?
What does this error mean in {code}?
What else?
What goes well with {food}?
What happens if I {verb} a {thing} in water?
What happens when {element} meets water?
What if the sun goes out?
What is "{thing}" in {language}?
What is a {thing}?
What is a group of {animal}s called?
What is a good {thing} for {activity}?
What is a good present for a {job}?
What is a synonym of {adjective}?
What is behind the {thing}?
What is in {food}?
What is inside a {thing}?
What is my name?
What is my horoscope?
What is new in {code} {n}?
What is on TV tonight?
What is so special about {city}?
What is the airport code of {city}?
What is the area of {country}?
What is the average age of a {job}?
What is the biggest {animal}?
What is the birth date of {person}?
What is the capital city of {country}?
What is the cheapest {thing}?
What is the current year?
What is the distance to the moon?
What is the formula for {topic}?
What is the height of a {thing}?
What is the highest {thing}?
What is the largest {animal}?
What is the largest country?
What is the lifespan of a {animal}?
What is the main idea of {work}?
What is the mass of the earth?
What is the most {adjective} {food}?
What is the number of {job}s in {country}?
What is the oldest {thing}?
What is the origin of {food}?
What is the phone number of {brand}?
What is the point of {topic}?
What is the price of {element}?
What is the purpose of a {thing}?
What is the real name of {person}?
What is the recipe of {food}?
What is the result of the election in {country}?
What is the result of the match?
What is the size of {country}?
What is the smallest country?
What is the symbol of {brand}?
What is the temperature in {city}?
What is the temperature of the sun?
What is the value of the {thing}?
What is the value of friendship?
What is the weight of a {animal}?
What is the zip code of {city}?
What is your age?
What is your phone number?
What kind of {animal} is that?
What kind of {food} do you like?
What kind of music is good for {activity}?
What language do they speak in {city}?
What makes {food} {adjective}?
What percent of people like {food}?
What percentage of the earth is water?
What shall we do today?
What size is my {body}?
What time does the {thing} open?
What time does the sun rise in {city}?
What time is dinner?
What time should I go to bed?
What was {event}?
What was the name of the {animal} of {person}?
What will the weather be like on Monday?
What would {person} say?
What would happen without the {thing}?
What would you do if you were a {job}?
What year did {person} die?
What year is it?
When can I pick up my {thing}?
When did {event} start?
When do I need a {thing}?
When does {country} celebrate its national day?
When does winter begin?
When does the bus come?
When is Christmas?
When is {person}'s birthday?
When is the next full moon?
When is the right time for {activity}?
When was {brand} founded?
When was {work} written?
When was the last time you slept?
Where are my {thing}s?
Where can I find {element}?
Where can I go {activity}?
Where can I park in {city}?
Where can I see a {animal}?
Where did {event} take place?
Where do I put the {thing}?
Where does the word {thing} come from?
Where is the nearest hospital?
Where is the {thing} of my {animal}?
Where is {brand} based?
Where is {person} buried?
Where was {work} filmed?
Which {code} version should I use?
Which {food} has the most protein?
Which {thing} is {adjective}, the {thing} or the {thing}?
Which animals sleep in winter?
Which city is larger, {city} or {city}?
Which country has the most {animal}s?
Which country is larger, {country} or {country}?
Which day is today?
Which is better, {food} or {food}?
Which is faster, a {thing} or a {animal}?
Which is the larger animal, {animal} or {animal}?
Which is more {adjective}, {food} or {food}?
Which language is hardest to learn?
Which planet is closest to the sun?
Which team does {person} play for?
Who are the {job}s of {country}?
Who directed {work}?
Who found {element}?
Who is {person}?
Who is the author of {work}?
Who is the boss of {brand}?
Who is the king of {country}?
Who is the richest person?
Who is the main character in {work}?
Who is your best friend?
Who killed {person}?
Who plays in {work}?
Who sang that song?
Who taught you?
Who was the first {job} in space?
Who was the first man on the moon?
Who was the {n}th president?
Who won {event}?
Whose {thing} is this?
Why am I here?
Why are {animal}s {adjective}?
Why are you {adjective}?
Why did {brand} fail?
Why did {person} write {work}?
Why do {animal}s hate {animal}s?
Why do I need a {thing}?
Why do leaves fall?
Why do we need {topic}?
Why does my {body} hurt after {activity}?
Why does my {code} script crash?
Why does the moon shine?
Why is {element} {adjective}?
Why is {person} {adjective}?
Why is {work} so {adjective}?
Why is my {thing} so slow?
Why is water wet?
Why won't my {thing} turn on?
Am I {adjective}?
Am I too old for {activity}?
Any ideas for {matter}?
Any news about {brand}?
Are {animal}s and {animal}s friends?
Are {thing}s {adjective} in {country}?
Are there {animal}s in {city}?
Are we alone in the universe?
Are you afraid of {animal}s?
Are you busy?
Are you hungry?
Are you kidding?
Are you married?
Are you okay?
Are you sure?
Can a {animal} eat {food}?
Can a {animal} live in a {thing}?
Can humans fly?
Can I bring my {animal} to {city}?
Can I eat {food} every day?
Can I pay with {brand}?
Can I wash a {thing}?
Can one live from {activity}?
Can we be friends?
Can you cook?
Can you count sheep?
Can you explain {topic} like I am five?
Can you fix my {thing}?
Can you give me some feedback on my {thing}?
Can you make a picture of a {animal}?
Can you make me laugh?
Can you play {activity}?
Can you recommend a {thing}?
Can you send a message to my {job}?
Can you sing?
Can you summarise this article?
Can you translate this into {language}?
Can you write a song about {food}?
Check my spelling: the {animal} is in the {thing}
Could you draft an invitation?
Could you find me a {job} in {city}?
Could {person} {verb} a {thing}?
Create a logo for my {thing}.
Create a quiz about {topic}.
Describe {city} in three words.
Describe a {adjective} {thing}.
Design a {thing} for me.
Did it rain yesterday?
Did you sleep well?
Did you know that {animal}s are {adjective}?
Do {animal}s get {feeling}?
Do I have {matter}?
Do I need a visa for {country}?
Do I need an umbrella today?
Do you believe in {topic}?
Do you have a {thing}?
Do you have friends?
Do you know {person}?
Do you know a {adjective} {job}?
Do you know any jokes?
Do you like me?
Do you read books?
Do you think {topic} is {adjective}?
Do you understand {language}?
Do you want a {thing}?
Does {person} have children?
Does {food} make fat?
Does {country} have a king?
Does he love me?
Does it snow in {city}?
Does money make {feeling}?
Does the {thing} work?
Draft a message to my {job}.
Explain {work}.
Explain {code} to a {job}.
Explain how a {thing} works.
Explain that again
Explain the joke
Explain the rules of {activity}.
Explain why the {thing} is {adjective}.
Finish this sentence: The {animal} is
Forget everything I said.
Generate a password.
Generate a random {thing}.
Give me a hint.
Give me a synonym for {adjective}.
Give me an overview of {topic}.
Give me money.
Give me some {food}.
Give three reasons for {activity}.
Go away
Guess my age.
Guess what I am thinking.
Happy birthday!
Has {person} ever been to {city}?
Have you been to {city}?
Have you eaten?
Have you heard of {brand}?
Have you seen {work}?
Help me choose a {thing}.
Help me with my {language} homework.
Help me write a letter.
I am a {job}.
I am allergic to {animal}s.
I am from {city}.
I am going to {country} tomorrow.
I am looking for a {adjective} {thing}.
I am so {feeling}.
I am learning {language}.
I am {n}.
I broke my {body}.
I can't find my {thing}.
I can't sleep.
I do not know what to do.
I don't believe you
I don't want to go to school.
I forgot my {thing} in the {thing}.
I fell in love with a {job}.
I had a {adjective} dream.
I had a fight with my friend.
I hate {food}.
I hate my job
I have a {body} ache
I have a date tonight.
I have an exam tomorrow.
I have no {thing}.
I have no friends.
I have {n} dollars. What should I buy?
I have {n} minutes. What can I do?
I just finished {work}.
I just want to talk.
I like {animal}s more than {animal}s.
I live in {city}.
I love {country}
I met {person} yesterday.
I miss my {animal}.
I need a new {thing}.
I need a plan for {activity}.
I need money
I need to learn {code} in {n} days.
I saw a {animal} in {city} yesterday.
I speak {language}.
I think you are {adjective}.
I want to {verb} a {thing}.
I want to learn {activity}.
I want to travel to {country} in {n}.
I want to quit my job.
I was born in {n}.
I wish I had a {thing}.
I would like a table for {n} people.
I would like to know more about {topic}.
I'd like to return a {thing}.
I'm {n} years old and want to learn {activity}.
I'm hungry, what do I cook?
I'm not sure.
If I were a {animal}, what would I eat?
If you could meet {person}, what would you ask?
If it rains tomorrow, what shall I do?
In which country is {city}?
In which year was {person} born?
Invent a word for a {adjective} {thing}.
Is {activity} an Olympic sport?
Is {adjective} the opposite of {adjective}?
Is {animal} a good pet?
Is {brand} from {country}?
Is {city} larger than {city}?
Is {city} the capital of {country}?
Is {code} easier than {code}?
Is {country} bigger than {country}?
Is {element} a metal?
Is {food} better than {food}?
Is {language} hard?
Is {n} a lucky number?
Is it going to be {adjective} tomorrow?
Is it legal to {verb} a {thing} in {country}?
Is it normal to be {feeling}?
Is it too late?
Is my {thing} {adjective}?
Is Pluto a planet?
Is Santa real?
Is that true?
Is the {thing} open on Sunday?
Is there a {thing} in {city}?
Is this a joke?
Is water {adjective}?
Is your favourite colour {adjective}?
It is {n} degrees outside.
It is raining.
It's my birthday!
It's so hot here
Let us play a game.
Let's talk
List all the {job}s you know.
List the planets.
List some {adjective} {thing}s
Make a list of {food}s.
Make a table of {thing}s and {thing}s.
Make a joke about {brand}.
Make me a sandwich.
May I use {code} for {topic}?
My {animal} ate {food}. What now?
My {animal} is {n} years old.
My {animal} weighs {n} kilos.
My {job} is {feeling}.
My {thing} costs {n} dollars.
My {thing} has {n} {thing}s.
My boyfriend is {feeling}.
My daughter loves {animal}s.
My flight was cancelled.
My name is {person}.
My phone is at {n} percent.
My wife and I are from {country}.
Name a {adjective} {animal}.
Name the {n} best films.
Name the oceans.
No way!
Nothing
Now explain it to my {job}
Of what is a {thing} made?
Oh no, my {thing}!
On which continent is {country}?
Paint a {thing}
Please book a table for {n}.
Please call me at {n}.
Please continue.
Please describe a {thing}.
Please explain {topic} briefly.
Please say something {adjective}.
Please translate: the {thing} is {adjective}
Please wake me at {n}.
Please write a review of {work}.
Proofread this: I has a {thing}.
Put the {thing} on the {thing}.
Rate my {thing}.
Read me a story.
Recommend a {thing} under {n} dollars.
Recommend a good {job} in {city}.
Recommend me a game.
Rephrase: the {animal} is {adjective}.
Roll a dice
Say hello in {language}.
Say it in {language}
Say something
Sell me this {thing}.
Shall I {verb} the {thing}?
She said {adjective} things about {person}.
Should I go to {city} or {city}?
Should I call my {job}?
Should I worry about {matter}?
Shut up
Since when do people {verb} {thing}s?
Solve my problem with {matter}.
Something is wrong with my {thing}.
Sorry
Speak {language} with me.
Suggest a {adjective} name for my {thing}.
Suggest a film for tonight.
Teach me {language}.
Teach me something.
Tell me a story about {person}.
Tell me about {country}.
Tell me about the {thing}.
Tell me how to {verb} a {thing}.
Tell me something {adjective}.
Tell me the news.
Tell me the time.
Tell me the truth.
Tell me what {topic} is.
Tell me why.
Tell me your name
That is {adjective}.
That is not what I asked.
That's funny
The {animal} {verb}s the {thing}.
The {thing} is {adjective} and the {animal} is {adjective}.
The weather is {adjective} today.
The world is {adjective}
There is a {animal} in my {thing}. What do I do?
This {thing} is {adjective}.
To be or not to be?
To which country does {city} belong?
Today is a {adjective} day.
Today I ate {n} {food}s.
Turn on the {thing}.
Two {animal}s and a {thing}
Until when is the {thing} open?
Use the word {thing} in a sentence.
Wait
Was {event} {adjective}?
Was {work} written by {person}?
We are {n} friends on a trip to {city}.
We need {n} {thing}s for the party. Where can we get them?
We went to {city} last year.
Were there {animal}s in {country} in {n}?
Will {brand} survive?
Will AI destroy us?
Will it be {adjective} in {city}?
Will I be rich?
Will you be my friend?
With whom did {person} live?
Wow
Would you like to be a {animal}?
Would you eat {food}?
Write a {code} class for a {thing}.
Write a diary entry of a {animal}.
Write a headline about {brand}.
Write a letter to {person}.
Write a love letter.
Write a recipe with {food} and {food}.
Write a review of my {thing}.
Write a scene from {work}.
Write a short text about {city}.
Write an SQL query that {task}.
Write an introduction for my thesis on {topic}.
Write me a story
Write {n} words about {topic}.
Yes please
Yes, tell me
You are {adjective}.
You are my best friend
You made a mistake
You remind me of {person}.
You said that {topic} is {adjective}.
Your answer is too long.
{adjective} {thing}s for {activity}
{adjective}?
{animal} or {animal}?
{animal} facts
{animal}s in {country}
{brand} or {brand}
{brand} customer service number
{city} in {n} days
{city} to {city}
{city} weather
{code} tutorial
{code} error: undefined {thing}
{country} population
{country} {n}
{element} price today
{event}
{feeling}
{food} calories
{food} near me
{food} recipe
{job} salary in {country}
{language} word for {thing}
{n} {animal}s
{n} {adjective} {thing}s
{n} kg of {food} please
{n} people like this
{person}
{person} quotes
{person} wife
{person} vs {person}
{thing} not working
{thing} for {n} dollars
{thing}
{topic} definition
{topic} for dummies
{verb} my {thing}
{work} ending explained
a {adjective} {thing} and a {adjective} {animal}
define {adjective}
synonym {adjective}
translate {thing}
buy {thing} {city}
cheap {thing}
help with {code}
weather tomorrow
who am i
what now
i dont know
idk
k
nice
haha
hmm ok
please
sorry what
good
cool
bad
omg
huh?
:(
:)
!!
hello?? who is {person}
blah blah"""
GLUE_EN = _words(
    "the a an is are was were do does did can could should would will have has my your his her our their of in on at "
    "to for with about and or but not what who why when where how which if then than this that these those it he she "
    "we they I you very more most some any all please tell give show make"
)

SLOTS_ZH: dict[str, list[str]] = {
    "country": _words(
        "法国 日本 中国 巴西 加拿大 埃及 意大利 西班牙 印度 挪威 秘鲁 德国 俄罗斯 韩国 泰国 越南 "
        "希腊 墨西哥 英国 美国 澳大利亚 比利时 荷兰 瑞士 瑞典 丹麦 芬兰 波兰 乌克兰 土耳其 伊朗 "
        "以色列 沙特 蒙古 朝鲜 缅甸 老挝 柬埔寨 马来西亚 新加坡 印尼 菲律宾 尼泊尔 巴基斯坦 摩洛哥 "
        "南非 尼日利亚 肯尼亚 阿根廷 智利 古巴 新西兰 冰岛 爱尔兰 葡萄牙 奥地利 匈牙利"
    ),
    "city": _words(
        "北京 上海 广州 深圳 成都 杭州 西安 南京 武汉 重庆 天津 巴黎 伦敦 东京 纽约 柏林 罗马 "
        "香港 台北 苏州 青岛 大连 厦门 昆明 大理 丽江 拉萨 哈尔滨 长春 沈阳 济南 郑州 长沙 南昌 "
        "福州 合肥 太原 贵阳 南宁 海口 三亚 桂林 兰州 银川 西宁 澳门 首尔 大阪 京都 曼谷 迪拜 "
        "悉尼 墨尔本 莫斯科 维也纳 米兰 威尼斯 马德里 芝加哥 旧金山 温哥华"
    ),
    "person": _words(
        "爱因斯坦 牛顿 李白 杜甫 孔子 鲁迅 秦始皇 莫扎特 莎士比亚 拿破仑 毕加索 姚明 马云 苏轼 "
        "曹操 诸葛亮 达尔文 居里夫人 老子 王羲之 白居易 李清照 辛弃疾 王维 陶渊明 屈原 司马迁 刘邦 "
        "项羽 刘备 孙权 关羽 张飞 武则天 唐太宗 康熙 乾隆 成吉思汗 郑和 孙中山 毛泽东 周恩来 "
        "钱学森 袁隆平 屠呦呦 钱钟书 张爱玲 金庸 莫言 余华 周杰伦 刘德华 成龙 李小龙 刘翔 梅西 "
        "贝多芬 梵高 达芬奇 柏拉图 林肯 马斯克 乔布斯 图灵 孟子 庄子 孙悟空 林黛玉"
    ),
    "animal": _words(
        "狗 猫 马 鲸鱼 老虎 大象 蜜蜂 蜘蛛 蛇 老鹰 企鹅 青蛙 狮子 兔子 牛 猪 鲨鱼 熊猫 狼 熊 "
        "狐狸 乌龟 猴子 蚂蚁 鸡 鸭 鹅 羊 驴 骆驼 老鼠 仓鼠 刺猬 松鼠 蝙蝠 鸽子 麻雀 乌鸦 鹦鹉 "
        "天鹅 孔雀 猫头鹰 海豚 海豹 章鱼 螃蟹 虾 金鱼 鲤鱼 水母 蜗牛 蚯蚓 苍蝇 蚊子 蝴蝶 蜻蜓 "
        "蝉 蜥蜴 鳄鱼 恐龙 袋鼠 考拉 斑马 长颈鹿 犀牛 河马 豹子 大猩猩 鹿 龙"
    ),
    "food": _words(
        "披萨 面包 汤 米饭 面条 蛋糕 沙拉 饺子 奶酪 巧克力 火锅 豆腐 红烧肉 茶 咖啡 啤酒 包子 "
        "粽子 月饼 番茄炒蛋 牛奶 苹果 香蕉 橘子 西瓜 草莓 葡萄 梨 桃子 芒果 土豆 白菜 菠菜 黄瓜 "
        "茄子 萝卜 蘑菇 玉米 南瓜 辣椒 大蒜 生姜 牛肉 羊肉 猪肉 鸡肉 鱼 虾 鸡蛋 馒头 油条 豆浆 "
        "粥 米线 炒饭 炒面 麻婆豆腐 宫保鸡丁 鱼香肉丝 烤鸭 烧烤 寿司 汉堡 薯条 三明治 冰淇淋 蜂蜜 "
        "酸奶 果汁 白酒 红酒 绿茶 奶茶"
    ),
    "thing": _words(
        "汽车 手机 电脑 自行车 书 灯 椅子 桌子 门 窗户 相机 钟 吉他 钢琴 船 飞机 火车 火箭 "
        "机器人 电池 镜子 鞋 帽子 房子 桥 花园 树 花 河 湖 山 岛 沙漠 月亮 太阳 星星 云 彩虹 "
        "火山 大海 沙发 床 枕头 被子 地毯 窗帘 书架 抽屉 冰箱 烤箱 微波炉 洗衣机 空调 电视 "
        "电饭锅 水壶 扫帚 锤子 螺丝刀 梯子 绳子 背包 行李箱 钱包 手表 戒指 项链 眼镜 雨伞 衬衫 "
        "裙子 外套 毛衣 袜子 手套 围巾 帐篷 手电筒 蜡烛 瓶子 杯子 盘子 筷子 勺子 锅 碗 打印机 "
        "键盘 鼠标 屏幕 平板 充电器 耳机 音箱 无人机 摩托车 卡车 公交车 地铁 出租车 直升机 气球 "
        "风筝 拼图 篮球 鼓 小提琴 笛子 雕像 城堡 塔 教堂 医院 博物馆 图书馆 超市 农场 森林 草原 "
        "山洞 沙滩 风 雨 雪 冰 火 沙子 石头 地球 彗星 银河"
    ),
    "topic": _words(
        "爱情 历史 音乐 艺术 科学 物理 化学 生物 哲学 宗教 政治 经济 足球 网球 象棋 烹饪 旅行 "
        "时尚 天气 气候变化 重力 光合作用 民主 通货膨胀 进化论 量子力学 互联网 黑洞 疫苗 睡眠 梦 "
        "金钱 幸福 战争 和平 友谊 学校 数学 宇宙 人工智能 电 股票 诗歌 语法 婚姻 家庭 教育 法律 "
        "犯罪 自由 移民 税收 银行 比特币 保险 房地产 广告 社交媒体 隐私 黑客 加密 机器人 自动驾驶 "
        "航天 核能 太阳能 垃圾分类 污染 全球变暖 地震 海啸 过敏 癌症 糖尿病 抑郁症 维生素 饮食 "
        "篮球 排球 乒乓球 羽毛球 拳击 太极 京剧 相声 书法 国画 摇滚 电影 戏剧 摄影 建筑 雕塑 "
        "神话 星座 风水 魔术 鬼 时间旅行 相对论 熵 磁场 声音 光 原子 细胞 基因 蛋白质 细菌 病毒 "
        "恐龙 化石 岩石 海洋 月球 火星 演讲 领导力 时间管理 创造力 记忆 智力 意识 真理 美 死亡 "
        "孝顺 春节 中秋节"
    ),
    "language": _words("英语 法语 德语 西班牙语 中文 日语 俄语 韩语 意大利语 阿拉伯语"),
    "verb": _words(
        "学习 解释 理解 画 建造 修理 打扫 卖 买 找到 制作 清洗 种 保护 改善 使用 打开 选择 "
        "安装 描述 教 测试 检查 比较 搬 推 拉 扔 藏 切 烧 煮 炒 烤 喝 闻 摸 穿 叠 缝 挂 "
        "存 借 租 充电 连接 打印 复制 删除 分享 寄 参观 开始 停止 拆 装饰"
    ),
    "adjective": _words(
        "好 大 小 老 新 快 慢 高兴 难过 红色 蓝色 贵 便宜 健康 危险 有名 漂亮 奇怪 高 深 热 "
        "冷 有趣 流行 重要 年轻 瘦 厚 重 轻 亮 暗 吵 安静 软 硬 干净 脏 甜 酸 苦 咸 辣 "
        "新鲜 富 穷 聪明 笨 勇敢 害羞 善良 懒 忙 空 现代 古老 丑 可爱 无聊 可怕 完美 简单 "
        "复杂 绿色 黄色 黑色 白色 快乐 伟大"
    ),
    "job": _words(
        "医生 老师 律师 护士 飞行员 农民 作家 演员 工程师 厨师 画家 司机 歌手 木匠 电工 警察 "
        "军人 法官 市长 经理 秘书 科学家 程序员 设计师 建筑师 记者 摄影师 音乐家 牙医 园丁 服务员 "
        "裁缝 理发师 保安 宇航员 教授 翻译 快递员 导游"
    ),
    "code": _words("Python Java JavaScript C++ Rust Go SQL HTML Excel PHP"),
    "event": _words("二战 法国大革命 登月 罗马灭亡 冷战 大爆炸 文艺复兴 辛亥革命 鸦片战争 丝绸之路 工业革命 安史之乱"),
    "work": _words(
        "红楼梦 西游记 水浒传 三国演义 哈姆雷特 蒙娜丽莎 哈利波特 圣经 星球大战 论语 泰坦尼克号 清明上河图 流浪地球"
    ),
    "matter": _words(
        "老板 女朋友 邻居 房东 考试 失眠 感冒 电脑 护照 房租 头疼 失恋 压力 面试 相亲 婚礼 "
        "生日礼物 交税 漏水的水龙头 签证 减肥 腰疼 孩子 作业 室友 工资 妈妈 爸爸 同事 前任 老公 "
        "老婆 宝宝 狗 手机 网络 冰箱 马桶 头发 皮肤 牙齿 眼睛 记忆力 脾气 欠债 贷款 存款 合同 "
        "论文 发言 丢了的钥匙 咳嗽 发烧 孤独 无聊 离婚 搬家 时差 蚂蚁 发霉 裁员 加班 高考 考研 "
        "房价"
    ),
    "hard": _words("的平方根 的阶乘 的对数 的正弦 的平方 的立方 的倒数 的二进制 的罗马数字"),
    "unit": _words("公里 英里 磅 公斤 英寸 英尺 升 加仑 摄氏度 华氏度 克 盎司"),
    "element": _words("金 银 铁 氧 氢 氦 碳 铜 钠 铀 汞 铅"),
    "brand": _words(
        "苹果 谷歌 特斯拉 丰田 华为 小米 三星 阿里巴巴 腾讯 百度 比亚迪 微软 京东 拼多多 字节跳动 "
        "网易 美团 滴滴 联想 海尔 格力 茅台 可口可乐 麦当劳 星巴克 宝马 奔驰 大众 本田 任天堂 "
        "索尼 英伟达 宜家 耐克"
    ),
    "feeling": _words(
        "难过 孤独 累 无聊 生气 紧张 开心 焦虑 生病 饿 迷茫 害怕 困 焦急 嫉妒 内疚 自豪 激动 "
        "想家 头晕 冷 口渴 绝望 沮丧 不舒服"
    ),
    "activity": _words(
        "游泳 跳舞 爬山 读书 钓鱼 画画 唱歌 跑步 冥想 瑜伽 养花 打游戏 滑雪 骑车 摄影 露营 下棋 "
        "打篮球 羽毛球 乒乓球 太极 书法 打麻将 打牌 攀岩 划船 潜水 骑马 滑冰 射箭 做陶艺 缝纫 "
        "烘焙 做饭 写作 旅游 购物 观星 折纸 变魔术 弹吉他 弹钢琴 学外语 做志愿者"
    ),
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
？？？
{animal}一次生几只？
{animal}会不会{feeling}？
{animal}能吃{food}吗？
{animal}怕{animal}吗？
{animal}是怎么睡觉的？
{animal}有几颗牙？
{animal}有多少根骨头？
{animal}重多少斤？
{animal}好养吗？
{animal}和{animal}谁跑得快？
{animal}和{animal}哪个大？
{brand}靠什么赚钱？
{brand}的老板是谁？
{brand}的客服电话是多少？
{brand}是哪国的？
{brand}是哪一年成立的？
{city}冬天冷吗？
{city}到{city}多少公里？
{city}的机场在哪？
{city}的邮编是多少？
{city}和{city}哪个大？
{city}今天下雨吗？
{city}三日游攻略
{city}属于哪个国家？
{city}天气
{city}下雪吗？
{city}有{thing}吗？
{city}有几所大学？
{code}报错怎么解决？
{code}难吗？
{code}怎么安装？
{code}教程
{country}面积多大？
{country}有多少个省？
{country}有多少岛？
{country}有国王吗？
{country}在哪个洲？
{country}和{country}哪个大？
{country}人口
{country}的国旗长什么样？
{country}的国庆节是哪天？
{country}得过几次世界杯？
{element}今天多少钱一克？
{element}是金属吗？
{element}遇到水会怎样？
{event}持续了几年？
{event}谁赢了？
{event}死了多少人？
{event}在哪里发生？
{feeling}怎么办
{food}不能和什么一起吃？
{food}多少钱一斤？
{food}放几天会坏？
{food}里有什么？
{food}需要煮几分钟？
{food}怎么保存？
{food}要放多少克盐？
{food}用什么做的？
{food}的做法
{food}的热量
{food}和{food}哪个好吃？
{food}吃多了会胖吗？
{job}一个月挣多少钱？
{job}累吗？
{job}需要学什么？
{language}难学吗？
{language}里“{thing}”怎么写？
{matter}怎么办？
{matter}让我很{feeling}
{n}个人吃饭订多大的桌？
{n}个朋友一起去{city}
{n}公斤{food}够几个人吃？
{n}块钱能买什么{thing}？
{n}路公交车去哪里？
{n}是什么意思？
{n}斤{food}
{n}号房间
{n}楼
{n}年有什么大事？
{n}年谁当总统？
{n}年的夏天热吗？
{n}分钟能做什么？
{n}天学会{code}
{n}岁学{activity}晚不晚？
{person}的老婆是谁？
{person}的名言
{person}的真名叫什么？
{person}哪年出生？
{person}和{person}是什么关系？
{person}活了多少岁？
{person}结过几次婚？
{person}去过{country}吗？
{person}是怎么死的？
{person}是好人吗？
{person}为什么写《{work}》？
{person}写过几本书？
{person}有几个孩子？
{person}葬在哪里？
{thing}不见了
{thing}多少钱一个？
{thing}怎么用？
{thing}是谁发明的？
{thing}是用什么做的？
{thing}为什么{adjective}？
{thing}有多重？
{thing}和{thing}哪个{adjective}？
{thing}坏了怎么办？
{thing}的价格
{topic}的公式是什么？
{topic}的意义是什么？
{topic}的定义
{topic}难不难学？
{topic}是谁提出的？
{topic}有什么用？
《{work}》里谁是主角？
《{work}》里你最喜欢谁？
《{work}》的结局是什么？
《{work}》有几章？
《{work}》有几部？
《{work}》的导演是谁？
《{work}》是哪年写的？
《{work}》是{person}写的吗？
把“{thing}”翻译成{language}
把《{work}》改写成一个短故事
把{thing}放到{thing}上
把灯打开
帮我查一下{city}的天气
帮我订一张{n}点的票
帮我订个{n}人的桌子
帮我翻译：{thing}很{adjective}
帮我想个{adjective}的名字
帮我写个请假条
帮我写一封情书
帮我写一段{code}代码
帮我选一个{thing}
帮我改一下这个句子：{animal}在{thing}里
帮我做一个{topic}的PPT
帮我取个网名
帮我叫个车
比较一下{brand}和{brand}
编一个{animal}的故事
别说了
不对
不会吧
不知道
不想上学怎么办
不要
猜猜我几岁
猜猜我在想什么
唱一首{country}的歌
出个主意吧
除了{food}还能吃什么？
聪明的{animal}有哪些？
打开{brand}
打个比方解释{topic}
当{job}要考什么证？
地球多少岁了？
地球有多重？
第一个登月的人是谁？
第{n}任总统是谁？
点歌
对不起
多久洗一次{thing}？
多喝水好吗？
儿子{n}岁还不会说话
发烧了怎么办？
飞机晚点了
给{person}写一封信
给我{n}块钱
给我倒杯{food}
给我讲讲{country}
给我讲讲{topic}
给我来点{food}
给我推荐一个{thing}
给我推荐一部{country}电影
给我一点鼓励
给我一个惊喜
给我一个{code}的例子
给我写{n}句祝福
给妈妈买什么礼物？
跟我说{language}
关掉{thing}
过敏了怎么办
过年吃什么？
还有吗
好吧
好无聊啊
好听的歌有哪些？
很好
画个{thing}
画一幅画
几点开门？
几点日出？
几点了
几月去{city}最好？
计划{n}天的{country}之旅
家里有{animal}怎么办？
假如你是{animal}，你会做什么？
减肥能吃{food}吗？
讲个鬼故事
讲一个{adjective}的故事
教我{activity}
教我一句{language}
介绍一下{city}
介绍一下《{work}》
介绍一下{event}
今年是哪一年？
今天吃了{n}个{food}
今天穿什么？
今天的新闻
今天冷不冷？
今天是什么日子？
今天适合{activity}吗？
今天有什么球赛？
今天我生日！
今晚有什么电影？
酒店多少钱一晚？
举例说明{topic}
看看我的{thing}怎么样
可以和我聊天吗
可以教我{activity}吗？
哭了
来一首诗
老师说我{adjective}
了解{brand}吗？
列出所有{job}
列一个购物清单
明白了
明天考试，怎么办？
明天几点起床？
明天{city}冷吗？
明天是星期几？
哪个{adjective}，{thing}还是{thing}？
哪个国家{animal}最多？
哪个{brand}手机好？
哪里能看到{animal}？
哪里有{food}卖？
哪年发生了{event}？
哪种{food}最{adjective}？
哪种语言最难？
哪座山最高？
男朋友生气了怎么办
难道不是吗？
能不能帮我{verb}{thing}？
能不能讲个笑话
能给我画只{animal}吗？
能借我{n}块钱吗？
能聊聊吗
你吃饭了吗
你穿什么衣服
你会{activity}吗？
你会唱歌吗？
你会翻译吗？
你会画画吗？
你会讲故事吗？
你会累吗？
你会弹{thing}吗？
你会死吗？
你家在哪里
你见过{animal}吗？
你叫{person}吗？
你觉得{brand}怎么样？
你觉得我{adjective}吗？
你看过《{work}》吗？
你来自哪里？
你去过{city}吗？
你认识{person}吗？
你睡了吗
你听过{topic}吗？
你为什么{adjective}？
你喜欢{animal}还是{animal}？
你喜欢我吗
你相信{topic}吗？
你信吗
你有{thing}吗？
你有朋友吗？
你有男朋友吗？
你知道{event}吗？
你知道{brand}吗？
你知道现在几点吗
你真棒
你真{adjective}
你最怕什么？
你今年几岁
你电话多少？
女儿喜欢{animal}
排队要多久？
票多少钱？
平均每天走多少步好？
骑车去{city}要几天？
敲敲门
请把这段话翻译成{language}
请帮我取消订单
请翻译“{adjective}”
请继续
请介绍一下{thing}
请解释{code}
请列举{n}种{animal}
请描述一下{thing}
请推荐{city}的餐厅
请用{language}打招呼
请用“{thing}”造句
请用{code}写一个程序
请在{n}点叫醒我
请总结这篇文章
请写{n}字的作文
去{city}带什么？
去{city}坐飞机要几个小时？
去医院挂什么科？
全世界有多少{job}？
然后呢
让我们玩个游戏
人为什么会{feeling}？
人有多少颗牙？
人一天要喝多少水？
人类会灭亡吗？
如果我是{animal}呢？
如果没有{thing}会怎样？
如果你是{job}，你会怎么做？
如何{verb}{thing}？
如何成为{adjective}的人？
如何学好{language}？
如何缓解{matter}？
如何用{code}画图？
如何提高睡眠质量？
三天后是几号？
上海到{city}的高铁多久？
十二生肖有哪些？
什么{animal}最{adjective}？
什么{food}最贵？
什么叫{topic}？
什么牌子的{thing}好？
什么时候过年？
什么时候是母亲节？
什么水果最甜？
什么是{element}？
什么是{thing}？
什么是{code}？
什么意思
生日送什么？
世界上有多少个国家？
世界上有多少种{animal}？
世界上有多少人说{language}？
世界杯几年一次？
事情是这样的
是吗
是谁画的《{work}》？
手机没电了
手机号是{n}
谁建了{city}？
谁是{country}的国王？
谁是{person}？
谁是世界上最{adjective}的人？
谁唱的这首歌？
谁写了《{work}》？
谁赢了比赛？
水在多少度结冰？
睡不着怎么办？
说个故事
说几句{language}
说说{brand}
说说你对{work}的看法
说点什么
说话
送女朋友{thing}好吗？
随便聊聊
太阳离我们多远？
太好了
讨厌
天上有多少星星？
天好热
跳舞
听说{person}很{adjective}
同意吗？
头疼
推荐几本{country}小说
推荐一首歌
推荐{n}个景点
晚饭做什么
玩什么游戏好？
微信怎么注册？
为什么{animal}怕水？
为什么{brand}这么{adjective}？
为什么会有{event}？
为什么会下雨？
为什么树叶会落？
为什么我的{code}程序很慢？
为什么我的{thing}这么慢？
为什么要上学？
为什么月亮会发光？
为什么今天放假？
喂{animal}吃{food}可以吗？
我爱{country}
我不会{activity}
我不开心
我不想活了
我不知道该怎么办
我吃了{food}肚子疼
我出生在{n}年
我的{animal}{n}岁了
我的{animal}不见了
我的{body}不舒服
我的{thing}值多少钱？
我的{thing}花了{n}元
我的名字是{person}
我的密码忘了
我的梦想是当{job}
我的航班取消了
我分手了
我饿了
我该怎么和{job}说？
我该去{city}还是{city}？
我感冒了
我讨厌{food}
我和朋友吵架了
我叫{person}
我今天做了一个{adjective}的梦
我今年{n}岁
我来自{city}
我买了{n}个{thing}
我没有朋友
我没有钱
我明天要去{city}
我胖吗？
我身高{n}厘米
我是{job}
我是谁？
我睡不着
我失业了
我听不懂{language}
我想吃{food}
我想换工作
我想静静
我想买个{thing}
我想去{country}留学
我想学{code}
我想学{activity}
我想你
我想养一只{animal}
我喜欢{animal}
我喜欢上了一个{job}
我学了{n}年{language}
我要睡觉了吗？
我要退货
我有{n}个{thing}，放在哪里好？
我有点{feeling}
我在{city}迷路了
我住在{city}
我最喜欢的颜色是{adjective}
无聊
西瓜怎么挑？
下雨了
下一届奥运会在哪里？
夏天去哪玩
现在是什么季节？
现在几点
想听音乐
像{person}一样说话
小孩几岁上学？
笑一个
写个对联
写个段子
写个{code}脚本
写首歌
写一首{adjective}的诗
写一篇{n}字的日记
写一份{city}旅游攻略
写一段{work}的读后感
写一份工作总结
写一句广告词
心情{adjective}
新年快乐
行
学{activity}要多久？
学{language}有什么方法？
学生可以{activity}吗？
压力大怎么办
牙疼怎么办
养{animal}要注意什么？
要带伞吗？
要下班了
一本书多少钱？
一只{animal}多少钱？
一米等于几尺？
一个人{feeling}
一个{thing}能用几年？
一年级怎么学{language}？
一光年有多远？
一桌菜多少钱
一起去{city}吧
以后{job}会消失吗？
银行几点关门？
英语怎么学？
用{food}做早餐
用{language}说“{adjective}”
用三个词形容{city}
用一句话介绍{topic}
有{animal}的地方叫什么？
有什么{adjective}的{thing}？
有什么好看的书
有什么关于{topic}的书？
有什么推荐的{food}？
有没有{thing}卖？
有没有{adjective}一点的？
有趣
宇宙有多大？
雨下得好大
月亮上有什么？
再来一个笑话
再说一遍
在{country}开车要注意什么？
在{city}租房多少钱？
怎么办
怎么变{adjective}？
怎么打败{person}？
怎么戒烟？
怎么看{body}病？
怎么联系{brand}？
怎么让{animal}听话？
怎么去{city}最便宜？
怎么认识{job}？
怎么写{job}简历？
怎么追女生？
怎么坐地铁？
怎样{verb}{food}？
怎样才能不{feeling}？
怎样安慰{feeling}的人？
长城有多长？
这个{thing}怎么样？
这个字怎么读？
这是什么
这是谁的{thing}？
这首歌叫什么？
真{adjective}
真的假的
中国有多少个民族？
中国有几个省？
种{thing}要多久？
祝我生日快乐
装修要多少钱？
最{adjective}的{food}是什么？
最近有什么好电影？
最近的医院在哪里
昨天谁赢了？
昨晚的球赛几比几？
做{food}要多长时间？
做个梦
坐飞机可以带{thing}吗？
嗯嗯
哦
呵呵
啊？
行吧
可以
？
。。。
什么
没事
随便
加油
晕"""

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
