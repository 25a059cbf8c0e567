"""More ways to ask for the tasks, for training alone: what is measured keeps the wordings of `evaluation.generated`.

Each line is a wording; its fields are those that `reworded` fills in.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

from r1chat.both import Both
from r1chat.evaluation.generated import Drawn, Language

Fields = dict[str, object]

EXPRESSION = Both(
    """{x}, what is it?
{x}, how much is that?
what do i get if i type {x} into a calculator
I typed {x} and got nonsense. What is right?
My teacher asks for {x}.
My son asks me what {x} is.
Help me with {x}
Help! {x}
Can you do {x}?
can u calculate {x}
Could you tell me what {x} is?
Would you please compute {x} for me?
Please evaluate {x} and give me the number.
Please give the value of {x}
Please, {x}
The value of {x} is?
The result of {x}
result of {x}?
answer to {x}?
{x} -> ?
{x} = ___
{x} = x, what is x?
{x} is equal to what number?
{x} makes?
{x} comes to how much?
{x} gives what?
{x}?
so {x} is...
Let's see: {x}
Next one: {x}
Exercise 3: {x}
Question: {x}
Q: {x}
Problem: {x}. Answer?
Simplify {x}.
Determine {x}.
Figure out {x}.
Do the math: {x}
quick: {x}
Quickly, what's {x}?
Just tell me {x}.
Just the answer: {x}
Only the number please: {x}
Now {x}
And {x}?
How would you compute {x}?
How do I calculate {x}?
How much would {x} be?
I can't work out {x}. Can you?
I don't know what {x} is.
I'd like to know {x}.
I wonder what {x} is
I bet you don't know {x}
Is it true that you can do {x}?
Check this for me: what is {x}?
Try {x}.
Try this one: {x}
Test: {x}
Show me how to get {x}
Step by step: {x}
Think and then answer: {x}
Write down the result of {x}
Type the answer to {x}.
What number is {x}?
What number equals {x}?
What number do you get from {x}?
What will {x} give?
What would you get for {x}?
What's the value of {x}?
What's the result if you do {x}?
What is the outcome of {x}?
Which number is the same as {x}?
Find {x}
Get me {x}
Say what {x} is.
Name the result: {x}
We need {x} for our homework.
For my homework I need {x}.
It says {x} here. What's that?
The question is: {x}
There is a sum I cannot do: {x}
you there? {x}""",
    """{x}，是多少
{x}，等于？
{x}是几
{x}呢？
{x}答案是什么？
{x}的答案？
{x}的值是？
{x}的得数是多少？
{x}算出来是几？
{x}会是多少？
{x}帮我算
{x}怎么算？
{x}我不会，教教我
{x}谢谢
{x} 快点
{x} -> ?
{x} = （ ）
{x} = ___
{x} = x，x是多少？
计算{x}
计算：{x}
请算：{x}
请计算{x}的值
请告诉我{x}的结果
请你算算{x}
请问{x}等于几
请写出{x}的得数。
算：{x}
算出{x}
算一下{x}
算下{x}
能算{x}吗？
能不能告诉我{x}是多少
你会算{x}吗
你知道{x}等于多少吗？
你来算：{x}
帮忙算{x}
帮我看看{x}等于多少
帮我求{x}
求{x}
求值：{x}
求出{x}等于几
得数：{x}
题目：{x}
问题：{x}
第三题：{x}
下一题：{x}
练习：{x}
考考你：{x}
试试这个：{x}
试一下{x}
老师问{x}等于多少
老师布置的：{x}
孩子问我{x}是几
作业里有{x}，答案是？
我算不出{x}
我想算{x}
我忘了{x}等于多少
我需要{x}的结果
如果计算{x}，会得到什么？
按计算器{x}得多少
列式计算：{x}
一步一步算{x}
直接告诉我{x}
只要答案：{x}
只说数字：{x}
写出结果：{x}
化简{x}
口算{x}
笔算{x}
心算：{x}
说说{x}等于几
再来一个：{x}
那么{x}呢
现在算{x}
快速回答：{x}
麻烦你，{x}是多少
在吗？{x}
有道题：{x}
这个怎么做：{x}
哪个数等于{x}？""",
)

SUMS = {
    "+": Both(
        """Add {a} and {b}.
add {a} to {b}
Add up {a} and {b}
{a} with {b} added
{a} increased by {b}
{a} more than {b} is what?
If I add {a} to {b}, what do I get?
If you add {a} and {b}, what comes out?
I add {b} to {a}. What do I have?
I have {a} and get {b} more, how much is it?
Sum {a} and {b}.
Sum up {a}, {b}
What is the sum of {a} and {b}?
What do {a} and {b} make together?
What do {a} and {b} add up to?
How much are {a} and {b} in total?
How much do {a} plus {b} make?
the total when {a} and {b} are added
{a} and {b} make how much?
Which number is {b} larger than {a}?
Start with {a}, add {b}. Where are you?
Put {a} and {b} together: what number?
Combine {a} and {b} by addition.
Increase {a} by {b}.
{a} & {b}, added""",
        """把{a}和{b}加起来
{a}与{b}相加
{a}和{b}相加得多少？
{a}和{b}的和是多少？
{a}再加{b}是多少？
{a}增加{b}是多少
{a}加上{b}等于？
{a}和{b}一共是多少
{a}跟{b}加在一起
求{a}与{b}的和
求{a}、{b}之和
如果{a}加{b}，得几？
如果把{b}加到{a}上呢？
比{a}多{b}的数是多少？
比{a}大{b}的数是几
先有{a}，再来{b}，总数是？
两个数{a}和{b}的总和
我有{a}，又得{b}，共多少
加法：{a}，{b}
{a}与{b}加起来得几""",
    ),
    "-": Both(
        """Subtract {b} from {a}.
