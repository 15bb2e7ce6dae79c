"""The speakers: variants of eSpeak NG's voice (a vocal tract and a pitch each), every one in two accents.

Train, dev and test share accents, as people do, but no variant: nobody in test has been heard in training. Left out
are the variants which draw random breath and so differ from run to run (f2, f3, f5, whisper, whisperf, Alicia, Demonic,
sandro, victor), the robots, and copies with another pitch (Hugo, Henrique, michel and miguel of Diogo, ...).
"""
import random
from typing import NamedTuple

ACCENTS = ("en-us", "en-gb-x-rp", "en-us-nyc", "en-gb-scotland", "en-029", "en", "en-gb-x-gbclan", "en-gb-x-gbcwmd")
VARIANTS = {
    "train": [
        "Alex", "Andy", "Annie", "Denis", "Diogo", "Gene", "Jacky", "Mario", "Mike", "Nguyen", "Reed", "Storm",
        "adam", "announcer", "antonio", "belinda", "david", "ed", "edward", "f1", "grandma", "iven3", "john", "linda",
        "m1", "m3", "m4", "m7", "m8", "mike2", "norbert", "pablo", "pedro", "quincy", "rob", "robert", "shelby",
        "steph", "steph2", "steph3", "travis",
    ],
    "dev": ["aunty", "benjamin", "boris", "edward2", "klatt", "m6", "marcelo", "max"],
    "test": ["Andrea", "Marco", "Michael", "f4", "gustave", "m2", "m5", "paul"],
}
FIRST_SPEAKER = {"train": 1, "dev": 801, "test": 901}
# Training hears each vocal tract in more manners, and wider ones, than are tested.
MANNERS = {"train": 4, "dev": 2, "test": 2}
RANGES = {  # rate, pitch, pitch range
    "train": ((115, 210), (15, 85), (20, 90)),
    "dev": ((130, 190), (35, 65), (30, 70)),
    "test": ((130, 190), (35, 65), (30, 70)),
}


class Speaker(NamedTuple):
    """A voice and the manner of who speaks with it."""

    name: str  # prefix of the utterance ids
    accent: str
    variant: str
    rate: int  # words per minute
    pitch: int  # 0-99
    pitch_range: int  # 0-99

    @property
    def voice(self) -> str:
        """The name that eSpeak NG knows."""
        return f"{self.accent}+{self.variant}"


def speakers(name: str) -> list[Speaker]:
    """The speakers of ``train``, ``dev`` or ``test``, the same on every call."""
    rng = random.Random(f"speakers of {name}")
    found = []
    for i, variant in enumerate(variant for variant in VARIANTS[name] for _ in range(MANNERS[name])):
        accent = ACCENTS[(i + i // len(ACCENTS)) % len(ACCENTS)]
        manner = [rng.randint(*ends) for ends in RANGES[name]]
        found.append(Speaker(f"v{FIRST_SPEAKER[name] + i:03d}", accent, variant, *manner))
    return found
