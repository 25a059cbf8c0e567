"""Words whose letters are counted."""

from __future__ import annotations

_TEXT = """
strawberry banana letter coffee apple balloon mississippi committee raccoon butter pepper summer winter yellow orange
cherry tomato potato rabbit kitten puppy window mirror bottle little middle bubble puzzle giggle follow sorrow arrow
error terror carrot parrot barrel tunnel funnel pebble ribbon cotton button gallop wallet pillow village college
address success process possess bookkeeper tennessee cinnamon grammar occurrence parallel umbrella assassin cappuccino
mozzarella spaghetti accommodation recommendation embarrassment blueberry raspberry blackberry cranberry pineapple
watermelon grape lemon peach cucumber broccoli spinach onion garlic lettuce cabbage mushroom chicken turkey hamburger
sandwich chocolate vanilla caramel cookie biscuit pancake noodle chair table kitchen bathroom bedroom garden garage
street bridge river mountain valley forest desert island ocean beach harbor airport station hospital school university
library museum theater restaurant market computer keyboard monitor printer telephone camera television radio guitar
piano violin trumpet drummer singer dancer painter writer teacher doctor nurse engineer lawyer farmer driver pilot
soldier sailor elephant giraffe crocodile kangaroo penguin dolphin octopus butterfly mosquito grasshopper spider
turtle hamster squirrel monkey gorilla leopard cheetah buffalo antelope purple silver golden crimson january february
august september october november december monday tuesday wednesday thursday friday saturday sunday hundred thousand
million twenty thirteen seventeen eleven science mathematics physics chemistry biology history geography philosophy
language english chinese german french spanish italian russian japanese america australia canada germany philippines
caribbean happiness sadness kindness darkness illness necessary occasion beginning tomorrow yesterday different
difficult beautiful wonderful dangerous important interesting expensive comfortable possible impossible everything
something nothing anything someone nobody remember forgotten mother father brother sister daughter grandmother
grandfather children people person friend neighbor stranger morning evening midnight weather thunder lightning rainbow
snowflake hello world think reason model answer question problem number circle square triangle rectangle engineering
processor memory storage network internet software hardware program function variable parameter statistics probability
"""
WORDS = tuple(_TEXT.split())