subtract {b} from {a}, what is it
Take {b} away from {a}.
Take {b} off {a}
{a} reduced by {b}
{a} decreased by {b}
{a} less {b}
{a} without {b}
From {a} take {b}.
If I subtract {b} from {a}, what do I get?
If you take {b} from {a}, what remains?
I had {a} and spent {b}. What's left?
I have {a} and lose {b}. How much do I have?
What is {a} if you take away {b}?
What is left of {a} after taking {b}?
What remains when {b} is subtracted from {a}?
What's the difference when you take {b} from {a}?
How much is {a} minus {b}?
How much remains of {a} minus {b}?
Decrease {a} by {b}.
Lower {a} by {b}.
{b} subtracted from {a}
{b} taken from {a}
Start at {a}, go back {b}. Where are you?
Which number is {b} smaller than {a}?""",
        """从{a}里减去{b}
从{a}中拿走{b}，还剩多少？
从{a}中去掉{b}
把{a}减去{b}
把{a}减少{b}
{a}减少{b}是多少？
{a}减去{b}等于？
{a}减掉{b}得多少？
{a}去掉{b}还有几
{a}少{b}是多少
{a}与{b}的差是多少？
{a}比{b}多多少？
求{a}与{b}的差
求{a}减{b}的差
如果{a}减{b}，剩几？
比{a}少{b}的数是多少？
比{a}小{b}的数是几
我有{a}，用了{b}，还剩？
原有{a}，花掉{b}，剩下多少
减法：{a}，{b}""",
    ),
}

PRODUCTS = Both(
    """Multiply {a} by {b}.
multiply {a} and {b}
Multiply {a} with {b}, please.
{a} multiplied with {b}
{a} times {b} equals?
{a} by {b}, multiplied
If I multiply {a} by {b}, what do I get?
If you multiply {a} and {b}, what comes out?
What do you get when you multiply {a} and {b}?
What is {a} groups of {b}?
What is the product if {a} is multiplied by {b}?
How much is {a} times {b}?
How much is {a} taken {b} times?
Find the product: {a} and {b}
Product of {a} and {b}?
{a} boxes of {b}, how many in all?
{a} rows with {b} each make how many?
{a} taken {b} times
{b} times the number {a}
Tell me {a} times {b}
Work out the product of {a} and {b}.
the number {a} times as large as {b}
I need {a} times {b}""",
    """{a}乘{b}是多少
{a}和{b}相乘
{a}与{b}相乘得多少？
{a}乘上{b}等于几
{a}和{b}的乘积
{a}与{b}的积是多少？
求{a}与{b}的积
求{a}和{b}的乘积。
把{a}乘以{b}
把{a}和{b}乘起来
如果{a}乘{b}，得多少？
{b}个{a}相加得多少？
{b}个{a}是多少
{a}的{b}倍是多少？
{a}的{b}倍
每份{a}，{b}份是多少？
{a}扩大到{b}倍
乘法：{a}，{b}
每行{a}个，{b}行一共几个？
我要算{a}乘{b}""",
)

DIVIDED = Both(
    """Divide {a} by {b}.
divide {a} by {b}
{a} divided by {b} is?
{a} over {b}
{a} split into {b} equal parts
{a} shared among {b}
{a} shared by {b} people, how much is it for each?
If I divide {a} by {b}, what do I get?
If {b} children share {a} sweets, how many are for each?
Split {a} into {b} equal groups. How large is a group?
How many {b}s are in {a}?
How many groups of {b} can be made from {a}?
What is the quotient of {a} and {b}?
Quotient of {a} and {b}?
What is {a} divided into {b} parts?""",
    """{a}除以{b}
{a}除以{b}得多少？
{a}除以{b}等于？
把{a}除以{b}
把{a}平均分成{b}份
把{a}分给{b}个人，每人多少？
{a}里有几个{b}？
{a}平均分给{b}人
求{a}除以{b}的商
{a}和{b}的商是多少
{b}个人平分{a}，每人几个？
{a}是{b}的几倍？""",
)
WHOLE = Both(
    """How often does {b} go into {a}? Whole number only.
How many whole times does {b} fit into {a}?
How many full groups of {b} are in {a}?
{a} divided by {b}, only the whole part
{a} divided by {b} without the remainder
integer part of {a} / {b}
Integer division: {a} by {b}
Whole-number quotient of {a} and {b}?
{a} // {b}
{a} div {b}
How many complete sets of {b} can I make from {a}?
With {a} eggs, how many full boxes of {b} can I fill?
I put {a} apples into bags of {b}. How many bags are full?
floor({a}/{b})
round down {a} / {b}""",
    """{a}除以{b}，只要整数商
{a}除以{b}的整数商
{a}里最多包含几个{b}？
{a}最多能分成几组{b}？
{a}个鸡蛋，每盒装{b}个，能装满几盒？
{a}元钱，每本{b}元，最多买几本？
{a}整除{b}的商
{a} ÷ {b} 取整
{a} // {b}
{a}除以{b}，商是几？（不要余数）
每组{b}个，{a}个可以分几组？""",
)
REST = Both(
    """{a} divided by {b}: what is the remainder?
