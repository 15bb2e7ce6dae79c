"""Short English sentences of everyday words, drawn from a small grammar so that every sound comes up often."""
import random


def listed(words: str) -> list[str]:
    """The entries of a text, between bars or line ends."""
    return [word.strip() for line in words.strip().splitlines() for word in line.split("|") if word.strip()]


PEOPLE = listed("""
    my mother | our neighbor | the young teacher | her brother | the doctor | George | a stranger | the old farmer
    Julia | the captain | his daughter | the whole family | your cousin | the judge | a visitor | the driver
    Thomas | their boy
""")
THINGS = listed("""
    the yellow boat | a heavy box | the broken chair | this letter | the garden gate | a cup of coffee
    the blue jacket | an empty bottle | the kitchen table | a pair of shoes | the morning paper | fresh bread
    a large umbrella | the key | a good map | the church bell | my favorite book | an orange | the picture
    a piece of cheese | the television
""")
DID = listed("""
    found | carried | painted | bought | watched | lost | wanted | showed us | put away | asked for | changed
    threw out | chose | measured | used | finished with | looked at | kept | gave back | dreamed of | joked about
    picked up
""")
PLACES = listed("""
    in the village | near the river | behind the house | at the station | under the bridge | by the ocean
    at school | on the hill | across the street | in the forest | at the market | on the third floor
    beside the road | in town
""")
TIMES = listed("""
    on Monday | last Thursday | before lunch | this morning | after the meeting | at five o'clock | all summer
    in January | every evening | two years ago | yesterday | later tonight | in the autumn | without any trouble
    for an hour
""")
PLURALS = listed("""
    eggs | horses | dollars | windows | miles | judges | children | pages | oranges | fishes | stories | birds
    shirts | wheels
""")
NUMBERS = listed("""
    two | three | four | five | six | seven | eight | nine | ten | eleven | twelve | fifteen | twenty | thirty one
    forty | a hundred
""")
ADJECTIVES = listed("""
    quiet | warm | dangerous | beautiful | usual | strange | empty | loud | cold | wonderful | smooth | thick
    rough | huge
""")
NOUNS = listed("""
    weather | music | water | voice | journey | answer | kitchen | wind | question | village | moon | engine
    measure | path
""")
ORDERS = listed("""
    close the door | turn left | wait a moment | read the question | speak slowly | wash your hands
    leave the room | bring the others | call me back | think about it | choose a number | push the button
    hold this rope | boil the water
""")
ASKS = listed("""
    Where is | Can you show me | Who took | Have you seen | Why do you need | Do they enjoy | When did you buy
    What happened to
""")
REASONS = listed("""
    the road was closed | nobody was there | it was raining | the train was late | we were tired
    the shop was full | everyone had gone | the sun was shining | they had no choice | the noise was awful
    he could not hear us
""")


def _told(rng: random.Random) -> str:
    return f"{rng.choice(PEOPLE)} {rng.choice(DID)} {rng.choice(THINGS)} {rng.choice(rng.choice((PLACES, TIMES)))}."


def _because(rng: random.Random) -> str:
    return f"{rng.choice(PEOPLE)} {rng.choice(DID)} {rng.choice(THINGS)}, because {rng.choice(REASONS)}."


def _counted(rng: random.Random) -> str:
    return f"there are {rng.choice(NUMBERS)} {rng.choice(PLURALS)} {rng.choice(PLACES)}."


def _described(rng: random.Random) -> str:
    return f"the {rng.choice(NOUNS)} was {rng.choice(ADJECTIVES)} {rng.choice(TIMES)}."


def _ordered(rng: random.Random) -> str:
    return f"please {rng.choice(ORDERS)}, and then {rng.choice(ORDERS)}."


def _asked(rng: random.Random) -> str:
    return f"{rng.choice(ASKS)} {rng.choice(THINGS)}?"


KINDS = {_told: 8, _because: 5, _counted: 3, _described: 3, _ordered: 3, _asked: 3}


def sentence(rng: random.Random) -> str:
    """Draw one sentence, with its punctuation."""
    (kind,) = rng.choices(list(KINDS), weights=list(KINDS.values()))
    text = kind(rng)
    return text[0].upper() + text[1:]
