"""Translation into English, word by word and phrase by phrase: BLEU, chrF, and the teacher's cosine with people's English.

    python benchmarks/translation.py --lang ha --collection DATA/afriqa-gold --bitext TRAIN.tsv --held-out TEST.tsv

Both are trained on the parallel text of --bitext (and optical_repro's language model on the collection's English documents), and translate
all sentences of --held-out. BLEU and chrF are sacrebleu's, without regard to case: word by word, known words are in lower case. The
cosine is the mean over the sentences of that between the teacher's vectors of the translation and of people's English. Pairs of
--held-out with a side that --bitext has too are left out.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import measure


def main() -> None:
    """Translates, prints a table, and writes it as JSON."""
    arguments = parser().parse_args()

    from sacrebleu.metrics import BLEU, CHRF

    from optical_repro.bitext.readers import read_bitext
    from optical_repro.encoders.text_encoder import TextEncoder

    lang, sides = arguments.lang, {name: experiment(arguments, name) for name in ("lexical", "phrase")}
    seen = {text for pair in sides["phrase"].pairs for text in pair}
    pairs = [pair for pair in read_bitext(arguments.held_out, lang).pairs if seen.isdisjoint(pair)]
    english = [pair.english for pair in pairs]
    encoder = TextEncoder(sides["phrase"].teacher)
    vectors = encoder.encode(english)
    rows: dict[str, dict[str, Any]] = {}
    for name, one in sides.items():
        translator = one.translation.between(lang, "en")
        translator.translate(["."])  # trains its model, if it has one
        start = time.monotonic()
        translations = translator.translate([pair.target for pair in pairs])
        seconds = time.monotonic() - start
        bleu, chrf = BLEU(lowercase=True), CHRF(lowercase=True)
        rows[name] = {
            "BLEU": bleu.corpus_score(translations, [english]).score,
            "chrF": chrf.corpus_score(translations, [english]).score,
            "cosine": float((encoder.encode(translations) * vectors).sum(axis=1).mean()),
            "sentences a second": len(pairs) / seconds,
            "signatures": [str(metric.get_signature()) for metric in (bleu, chrf)],
        }
    print(f"{lang}: {len(sides['phrase'].pairs):,} pairs; {len(pairs):,} held-out sentences")
    for name, row in rows.items():
        scores = f"BLEU {row['BLEU']:5.1f}  chrF {row['chrF']:5.1f}  cosine {row['cosine']:.3f}"
        print(f"  {name:8} {scores}  {row['sentences a second']:,.0f} sentences a second")
    arguments.json.parent.mkdir(exist_ok=True, parents=True)
    arguments.json.write_text(json.dumps({"lang": lang, "sentences": len(pairs), "translators": rows}, indent=1) + "\n")


def parser() -> argparse.ArgumentParser:
    """The command line."""
    command_line = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = command_line.add_argument
    add("--lang", required=True, metavar="CODE", help="the language to translate from")
    add("--collection", required=True, metavar="NAME", help="the collection whose English documents the language model reads")
    add("--split", metavar="NAME", help="split of its topics, which are not read")
    add("--bitext", required=True, nargs="+", type=Path, metavar="FILE", help="parallel text to learn from")
    add("--held-out", required=True, nargs="+", type=Path, metavar="FILE", help="parallel text to translate")
    add("--cache-dir", type=Path, metavar="DIR", help="folder of finished stages (default: that of optical_repro.run)")
    add("--json", type=Path, default=measure.RESULTS / "translation.json", metavar="FILE", help="the results (default: benchmarks/results)")
    return command_line


def experiment(arguments: argparse.Namespace, translator: str) -> Any:
    """An experiment with a translator."""
    from optical_repro import collections
    from optical_repro.base.cache import Cache
    from optical_repro.base.places import default_folder
    from optical_repro.experiment.experiment import Experiment
    from optical_repro.experiment.settings import Settings

    settings = Settings(bitext=tuple(arguments.bitext), translator=translator, device="cpu")
    collection = collections.load(arguments.collection, arguments.lang, arguments.split)
    return Experiment(collection, settings, Cache(arguments.cache_dir or default_folder()))


if __name__ == "__main__":
    main()