remainder of {a} / {b}?
Remainder when dividing {a} by {b}
{a} modulo {b}
{a} % {b}
{a} mod {b}
What is {a} modulo {b}?
What is {a} mod {b}?
What remains of {a} after dividing by {b}?
What's left when {a} is divided by {b}?
What is left if you share {a} among {b}?
How much is left over when {b} goes into {a}?
I put {a} apples into bags of {b}. How many are left over?
{b} people share {a} coins equally. How many coins stay?
If {a} is divided by {b}, which remainder do you get?
Give the remainder of {a} by {b}.""",
    """{a}除以{b}余多少
{a}除以{b}，余数是几？
{a}除以{b}余几？
{a}被{b}除的余数
{a}对{b}取余
{a} mod {b}
{a} % {b}
{a} 模 {b} 是多少？
{a}个苹果，每袋{b}个，还剩几个？
{a}个人，每{b}人一组，多出几人？
求{a}除以{b}所得的余数
把{a}平均分成{b}份，余下几个？
{a}÷{b}的余数""",
)

DECIMALS = Both(
    """{x} or {y}, which is more?
{x} or {y}, which is the greater one?
{x}, {y}: the larger?
{x} > {y} or {x} < {y}? Give the larger number.
{x} against {y}: who wins?
{x} and {y} - which one is higher?
{x} compared to {y}: which is larger?
between {x} and {y}, what's the bigger number
Which one is more, {x} or {y}?
Which of {x} and {y} is larger?
Which of the two is bigger: {x}, {y}?
Which has the higher value, {x} or {y}?
which is higher {x} or {y}
What's bigger, {x} or {y}?
what is more {x} or {y}
What is the maximum of {x} and {y}?
Larger: {x} or {y}?
Larger number: {x}, {y}
The bigger one of {x} and {y}, please.
The greater of {x} and {y}?
Choose the larger: {x} or {y}
Choose the greater number: {x}, {y}
Find the bigger number, {x} or {y}.
Find the maximum: {x}, {y}
Give me the bigger of {x} and {y}
Say which is larger, {x} or {y}
My friend says {x} is bigger than {y}. Which is bigger?
Is {x} more than {y}?
Is {x} > {y}?
Does {x} exceed {y}? Name the larger one.
I have {x} litres and {y} litres. Which is more?
A jump of {x} metres or one of {y} metres: which is longer?
Which version of a number is larger, {x} or {y}?
decimal comparison: {x} vs {y}
{x} vs. {y}, larger?""",
    """{x}和{y}谁大？
{x}和{y}比哪个大
{x}和{y}哪个数大一些？
{x}与{y}比较，大的是？
{x}、{y}中较大的数是？
{x}，{y}，哪个更大？
{x}大于{y}吗？
{x} > {y} 吗？
{x}是不是比{y}大？
{x}还是{y}大
{x} 和 {y} 相比，哪个更大
{x}米和{y}米哪个长？
{x}升和{y}升哪个多？
哪个大：{x}还是{y}？
哪个数更大，{x}，{y}
哪一个比较大，{x}还是{y}？
比大小：{x}，{y}
比一比{x}和{y}谁大
较大的数：{x}，{y}
找出较大的：{x}，{y}
说出{x}和{y}里更大的数
朋友说{x}比{y}大，到底哪个大？
max({x}, {y})
小数比较：{x} 与 {y}
{x}跟{y}哪个更大呢""",
)
PERCENTAGES = Both(
    """{p}% of {n}?
{p}% of {n}, how much is it?
{p} percent of {n}
{p} per cent of {n} is?
{p} percent from {n}
{p} % out of {n}
what's {p}% of {n}
What's {p} percent of {n}?
How many are {p}% of {n}?
how much is {p}% from {n}
take {p}% of {n}
Take {p} percent of {n}. What is it?
Compute {p} percent of {n}
Work out {p} percent of {n}.
Give me {p}% of {n}.
I need {p}% of {n}
I save {p}% of {n} dollars. How much do I save?
I want to tip {p}% on {n}. How much is the tip?
A shirt costs {n} and is {p}% off. How much is the discount?
There are {n} pupils, {p}% of them are ill. How many are ill?
{n} people were asked, {p}% said yes. How many said yes?
A tax of {p}% on {n}: how much?
The discount is {p}% of {n}. How much?
Of {n} apples {p}% are bad. How many are bad?
What number is {p}% of {n}?
{n} times {p}%
{n} * {p}%
{p}% × {n}""",
    """{n}的{p}%
{n}的{p}%呢
{n}的{p}%是多少呢？
{n}的{p}%有多少
{n}的百分之{p}
{n}的百分之{p}是多少？
{n}的百分之{p}等于几
百分之{p}的{n}是多少？
{n} × {p}%
{n}*{p}%
{p}%乘{n}
求{n}的{p}%
算{n}的{p}%
求百分数：{n}的{p}%
{n}元的{p}%是多少元？
{n}个人中有{p}%，是多少人？
一件衣服{n}元，便宜了{p}%，便宜多少元？
{n}名学生，{p}%请假，请假几人？
{n}个苹果坏了{p}%，坏了几个？
我存了{n}元的{p}%，存了多少？
小费是{n}的{p}%，多少钱？
税率{p}%，{n}元要交多少？""",
)
FRACTIONS = Both(
    """What is {x} in lowest terms?
{x}, simplified
{x} as a fraction
Simplify {x}
Compute {x} and reduce the fraction.
Work with fractions: {x}
Reduce {x} to lowest terms.
The fraction {x} equals?
Calculate the fraction {x}
{x} as a reduced fraction?""",
    """{x}，约成最简分数
{x}等于哪个分数？
{x}化简后是多少
分数计算：{x}
求{x}，结果约分
把{x}算成最简分数
{x}是几分之几？
计算分数{x}""",
)
FRACTION_WORDS = {
    "+": Both(
        "{f} plus {g}\nthe sum of {f} and {g}\nAdd {f} and {g}.\n{f} and {g} together",
        "{f}加{g}\n{f}与{g}的和\n把{f}和{g}相加",
    ),
    "-": Both(
        "{f} minus {g}\nSubtract {g} from {f}.\n{f} less {g}\ntake {g} from {f}",
        "{f}减{g}\n{f}与{g}的差\n从{f}里减去{g}",
    ),
    "×": Both(
        "{f} times {g}\n{f} of {g}\nMultiply {f} by {g}.\nthe product of {f} and {g}",
        "{f}乘{g}\n{f}与{g}的积\n{g}的{f}是多少？",
    ),
}
EQUATIONS = Both(
    """{e}
{e}?
{e}, find x
{e}, solve for x
{e}: what's x?
{e} => x = ?
{e}, so x is?
{e}. Find the value of x.
{e}. Solve.
{e}, x?
If {e} then x = ?
If {e}, find x.
Given {e}, what is x?
Given {e}, compute x.
Given that {e}, what is the value of x?
x = ? if {e}
x is what, when {e}
What's x if {e}?
What x makes {e} true?
What value of x solves {e}?
What must x be so that {e}?
Which number x satisfies {e}?
Which x solves {e}?
How big is x in {e}?
Find the solution of {e}
Find the number x with {e}.
Solve the following for x: {e}
Please solve {e} for x.
Can you solve {e}?
Compute x: {e}
Calculate x from {e}
Work out x: {e}
Equation: {e}. Solution?
The equation is {e}. What is x?
Let {e}. x?
solve {e} for x""",
    """{e}
{e}，解
{e}，x=？
{e}，求x的值
{e}，x是几？
{e}，那x是多少
{e}，x的解是？
{e}，怎么解？
若{e}，则x=？
若{e}，求x
若 {e}，x 为多少？
如果{e}，x等于几？
设{e}，求x。
已知{e}，x是多少？
已知方程{e}，求解
方程{e}的解是什么？
方程 {e} 的解
解{e}
解一下{e}
解方程{e}
解一元一次方程：{e}
请解方程 {e}
请求出x：{e}
求x：{e}
求方程{e}的根
求{e}中的x
x取什么值时{e}？
x等于多少时{e}？
帮我解{e}
算出x：{e}""",
)
DIVISORS = Both(
    """gcd({a},{b})
