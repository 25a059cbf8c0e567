"""Hand-set weights of the marks of a sentence, for being a moment and for its kind: the prior of the trained model.

`^mark` counts where the sentence begins with it, `a&b` where both occur. The marks `first`, `quote`, `after`, `after2`
and `brief` come from `surroundings.py`.
"""

from __future__ import annotations

from typing import Literal

MomentKind = Literal["verification", "correction", "alternative", "re-reading", "realisation"]
KINDS: tuple[MomentKind, ...] = ("verification", "correction", "alternative", "re-reading", "realisation")

BAR = 22  # tenths of a point, whose sum is the same in any order

_POINTS = """
^wait, 4.2  ^wait 1.2  ^hold 4.5  mid 2.5  ^no, 1.5  ^no&thatis 0.8  ^oops 3.5  oops 1  ^actually, 1.5  ^aha 3
^ohah&so 2.9  ^ohah&mis 1.5  ^ohah&no 1  ^ohah&wait 1  ^ohah&fit 2  ^hmm&odd 2  ^odd 1  ^thatis&odd 1.5
^hmm&err 1.5  ^hmm&contra 2  ^hmm&not 1  ^hmm&but 1.5  ^hmm&no 1.5

^verify 1.7  ^verify&= 0.7  verify 0.8  letme&verify 2.3  should&verify 1.7  verify&again 1  ^check 0.7  letme&check 0.8
check&again 2  check&= 0.7  ^check&= 0.7  check&example 0.8  check&fit 0.3  letme&sure 1.8  letme&again 0.5
walk&again 2.3  try&again 1.8  ^justto 2.2  justto 0.8  justto&= 0.7  ^but&verify 1  ^but&check 0.7  ^but&sure 1

^did&? 2.7  ^did&miss 1.5  did&miss 1  ^isthat&? 1.7  ^isthat&fit 1.2  isthat&? 0.3  ^whatif&? 2  whatif&? 0.5
^how&? -1  ^but&isthat 1  ^but&? 0.8  ^but&how -1  ^but&maybe 0.6  ^but&not 0.3  ^but&err 0.8  ^but&contra 0.3
^but&careful 1

mis&i 2.5  mis 1  mis&maybe 1  ^maybe&mis 1  miss&i 0.7  err 0.4  ^err 1  err&thatis 0.5  ^i&err 2
^contra 1.7  ^thatis&contra 1.3  ^no&contra 1  ^so&contra -1.5  ^thatis&not 0.8  ^no&not 0.5  ^so&not -1

^alternatively 3.3  ^different 0.7  ^different&way 1.5  different&way 1  ^restart 1.5  restart 1  letme&restart 0.9
^orelse 2.3  ^orelse&? 1  ^instead 2.7  letme&different 2  try&different 1.2  maybe&different 1.5  different&? 0.5
^maybe 0.3

^but&question 2  ^but&unsaid -1  question&says 0.4  ^but&says 0.3  reread 2  ^reread 2.3

they -1  ^but&they -1  you -1  ^alternatively&you -2  ^plan -1  ^so -0.5  ^recall&mis 1

^zwait, 4.2  ^zno, 2.5  ^zno 2  zno 0.6  ^znope 2.8  ^zcontra 1  zself 3  ^zself 4  zerr 1  ^zerr 1  zmiss 0.8
zearlier&zerr 2  zearlier&zno 1.5  zearlier&zcontra 1.8  zmaybe&zno 1.5  zmaybe&zerr 1.6  zmaybe&zcontra 0.7
zmaybe&zmiss 2  ^zmiss 0.8  ^zreal 3  ^zah 0.6  ^zah&zreal 2  ^zah&zno 1.2  ^zah&zerr 1  ^zah&zprob 1
^zhmm&zno 1

zrecheck 3  ^zrecheck 2.7  zredo 2  ^zredo 2.3  ^zagain 1  zagain&zcheck 1.5  zagain&zthink 1.5
zlet&zredo 0.5  zlet&zcheck 1  ^zcheck 1  zcheck&= 1.2  zyixia&zcheck 2.2  zcheck&ztest 1  zredo&ztest 1
^ztest 0.8  ^zedge 1.2  ^zbut&zedge 0.8  ^zdifferent 0.8
zread 2  ^zread 2.3

zdoubt&? 2.1  ^zdoubt&? 0.5  zdoubt&zmiss 1.5  zdoubt&zerr 1.3  zdoubt&zself 1  zma&? 0.8  ^zma&? 1.2
^zbut&zok 1.5  zok&zma 1.6  zok&zdoubt 0.6

^zbut&zma 1.7  ^zbut&? 1  ^zbut&zhow -1  ^zbut&zdoubt 1.2  ^zbut&zq 2.3  ^zbut&zuser 2.3  ^zbut&znote 0.4
^zbut&zcheck 0.8  ^zbut&zmiss 1  ^zbut&zno 2  ^zbut&zcontra 0.6  ^zbut&zerr 1  ^zbut&zeg 0.5  ^zbut&zother 0.5
znote&? 1

^zdifferent&zway 3  zdifferent&zway 1.2  zother&zway 0.5  zother&? 0.8  ^zor 0.3  ^zor&? 1.4  ^zor&zq 1
^zor&zuser 1  ^zor&zdifferent 1

^zplan -1  ^zplan&zcheck -1.3  zpeople -1  ^zso -0.3

first -1  quote -4  brief -3.5  after&letme -1.5  after&verify -1.2  after&walk -1  after&mis -2.5
after&hold -1.5  after&? -0.5  after&reread -1  after&contra -1  after&again -0.7  after&zcheck -0.8
after&zrecheck -1  after&zredo -1  after&zq -0.7  after&zdoubt -0.7  after&zself -1.5  after&zread -1
after2&question -0.8  after2&zbut -0.3
"""

