"""Where the training pairs of the student come from: the same source sentences and the same number of pairs in every regime."""

import difflib

from ..base.errors import InputError, unknown

REGIMES = {
    "bitext": "authentic pairs: a sentence of the language and its English translation",
    "cs": "code-switched: English sentences, words replaced by translations from the lexicon",
    "bt": "back-translated: sentences of the language, with English made by the translator",
    "cs+bt": "the first half of the sentences code-switched, the second back-translated",
    "none": "no training: the student as it is initialised",
}

ALIASES = {
    "code-switch": "cs",
    "code-switched": "cs",
    "code-switching": "cs",
    "codeswitching": "cs",
    "back-translate": "bt",
    "back-translated": "bt",
    "back-translation": "bt",
    "backtranslation": "bt",
    "authentic": "bitext",
    "parallel": "bitext",
    "bt+cs": "cs+bt",
    "untrained": "none",
    "zero-shot": "none",
    "zeroshot": "none",
}
"""What people call the regimes, which an error takes them from."""


def check(regime: str) -> None:
    """Raises InputError, with what may be meant, for what is no regime."""
    if regime in REGIMES:
        return
    meant = difflib.get_close_matches(str(regime).lower().replace("_", "-"), ALIASES, n=1, cutoff=0.8)
    if meant:
        raise InputError(f'unknown regime "{regime}"; did you mean {ALIASES[meant[0]]}?')
    raise unknown("regime", str(regime), [*REGIMES, "all"])