gcd of {a} and {b}
GCD({a}, {b})?
gcd {a} {b}
gcf of {a} and {b}
What's the gcd of {a} and {b}?
What is gcd({a}, {b})?
What is the highest common factor of {a} and {b}?
What is the hcf of {a} and {b}?
What is the biggest common divisor of {a} and {b}?
What is the largest common factor of {a} and {b}?
What's the largest common divisor of {a} and {b}?
What's the greatest number that divides {a} and {b}?
Largest number dividing both {a} and {b}?
Which is the greatest common divisor of {a} and {b}?
Greatest common divisor: {a}, {b}
Greatest common factor of {a} and {b}
Find the greatest common divisor of {a} and {b}.
Find the greatest number by which {a} and {b} are both divisible.
Compute gcd({a}, {b}).
Calculate the greatest common factor of {a}, {b}
Tell me the greatest common divisor of {a} and {b}
Determine the greatest common divisor of {a} and {b}.
The numbers {a} and {b} have which greatest common divisor?
{a} and {b}: greatest common divisor?
{a} and {b}, gcd?
By which largest number can {a} and {b} both be divided?
two ropes of {a} and {b} metres are cut into equal pieces; how long can a piece be at most?""",
    """gcd({a},{b})
gcd({a}, {b}) = ？
{a}和{b}的最大公约数
{a}与{b}的最大公因数
{a}、{b}的最大公约数是几？
{a}，{b}，最大公因数是多少
{a}跟{b}的最大公约数
{a}和{b}最大的公因数是什么？
求{a}和{b}的最大公约数
求{a}、{b}的最大公因数
求gcd({a}, {b})
计算{a}与{b}的最大公约数
算一下{a}和{b}的最大公约数
最大公约数：{a}和{b}
最大公因数（{a}，{b}）
既能整除{a}又能整除{b}的最大的数是？
{a}和{b}都能被哪个最大的数整除？
请找出{a}和{b}的最大公因数
两根绳子长{a}米和{b}米，剪成同样长的段，每段最长多少米？""",
)
SORTING = Both(
    """Sort {n} ({way})
Sort {way}: {n}
sort: {n} ({way})
Sort these {way}: {n}
Sort the list {n} in {way} order
{n} in {way} order, please
{n}, {way} order
{n} sorted in {way} order
Order these numbers, {way}: {n}
Order {n} from {ends}.
Sort from {ends}: {n}
Sort {n} from {ends}.
Arrange {n} from {ends}.
Arrange the numbers {n} from {ends}
List these from {ends}: {n}
Rank {n} from {ends}
Write {n} from {ends}.
Bring {n} into {way} order.
Put {n} in order, {ends} first to last.
Put {n} in {way} order
Put in {way} order: {n}
Can you sort {n} from {ends}?
Please sort {n} from {ends}.
Please arrange in {way} order: {n}
Here are some numbers: {n}. Sort them in {way} order.
I have the numbers {n}. Put them in {way} order.
What is {n} in {way} order?
From {ends}: {n}""",
    """{n}，{way}
{n}，{way}排列
{n}，请{way}排序
{n}{way}排
{n}按{way}怎么排？
{way}：{n}
{way}排：{n}
{way}排列：{n}
把{n}{way}排序
把{n}按{way}排列
把 {n} 按照{way}的顺序写出来
将{n}{way}排序
将这些数{way}排列：{n}
将下面的数按{way}排好：{n}
请将{n}{way}排列
请把{n}{way}排一下
请{way}写出：{n}
排序（{way}）：{n}
给{n}排序，{way}
给这些数{way}排个序：{n}
帮我{way}排列{n}
有几个数：{n}，{way}排列""",
)
LETTERS = Both(
    """how many {c} in {w}
How many {c}'s does {w} have?
How many {c}s does {w} contain?
How many {c}s in "{w}"?
How many letters {c} are in {w}?
How many times is {c} in {w}?
How many times do you see {c} in {w}?
How many times does {w} contain {c}?
How many times can you find the letter {c} in {w}?
How often does {c} occur in {w}?
How often is {c} used in the word {w}?
how often do i write {c} when i write {w}
Count {c} in {w}.
Count how often {c} is in {w}
Count all {c} in the word "{w}".
Please count the {c}'s in {w}.
Can you count the {c}s in "{w}"?
In {w}, how many {c}s are there?
In the word {w}, how many times does {c} occur?
in "{w}" how many {c}
{w}: how many {c}?
{w} has how many {c}s?
The word {w} has how many {c}'s?
The letter {c} in {w}: how often?
Number of {c} in {w}
Number of letters {c} in the word {w}?
Tell me the number of {c}s in {w}
Tell me how many {c}'s are in {w}.
What is the count of {c} in {w}?
Spell {w} and count the {c}s.
Look at the word {w}. How many {c}s do you see?
Letter count: {c} in {w}""",
    """{w}有几个{c}
{w}有多少个{c}？
{w}里面有几个字母{c}？
{w}中有多少个{c}
{w}这个词有几个{c}？
{w}里字母{c}有几个
{w}中{c}的个数是多少？
{w}中出现了几次{c}？
{w} 含有几个 {c}？
{w}：{c}有几个？
“{w}”有多少个“{c}”？
“{w}”里有几个 {c}
英文单词{w}有几个{c}？
在{w}中，{c}出现了多少次？
在单词 {w} 里数一数 {c}
单词{w}中字母{c}出现几次
单词{w}包含几个{c}？
数数{w}里的{c}
数一下{w}有几个{c}
请数{w}中的字母{c}
请问{w}里有几个{c}？
{c}在{w}里出现几次？
字母{c}在{w}里有多少个
统计{w}里{c}的个数""",
)
CLOCK = Both(
    """Now it is {t}. What time will it be in {m}?