_VOTES: dict[MomentKind, str] = {
    "verification": """verify 1.5  check 1  sure 1  justto 1  ? 0.6  did 0.7  isthat 0.6  = 0.4  again 0.5
        example 0.5  walk 0.5  miss 0.5  whatif 0.5
        zcheck 1  zrecheck 1.5  zredo 0.7  ztest 1.5  zma 0.8  zdoubt 0.5  zmiss 0.5""",
    "correction": """no 1.5  ^no 0.7  mis 0.9  contra 1  err 0.7  oops 2.5  ^actually 1  not 0.3  hold 0.3  mid 0.7
        zno 1.5  zself 2  zerr 1  znope 2  zcontra 0.7  zactual 0.8""",
    "alternative": """alternatively 3  ^different 1.5  different&way 1.5  orelse 1.2  instead 1.5  restart 1.5
        maybe 0.8  ^wait&maybe 0.8  try&different 1  try 0.3
        zdifferent&zway 2  ^zdifferent 1  zor 1.2  zother&zway 0.7""",
    "re-reading": """question 1  question&says 1  ^but&question 1  reread 3  says 0.6  they 0.3
        zq 1.4  zuser 2  ^zbut&zq 0.5  zread 2.5""",
    "realisation": "aha 2.5  ohah 1  so 0.4  zreal 2.5  zah 0.8  zso 0.3",
}
_LEANING: dict[MomentKind, int] = {"verification": 8}  # tenths; what most moments are, where nothing says more

LANE = 32  # bits: the votes for all kinds are added up in one integer, a lane for each kind in the order of KINDS


class _Table:
    """Tenths of points of single marks, and of pairs of marks that occur in the same sentence."""

    def __init__(self) -> None:
        self._single: dict[str, int] = {}
        self._pairs: dict[str, dict[str, int]] = {}

    def read(self, text: str, unit: int = 1) -> None:
        """Add the entries of `text`: a mark or `a&b`, then its points; a point counts ten units."""
        words = text.split()
        for name, points in zip(words[::2], words[1::2], strict=True):
            first, _, second = name.partition("&")
            values = self._pairs.setdefault(first, {}) if second else self._single
            values[second or first] = values.get(second or first, 0) + round(10 * float(points)) * unit

    def total(self, marks: set[str], names: set[str]) -> int:
        """The sum over the single `marks` and over the pairs among `names`."""
        single, pairs = self._single, self._pairs
        total = sum([single[mark] for mark in marks if mark in single])
        for name in names:
            if name in pairs:
                others = pairs[name]
                for other in others.keys() & names:
                    total += others[other]
        return total


_TABLE = _Table()
_TABLE.read(_POINTS)
_KIND_TABLE = _Table()
for _at, _kind in enumerate(KINDS):
    _KIND_TABLE.read(_VOTES[_kind], 1 << LANE * _at)
_LEANINGS = sum(_LEANING.get(kind, 0) << LANE * at for at, kind in enumerate(KINDS))


def points(marks: set[str], names: set[str]) -> int:
    """How strongly these marks speak for a moment, in tenths of a point; BAR is enough. `names`: `anywhere(marks)`."""
    return _TABLE.total(marks, names)


def votes(names: set[str]) -> int:
    """How strongly `anywhere(marks)` speaks for each kind, in tenths of a point: never negative, a lane for each."""
    return _LEANINGS + _KIND_TABLE.total(names, names)
