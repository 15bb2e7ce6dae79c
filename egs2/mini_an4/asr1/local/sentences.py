"""AN4's task: what people said to the census application of Acero and Stern (Environmental robustness, ICASSP 1990).

They spelled names and words, told numbers, dates and addresses, and gave control words ("RUBOUT G M E F THREE NINE").
"""
import random


def listed(words: str) -> list[str]:
    """The words of a line."""
    return words.split()


ONES = listed("ONE TWO THREE FOUR FIVE SIX SEVEN EIGHT NINE")
DIGITS = ["ZERO", "OH", *ONES]
TEENS = listed("TEN ELEVEN TWELVE THIRTEEN FOURTEEN FIFTEEN SIXTEEN SEVENTEEN EIGHTEEN NINETEEN")
TENS = listed("TWENTY THIRTY FORTY FIFTY SIXTY SEVENTY EIGHTY NINETY")
ORDINALS = listed(
    "FIRST SECOND THIRD FOURTH FIFTH SIXTH SEVENTH EIGHTH NINTH TENTH ELEVENTH TWELFTH THIRTEENTH FOURTEENTH "
    "FIFTEENTH SIXTEENTH SEVENTEENTH EIGHTEENTH NINETEENTH TWENTIETH"
)
LAST_DAYS = [["THIRTIETH"], ["THIRTY", "FIRST"]]
MONTHS = listed("JANUARY FEBRUARY MARCH APRIL MAY JUNE JULY AUGUST SEPTEMBER OCTOBER NOVEMBER DECEMBER")
LETTERS = list("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
COMMANDS = listed("YES NO STOP START HELP GO REPEAT ERASE RUBOUT ENTER CANCEL NEXT PREVIOUS DONE")
STREETS = listed("STREET AVENUE ROAD DRIVE LANE COURT")
NAMES = listed(
    "JOHN MARY DAVID LINDA ROBERT SUSAN JAMES KAREN PETER NANCY HENRY ALICE FRANK JULIA GEORGE LAURA KEVIN DIANA "
    "WALTER EMILY SMITH JONES WALKER HARRIS BAKER CARTER TURNER PARKER COLLINS MURPHY"
)
SURNAMES = listed(
    "CASEY CHAVEZ CLARK DOUGLAS GARCIA HUGHES JACKSON KENNEDY KIM KOWALSKI LOPEZ MCDONALD MITCHELL NGUYEN OBRIEN "
    "PEREZ QUINN REYES ROSS RUIZ SCHMIDT SHAW SULLIVAN TAYLOR TORRES VAZQUEZ WAGNER WEBB WRIGHT XAVIER YOUNG "
    "ZIMMERMAN PITTSBURGH BOSTON CHICAGO DENVER DALLAS HOUSTON KANSAS MEMPHIS NEWARK OXFORD PHOENIX QUEBEC RALEIGH "
    "SEATTLE TUCSON UTICA VEGAS WACO YUMA"
)
STEMS = listed(
    "AND BECK BRAD CAR COL DAL DAV ED FER FRED GIB GRAY HAM HAR HAZEL HOB JACK JOHN KEL KING LAM LIND MAR MOR NEL "
    "NOR OWEN PARK PET QUIN RAY ROB SAN STEV TAL THOM UL VAN VICK WAL WHIT WIN WYN YOR ZEL"
)
ENDINGS = listed("AK BERG BY DALE ELLI ER EZ FIELD FORD HAM ING LEY MAN OVA QUIST S SKI SON TON VILLE WELL WICK WORTH")


def below_hundred(rng: random.Random) -> list[str]:
    """A number from ten to ninety nine in words."""
    if rng.random() < 0.4:
        return [rng.choice(TEENS)]
    return [rng.choice(TENS), *([rng.choice(ONES)] if rng.random() < 0.8 else [])]


def number(rng: random.Random) -> list[str]:
    """A number below one thousand, or of some thousands."""
    kind = rng.random()
    if kind < 0.5:
        return below_hundred(rng)
    words = [rng.choice(ONES), "HUNDRED" if kind < 0.85 else "THOUSAND"]
    return words + (["AND"] if rng.random() < 0.3 else []) + (below_hundred(rng) if rng.random() < 0.7 else [])


def digit_string(rng: random.Random) -> list[str]:
    """A telephone number or a zip code, digit by digit."""
    return [rng.choice(DIGITS) for _ in range(rng.choice((3, 4, 5, 7)))]


def spelled_name(rng: random.Random) -> list[str]:
    """A name letter by letter, sometimes said first."""
    if rng.random() < 0.2:
        name = rng.choice(NAMES)
        return [name, *name]
    if rng.random() < 0.4:
        return list(rng.choice(NAMES + SURNAMES))
    return list(rng.choice(STEMS) + rng.choice(ENDINGS))


def letters_and_digits(rng: random.Random) -> list[str]:
    """A command and a code of letters and digits."""
    letters = [rng.choice(LETTERS) for _ in range(rng.randint(2, 4))]
    return [rng.choice(("RUBOUT", "ENTER", "ERASE")), *letters, *(rng.choice(ONES) for _ in range(rng.randint(0, 3)))]


def date(rng: random.Random) -> list[str]:
    """A month and a day, often with the year."""
    day = rng.choice([[day] for day in ORDINALS] + [["TWENTY", day] for day in ORDINALS[:9]] + LAST_DAYS)
    year = ["NINETEEN", *below_hundred(rng)] if rng.random() < 0.5 else []
    return [rng.choice(MONTHS), *day, *year]


def address(rng: random.Random) -> list[str]:
    """A house number, a name or an ordinal, and a kind of street."""
    return [*number(rng), rng.choice(NAMES + ORDINALS[:12]), rng.choice(STREETS)]


def command(rng: random.Random) -> list[str]:
    """One or two control words, or a number to enter."""
    if rng.random() < 0.5:
        return ["ENTER", *number(rng)]
    return [rng.choice(COMMANDS) for _ in range(1 if rng.random() < 0.6 else 2)]


def full_name(rng: random.Random) -> list[str]:
    """A first name and a surname."""
    return [rng.choice(NAMES[:20]), rng.choice(NAMES[20:])]


KINDS = {
    spelled_name: 30,
    letters_and_digits: 10,
    digit_string: 14,
    date: 16,
    address: 10,
    command: 14,
    full_name: 6,
}


def sentence(rng: random.Random) -> list[str]:
    """Draw the words of one sentence."""
    (kind,) = rng.choices(list(KINDS), weights=list(KINDS.values()))
    return kind(rng)