It's {t} now. What time is it in {m}?
It is {t}, what will the time be after {m}?
It's {t}. {m} later it is?
{t} + {m}
{t} + {m} = ?
{t}, then {m} later?
{m} after {t} is what time?
{m} from {t} is when?
Add {m} to {t}.
add {m} to the time {t}
What is the time {m} after {t}?
What time will it be {m} after {t}?
What time do I arrive if I leave at {t} and travel for {m}?
When is it {m} past {t}?
If it is {t} now, what time is it in {m}?
If a meeting starts at {t} and lasts {m}, when is it over?
The lesson starts at {t} and lasts {m}. When does it end?
The match starts at {t}, it lasts {m}. When is it finished?
The flight leaves at {t} and lasts {m}. When does it land?
A plane takes off at {t} and flies {m}. When does it land?
The cake goes in at {t} and bakes for {m}. When is it done?
I leave at {t} and walk {m}. When am I there?
I go to bed at {t} and sleep {m}. When do I wake up?
We start at {t} and drive {m}. When do we arrive?
My shift begins at {t} and takes {m}. When can I go home?
The shop opens at {t} and closes {m} later. At what time?
Dinner is {m} after {t}. When is dinner?
The clock says {t}. What does it say {m} later?
Start {t}, duration {m}, end?
At what time does it end, if it begins at {t} and goes on for {m}?
My watch shows {t}. What will it show in {m}?""",
    """{t}再过{m}是几点？
{t}之后{m}是几点
{t} + {m}
{t}加{m}是几点？
{t}过{m}
{t}开始，{m}后结束，几点结束？
{t}出发，走{m}，几点到？
{t}起飞，飞{m}，几点降落？
{t}睡觉，睡{m}，几点醒？
{t}上班，工作{m}，几点下班？
{t}上课，上{m}，几点下课？
{t}开会，开{m}，几点散会？
现在{t}，过{m}几点？
现在{t}，再过{m}是什么时间？
现在时间{t}，{m}后呢？
从{t}起{m}后是几点？
从{t}开始经过{m}是几点几分？
会议{t}开始，持续{m}，什么时候结束？
比赛{t}开始，打了{m}，几点结束？
飞机{t}起飞，{m}后到达，几点到？
我{t}出门，路上{m}，几点到？
我们{t}出发，开车{m}，什么时候到？
蛋糕{t}放进烤箱，烤{m}，几点好？
商店{t}开门，{m}后关门，几点关门？
钟表显示{t}，{m}后显示几点？
手表上是{t}，过{m}是几点？
如果现在是{t}，{m}以后是几点？""",
)
COUNTDOWN = Both(
    """Get {t} with {n}.
Get {t} from the numbers {n}, each used once.
Make {t} with {n}
Make the number {t} with {n} and + - *.
make {t} using {n}
Reach {t} with {n} (+, -, *).
Use {n} to make {t}.
Use the numbers {n} once each to make {t}.
Using {n}, get {t}.
With {n}, how do I get {t}?
With the numbers {n}, make {t}. Use + - *.
Combine {n} to {t}.
Combine the numbers {n} so that you get {t}.
Can you make {t} from {n}?
Can you get {t} out of {n}?
How do you get {t} from {n}?
How do I get to {t} with {n}?
Numbers: {n}. Target: {t}.
Numbers {n}, target {t}, each number once
Target {t}, numbers {n}
Target: {t}. Use {n}.
Write {t} with {n}, each once.
Find a way to make {t} from {n}.
Find {t} from {n} with plus, minus, times.
Which expression with {n} equals {t}?
Countdown game: {n} -> {t}
{n} -> {t}
The numbers are {n}. How can I reach {t}?""",
    """用{n}算出{t}
用{n}得到{t}
用{n}怎么得到{t}？
用{n}凑{t}
用{n}怎么凑出{t}
用 {n} 这些数算{t}
用数字{n}各一次，结果是{t}
请用{n}凑成{t}
请用{n}得出{t}，每个数用一次
把{n}用加减乘算成{t}
数字：{n}，目标：{t}
数{n}，目标{t}
目标{t}，数字{n}
目标数是{t}，可用{n}
怎样用{n}得到{t}？
如何用{n}凑出{t}？
{n}怎么算出{t}？
{n}怎样得{t}
{n} -> {t}
从{n}得到{t}，用加、减、乘
加减乘，用{n}算{t}
哪个算式用{n}等于{t}？""",
)
PRIMES = Both(
    """Is {n} prime or not? (A) prime (B) not prime
