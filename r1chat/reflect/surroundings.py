"""What stands before a sentence, as marks: how far the last moment is, whether a quotation is open, the first lines.

Used by the finder, which says where the moments are, and by the training script, which knows it from the labels.
"""

from __future__ import annotations

from r1chat.reflect.cues import marks
from r1chat.reflect.sentences import Sentence

_BRIEF = 17  # characters; "Wait, no." only opens what the next sentence says
_FIRST = 3  # sentences that begin a chain


class Surroundings:
    """Call `marks` for each sentence in order, then `advance` with whether it was a moment.

    Marks: `first` in the first sentences, `quote` inside a quotation, `after` for the sentence that follows a moment
    ("Let me check again." after "Wait, is that right?" continues it), `after2` for the one behind that, `brief` where
    the moment just before was hardly more than "Wait, no."
    """

    def __init__(self) -> None:
        self._count = 0
        self.since = 9  # sentences since the last moment, 0 right behind it
        self._brief = False

    def marks(self, sentence: Sentence) -> set[str]:
        """The marks of a sentence: of its own words, and of where it stands. Empty where its words have none."""
        sentence_marks = marks(sentence.text)
        if not sentence_marks:
            return sentence_marks
        if self._count < _FIRST:
            sentence_marks.add("first")
        if sentence.quoted:
            sentence_marks.add("quote")
        if self.since < 2:
            sentence_marks.add("after2" if self.since else "after")
            if self._brief and not self.since:
                sentence_marks.add("brief")
        return sentence_marks

    def advance(self, sentence: Sentence, moment: bool) -> None:
        """Go on to the next sentence."""
        self._count += 1
        if moment:
            self.since, self._brief = 0, len(sentence.text) < _BRIEF
        else:
            self.since += 1
