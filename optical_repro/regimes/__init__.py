"""Where the training pairs of the student come from: the same source sentences and the same number of pairs in every regime."""

REGIMES = {
    "bitext": "authentic pairs: a sentence of the language and its English translation",
    "cs": "code-switched: English sentences, words replaced by translations from the lexicon",
    "bt": "back-translated: sentences of the language, with English made by the translator",
    "cs+bt": "the first half of the sentences code-switched, the second back-translated",
    "none": "no training: the student as it is initialised",
}