Is {n} a prime? (A) yes (B) no
is {n} prime (A) yes (B) no
{n} is a prime number: (A) true (B) false
{n} is prime. (A) True (B) False
{n}: (A) prime (B) not prime
Prime or not: {n}? (A) prime (B) not prime
Would you say {n} is a prime number? (A) yes (B) no
Check whether {n} is prime: (A) yes (B) no
Check if {n} is a prime. (A) Yes (B) No
Tell me if {n} is prime. (A) yes (B) no
The number {n} is (A) prime (B) not prime
Does {n} have no divisors but 1 and itself? (A) yes (B) no
Does {n} belong to the primes? (A) yes (B) no
Can you tell whether {n} is a prime number? (A) yes (B) no
Choose: {n} is (A) a prime (B) no prime""",
    """{n}是素数吗？(A) 是 (B) 不是
{n}是质数：(A) 对 (B) 错
{n}是不是素数？(A) 是 (B) 否
{n}为质数吗？(A) 是 (B) 否
{n} 属于质数吗？(A) 是 (B) 不是
数 {n} 是 (A) 质数 (B) 不是质数
判断：{n}是质数。(A) 对 (B) 错
判断{n}是否是质数 (A) 是 (B) 否
请判断 {n} 是不是素数：(A) 是 (B) 不是
请问{n}是质数吗 (A) 是 (B) 不是
你说{n}是质数吗？(A) 是 (B) 否
选择：{n} (A) 是质数 (B) 不是质数""",
)


_NAMES = Both(
    "Anna Ben Carla David Emma Felix Grace Hugo Ivy Jack Lena Max Nora Oscar Paul Rosa Sam Tom Mary Peter Ali Bob Li "
    "Omar Zoe Kate Leo Mia Noah Ann John Lisa Tim Eva Otto Sara",
    "小明 小红 小华 小丽 小刚 小芳 小军 小美 小强 小王 小李 小张 小东 小雪 妈妈 爸爸 老师 爷爷 奶奶 哥哥 姐姐 弟弟",
)
_THINGS = Both(
    "apples books pens stickers marbles eggs coins cards cookies oranges balls stamps toys flowers cups pears candies "
    "sweets shells nuts stones beads photos tickets cakes plums kites hats bananas carrots",
    "个苹果 本书 支笔 张贴纸 颗玻璃球 个鸡蛋 枚硬币 张卡片 块饼干 个橘子 个球 张邮票 朵花 个杯子 颗糖 个梨 个贝壳 "
    "张照片 块蛋糕 个风筝 顶帽子 根香蕉 个玩具",
)

STORIES = {  # by the signs of their steps; numbers in the order in which they are used
    "+": Both(
        """{p} has {a} {t}. {q} has {b} more than {p}. How many does {q} have?
{p} has {a} {t} and {q} has {b}. How many do they have together?
{p} has {a} {t}, {q} has {b} {t}. How many {t} do both have?
{p} picks {a} {t} and {q} picks {b}. How many {t} did they pick?
I have {a} {t} and buy {b} more. How many {t} do I have now?
I had {a} {t} and found {b} more. How many {t} is that?
I got {a} {t} from {p} and {b} from {q}. How many {t} did I get?
If I have {a} {t} and {p} gives me {b}, how many do I have?
There are {a} {t} in one box and {b} in another. How many {t} are there altogether?
There are {a} {t} in the basket. {p} puts {b} more into it. How many are in it now?
A class has {a} boys and {b} girls. How many children are in it?
On Monday {p} read {a} pages, on Tuesday {b}. How many pages in all?
A bus carries {a} people and {b} more get on. How many people are on the bus?
{p} paid {a} euros for shoes and {b} euros for a shirt. How much did {p} spend?
{p} ran {a} km last week and {b} km this week. How many km is that?
{a} {t} and another {b} {t}, how many {t}?
{p} weighs {a} kg and {q} {b} kg. How much do they weigh together?
A train has {a} passengers. At the next stop {b} get on. How many passengers are there now?
{p} saved {a} dollars and earns {b} dollars. How much money does {p} have now?
{p} is {a} years old. In {b} years, what is the age of {p}?""",
        """{p}有{a}{t}，{q}比{p}多{b}{t}，{q}有多少？
{p}有{a}{t}，{q}有{b}{t}，他们一共有多少？
{p}摘了{a}{t}，{q}摘了{b}{t}，共摘多少？
我有{a}{t}，又买了{b}{t}，现在有多少？
我有{a}{t}，{p}又给我{b}{t}，我一共有多少？
{p}给我{a}{t}，{q}给我{b}{t}，我得到多少？
一个盒子里有{a}{t}，另一个有{b}{t}，合起来多少？
篮子里有{a}{t}，{p}又放进{b}{t}，现在有多少？
班里有男生{a}人，女生{b}人，全班多少人？
{p}星期一看了{a}页，星期二看了{b}页，共看多少页？
车上有{a}人，又上来{b}人，现在车上几人？
鞋子{a}元，衣服{b}元，一共花多少元？
{p}上周跑了{a}公里，这周跑了{b}公里，总共多少公里？
{p}存了{a}元，又挣了{b}元，现在有多少钱？
{p}{a}岁，再过{b}年几岁？
树上有{a}只鸟，又飞来{b}只，现在几只？
{p}做了{a}道题，还要做{b}道，总共几道题？
原来有{a}{t}，后来多了{b}{t}，总共多少？""",
    ),
    "-": Both(
        """{p} has {a} {t}. {q} has {b} fewer. How many does {q} have?
{p} has {a} {t}, {q} has {b}. How many more does {p} have?
{p} had {a} {t} and gave {q} {b}. How many are left for {p}?
{p} had {a} {t} and sold {b}. How many {t} remain?
I had {a} {t} and gave away {b}. How many do I still have?
I have {a} {t}. {p} takes {b} of them. How many do I have left?
I have {a} dollars and spend {b}. How much money is left?
If {b} of {a} {t} break, how many are whole?
Of {a} {t}, {b} were eaten. How many are left?
There are {a} {t} in the box. {p} takes out {b}. How many are still in it?
A bus has {a} people and {b} get off. How many stay on the bus?
A book has {a} pages. {p} has read {b}. How many are still to read?
A class has {a} children, {b} are ill. How many are there today?
A rope of {a} metres is cut by {b} metres. How long is the rest?
{p} is {a} years old. How old was {p} {b} years ago?
{p} needs {a} {t} and has {b}. How many are missing?
It is {a} degrees and gets {b} degrees colder. How warm is it then?
A shirt costs {a} euros, it is {b} euros cheaper today. What does it cost?
{a} birds sit on a tree, {b} fly away. How many birds stay?
{p} baked {a} {t} and ate {b}. How many are there still?""",
        """{p}有{a}{t}，{q}比{p}少{b}{t}，{q}有多少？
{p}有{a}{t}，{q}有{b}{t}，{p}比{q}多多少？
{p}有{a}{t}，给了{q}{b}{t}，{p}还有多少？
{p}有{a}{t}，卖了{b}{t}，还剩多少？
我有{a}{t}，送人{b}{t}，还有多少？
我有{a}{t}，{p}拿走{b}{t}，我还剩多少？
我有{a}元，花了{b}元，剩多少元？
一共{a}{t}，坏了{b}{t}，好的有多少？
盒子里有{a}{t}，拿出{b}{t}，里面还有多少？
车上有{a}人，下去{b}人，还有几人？
一本书{a}页，{p}已经看了{b}页，还有几页没看？
全班{a}人，请假{b}人，到了几人？
绳子长{a}米，用去{b}米，还剩几米？
{p}今年{a}岁，{b}年前几岁？
需要{a}{t}，已有{b}{t}，还差多少？
气温{a}度，下降{b}度后是几度？
衣服原价{a}元，便宜{b}元，现价多少？
树上有{a}只鸟，飞走{b}只，还剩几只？
{p}做了{a}{t}，吃掉{b}{t}，剩下多少？""",
    ),
    "*": Both(
        """{a} boxes with {b} {t} each: how many {t}?
There are {a} boxes with {b} {t} in each. How many {t} are there?
{a} children have {b} {t} each. How many {t} do they have in all?
{p} buys {a} packs of {b} {t}. How many {t} is that?
{p} has {a} bags. In each bag are {b} {t}. How many {t} altogether?
I have {a} bags with {b} {t} each. How many {t} do I have?
One {t} box costs {b} dollars. How much are {a} boxes?
A book costs {b} euros. What do {a} books cost?
If one ticket is {b} dollars, how much are {a} tickets?
A room has {a} rows of {b} chairs. How many chairs are there?
{p} runs {b} km every day. How many km in {a} days?
{p} saves {b} dollars a week. How many dollars in {a} weeks?
A worker makes {b} {t} an hour. How many in {a} hours?
A machine makes {b} parts a minute. How many parts in {a} minutes?
Each table has {b} seats. How many seats do {a} tables have?
There are {a} weeks with {b} lessons. How many lessons?
A bus takes {b} people. How many people can {a} buses take?
{p} drinks {b} cups a day. How many cups in {a} days?
A garden has {a} rows with {b} flowers each. How many flowers?""",
        """{a}盒，每盒{b}{t}，一共多少？
有{a}个盒子，每个盒子装{b}{t}，共有多少？
{a}个小朋友每人有{b}{t}，一共有多少？
{p}买了{a}包，每包{b}{t}，共买多少？
我有{a}袋，每袋{b}{t}，我有多少？
一本书{b}元，买{a}本要多少元？
每张票{b}元，{a}张票多少元？
教室有{a}排座位，每排{b}个，共几个座位？
{p}每天跑{b}公里，{a}天跑多少公里？
{p}每周存{b}元，{a}周存多少元？
工人每小时做{b}{t}，{a}小时做多少？
机器每分钟生产{b}个零件，{a}分钟生产多少个？
每张桌子坐{b}人，{a}张桌子坐几人？
每辆车坐{b}人，{a}辆车坐多少人？
{p}每天喝{b}杯水，{a}天喝几杯？
花园有{a}行花，每行{b}朵，共多少朵？
{a}个班，每班{b}人，一共多少人？""",
    ),
    "*+": Both(
        """{p} has {a} boxes of {b} {t} and {c} single ones. How many {t} in all?
{p} buys {a} packs of {b} {t} and has {c} {t} at home. How many {t} does {p} have?
There are {a} tables with {b} chairs each and {c} more chairs. How many chairs are there?
{a} bags with {b} {t} each and {c} {t} more, how many {t}?
{p} earns {b} dollars an hour for {a} hours and gets {c} dollars on top. How much is it?
I bought {a} books for {b} euros each and a pen for {c} euros. How much did I pay?
A hall has {a} rows of {b} seats and {c} extra seats. How many seats?""",
        """{p}有{a}盒，每盒{b}{t}，另外还有{c}{t}，一共多少？
{p}买了{a}包，每包{b}{t}，家里还有{c}{t}，共有多少？
{a}张桌子每张配{b}把椅子，另有{c}把，共几把椅子？
{a}袋每袋{b}{t}，再加{c}{t}，一共多少？
{p}每小时挣{b}元，做了{a}小时，又得奖金{c}元，共多少元？
买{a}本书每本{b}元，再买一支{c}元的笔，共花多少元？""",
    ),
    "*-": Both(
        """{p} has {a} boxes of {b} {t} and loses {c} {t}. How many are left?
{p} buys {a} packs of {b} {t} and eats {c}. How many remain?
There are {a} rows of {b} chairs. {c} chairs are taken away. How many chairs are left?
{a} bags with {b} {t} each, but {c} {t} are bad. How many are good?
{p} earns {b} dollars an hour for {a} hours and spends {c} dollars. How much is left?
{a} buses with {b} seats each, {c} seats are empty. How many people ride?""",
        """{p}有{a}盒，每盒{b}{t}，丢了{c}{t}，还剩多少？
{p}买了{a}包，每包{b}{t}，吃掉{c}{t}，还有多少？
{a}排椅子每排{b}把，搬走{c}把，还剩几把？
{a}袋每袋{b}{t}，其中{c}{t}坏了，好的有多少？
{p}每小时挣{b}元，做了{a}小时，花掉{c}元，还剩多少元？""",
    ),
}


def reworded(name: str, problem: Drawn, rng: random.Random, lang: Language) -> str:
    """The question of a problem in one of the wordings of this module; as it is where the task has none here."""
    chosen = _CHOOSE[name](problem.values, rng, lang) if name in _CHOOSE else None
    if not chosen:
        return problem.question
    wordings, fields = chosen
    text = rng.choice(wordings.pick(lang).split("\n"))
    return text.format(**{key: _spoken(value, rng) for key, value in fields.items()})


def _spoken(value: object, rng: random.Random) -> object:
    """An expression with one of the signs that people type."""
    if isinstance(value, str) and " × " in value:
        return value.replace("×", rng.choice(("×", "×", "*", "x")))
    return value


Chosen = tuple[Both, Fields]


def _sums(values: Sequence[Any], rng: random.Random, lang: Language) -> Chosen:
    expression, sign, a, b = values
    if not expression.startswith("-") and rng.random() < 0.35:
        return SUMS[sign], {"a": a, "b": b}
    return EXPRESSION, {"x": expression if " " in expression else f"{a} {sign} {b}"}


def _products(values: Sequence[Any], rng: random.Random, lang: Language) -> Chosen:
    expression, a, b = values
    return (PRODUCTS, {"a": a, "b": b}) if rng.random() < 0.4 else (EXPRESSION, {"x": expression})


def _division(values: Sequence[Any], rng: random.Random, lang: Language) -> Chosen:
    a, b, what = values
    if what == "mod":
        return REST, {"a": a, "b": b}
    if a % b:
        return WHOLE, {"a": a, "b": b}
    if rng.random() < 0.4:
        return EXPRESSION, {"x": f"{a} {rng.choice('/÷')} {b}"}
    return rng.choice((WHOLE, DIVIDED, DIVIDED)), {"a": a, "b": b}


def _expressions(values: Sequence[Any], rng: random.Random, lang: Language) -> Chosen:
    return EXPRESSION, {"x": values[0]}


def _fractions(values: Sequence[Any], rng: random.Random, lang: Language) -> Chosen:
    expression, a, b, sign, c, d = values
    chance = rng.random()
    if chance < 0.25:
        return FRACTION_WORDS[sign], {"f": f"{a}/{b}", "g": f"{c}/{d}"}
    return (FRACTIONS if chance < 0.5 else EXPRESSION), {"x": expression}


def _decimals(values: Sequence[Any], rng: random.Random, lang: Language) -> Chosen:
    return DECIMALS, {"x": values[0], "y": values[1]}


def _percentages(values: Sequence[Any], rng: random.Random, lang: Language) -> Chosen:
    return PERCENTAGES, {"p": values[0], "n": values[1]}


def _equations(values: Sequence[Any], rng: random.Random, lang: Language) -> Chosen:
    a, b, right = values
    return EQUATIONS, {"e": f"{a}x {'+' if b >= 0 else '-'} {abs(b)} = {right}"}


def _divisors(values: Sequence[Any], rng: random.Random, lang: Language) -> Chosen:
    return DIVISORS, {"a": values[0], "b": values[1]}


def _primes(values: Sequence[Any], rng: random.Random, lang: Language) -> Chosen:
    return PRIMES, {"n": values[0]}


_WAYS = Both("ascending\ndescending", "从小到大\n从大到小")
_ENDS = (
    ("smallest to largest", "small to large", "lowest to highest", "low to high", "least to greatest"),
    ("largest to smallest", "large to small", "highest to lowest", "high to low", "greatest to least"),
)


def _sorting(values: Sequence[Any], rng: random.Random, lang: Language) -> Chosen:
    numbers, down = values
    way = _WAYS.pick(lang).split("\n")[down]
    if lang == "zh" and rng.random() < 0.3:
        way = rng.choice((("升序", "由小到大"), ("降序", "由大到小"))[down])
    return SORTING, {"n": ", ".join(map(str, numbers)), "way": way, "ends": rng.choice(_ENDS[down])}


def _letters(values: Sequence[Any], rng: random.Random, lang: Language) -> Chosen:
    return LETTERS, {"c": values[0], "w": values[1]}


def _clock(values: Sequence[Any], rng: random.Random, lang: Language) -> Chosen:
    hour, minute, later, split = values
    hours, rest = divmod(later, 60)
    if lang == "zh":
        wait = f"{hours}小时{rest}分钟" if split else f"{later}分钟"
    elif split:
        wait = rng.choice(("{} h {} min", "{} hours and {} minutes", "{} hours {} minutes", "{}h {}min"))
        wait = wait.format(hours, rest).replace("1 hours", "1 hour" if hours == 1 else "1 hours")
    else:
        wait = f"{later} {rng.choice(('minutes', 'minutes', 'min'))}"
    return CLOCK, {"t": f"{hour}:{minute:02d}" if rng.random() < 0.5 else f"{hour:02d}:{minute:02d}", "m": wait}


def _countdown(values: Sequence[Any], rng: random.Random, lang: Language) -> Chosen:
    numbers, target, *_ = values
    return COUNTDOWN, {"n": ", ".join(map(str, numbers)), "t": target}


def _stories(values: Sequence[Any], rng: random.Random, lang: Language) -> Chosen | None:
    signs = "".join(sign for _, sign, _ in values) if values[0] != "cage" else ""
    numbers = [part for a, _, b in values for part in (a, b) if part != "."] if signs in STORIES else []
    if not numbers or (signs == "*-" and values[1][0] != "."):  # change of 200
        return None
    p, q = rng.sample(_NAMES.pick(lang).split(), 2)
    fields: Fields = {"p": p, "q": q, "t": rng.choice(_THINGS.pick(lang).split())}
    return STORIES[signs], fields | dict(zip("abc", numbers, strict=False))


_CHOOSE: dict[str, Callable[[Sequence[Any], random.Random, Language], Chosen | None]] = {
    "sums": _sums,
    "products": _products,
    "division": _division,
    "expressions": _expressions,
    "decimals": _decimals,
    "percentages": _percentages,
    "fractions": _fractions,
    "equations": _equations,
    "divisors": _divisors,
    "primes": _primes,
    "sorting": _sorting,
    "letters": _letters,
    "clock": _clock,
    "countdown": _countdown,
    "countdown-4": _countdown,
    "products-3x2": _products,
    "stories": _stories,
}
