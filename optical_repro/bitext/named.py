"""Parallel corpora by name, for ``--bitext``; each is downloaded once and kept as lines of sentence TAB English.

opus:CCAligned  opus:CCAligned/v1   any corpus of OPUS, its latest release or the one named
menyo20k        menyo20k:dev        MENYO-20k, Yorùbá
lafand          lafand:dev          LAFAND-MT, news in African languages
mmarco                              training queries of mMARCO, machine-translated, with MS MARCO's own
"""

from __future__ import annotations

import csv
import os
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from ..base import downloads
from ..base.errors import InputError, bad_line, unknown
from ..base.files import DAMAGED, LONGEST, bounded_lines, json_lines, lines, whole

OPUS = "https://opus.nlpl.eu/opusapi/"
"""Returns ``{"corpora": [{"corpus", "version", "url", ...}]}``; the url is of a zip of Moses files, one a language."""

DUTCH = "dt"
"""mMARCO's code for nl."""

LAFAND = {
    "am": "amh",
    "ha": "hau",
    "ig": "ibo",
    "lg": "lug",
    "luo": "luo",
    "ny": "nya",
    "pcm": "pcm",
    "rw": "kin",
    "sn": "sna",
    "sw": "swa",
    "tn": "tsn",
    "tw": "twi",
    "xh": "xho",
    "yo": "yor",
    "zu": "zul",
}
"""Languages paired with English, to their codes in LAFAND's files."""

LAFAND_TRAINED = frozenset({"ha", "ig", "lg", "luo", "pcm", "sw", "tn", "tw", "yo", "zu"})
"""Languages with a train split."""

SPLITS = ("train", "dev", "test")

DESCRIBED = {
    "opus:CORPUS": "a corpus of OPUS in its latest release (opus:CCAligned), or opus:CORPUS/RELEASE; licences differ: opus.nlpl.eu",
    "menyo20k[:SPLIT]": "MENYO-20k, Yorùbá (CC BY-NC 4.0; Adelani et al. 2021)",
    "lafand[:SPLIT]": f"LAFAND-MT, news in {' '.join(LAFAND)} (CC BY-NC 4.0; Adelani et al. 2022)",
    "mmarco": "training queries of mMARCO, machine-translated, with MS MARCO's own (Bonifacio et al. 2021; through ir_datasets)",
}


def is_corpus_name(name: Path | str) -> bool:
    """Whether this is the name of a corpus, not of a file: ``opus:CCAligned``, ``lafand:dev``."""
    return str(name).partition(":")[0] in ("opus", "menyo20k", "lafand", "mmarco") and not os.path.exists(name)


def described(name: str) -> str:
    """What is known of a corpus by its name: languages, licence and paper; empty for a file.

    >>> described("menyo20k:dev")
    'MENYO-20k, Yorùbá (CC BY-NC 4.0; Adelani et al. 2021)'
    """
    source = name.partition(":")[0]
    return next((text for key, text in DESCRIBED.items() if key.startswith(source)), "") if is_corpus_name(name) else ""


def local(names: Sequence[Path | str], lang: str) -> tuple[Path, ...]:
    """The local files: paths unchanged, corpora by name downloaded.

    Raises InputError for an unknown corpus, split or language, and for a failed download.
    """
    return tuple(fetch(str(name), lang) if is_corpus_name(name) else Path(name) for name in names)


def fetch(name: str, lang: str) -> Path:
    """Downloads a corpus by name unless it is there; returns a file with lines of sentence TAB English."""
    source, _, rest = name.partition(":")
    path = downloads.folder() / "bitext" / f"{name.replace(':', '-').replace('/', '-')}.{lang}-en.tsv"
    if downloads.kept(path):
        return path
    pairs = {"opus": _opus, "menyo20k": _menyo20k, "lafand": _lafand, "mmarco": _mmarco}[source](rest, lang)
    with whole(path) as file:
        for target, english in pairs:
            file.write(f"{' '.join(target.split())}\t{' '.join(english.split())}\n")
    downloads.record(path)
    return path


def _opus(rest: str, lang: str) -> Iterator[tuple[str, str]]:
    corpus, _, release = rest.partition("/")
    if not corpus:
        raise InputError(f"opus: names no corpus; expected opus:CORPUS; those with {lang} and English are listed at opus.nlpl.eu")
    source, target = sorted([lang, "en"])
    parameters = {"corpus": corpus, "source": source, "target": target, "preprocessing": "moses", "version": release or "latest"}
    answer = downloads.read_json(f"{OPUS}?{urlencode(parameters)}")
    corpora = answer.get("corpora") if isinstance(answer, dict) else None
    if not corpora or not isinstance(corpora[0], dict) or not isinstance(corpora[0].get("url"), str):
        which = f", release {release}" if release else ""
        raise InputError(f"OPUS has no {corpus} of {lang} and English{which}; see what it has of the two at opus.nlpl.eu")
    address, root = corpora[0]["url"], (downloads.folder() / "opus").resolve()
    downloads.check_address(address)
    path = (root / urlsplit(address).path.lstrip("/")).resolve()
    if not path.is_relative_to(root):
        raise InputError(f"opus: it names {address}, a path that leads out of the folder of downloads; nothing was fetched")
    archive = downloads.fetch(address, path)
    yield from _moses_zip(archive, lang)


def _moses_zip(archive: Path, lang: str) -> Iterator[tuple[str, str]]:
    """The pairs in an OPUS zip: ``<corpus>.en-yo.en`` and ``<corpus>.en-yo.yo``, one sentence a line in both."""
    try:
        with zipfile.ZipFile(archive) as files:
            names = {ending: [name for name in files.namelist() if name.endswith(f".{ending}")] for ending in (lang, "en")}
            if any(len(matches) != 1 for matches in names.values()):
                raise InputError(f"{archive}: files {', '.join(files.namelist())}; expected one that ends in .{lang}, one in .en")
            with files.open(names[lang][0]) as ours, files.open(names["en"][0]) as theirs:
                for target, english in zip(bounded_lines(ours), bounded_lines(theirs), strict=True):
                    if max(len(target), len(english)) > LONGEST:
                        raise InputError(f"{archive}: a line of more than {LONGEST >> 20} MB in it; expected one sentence a line")
                    yield target.decode("utf-8", "replace"), english.decode("utf-8", "replace")
    except (*DAMAGED, NotImplementedError, RuntimeError, OSError):
        # Damaged, cut off, or packed in an unknown way (with a password, or another method).
        downloads.forget(archive)
        raise InputError(f"{archive}: a broken zip file, now removed; run the command again to download it anew") from None
    except ValueError:
        raise InputError(f"{archive}: its two files differ in length; expected one translation a line") from None


def _menyo20k(rest: str, lang: str) -> Iterator[tuple[str, str]]:
    if lang != "yo":
        raise InputError(f"menyo20k is Yorùbá and English, not {lang}")
    path = downloads.github("uds-lsv/menyo-20k_MT", f"data/{_split('menyo20k', rest)}.tsv", branch="master")
    expected, number = "English TAB Yoruba", 0

    def text() -> Iterator[str]:
        nonlocal number
        for here, line in lines(path):
            number = here
            yield f"{line}\n"

    rows = csv.reader(text(), delimiter="\t")
    try:
        if next(rows, None) != ["English", "Yoruba"]:
            raise bad_line(path, 1, "other columns", expected)
        for row in rows:
            if len(row) != 2:
                raise bad_line(path, number, f"{len(row)} columns", expected)
            yield row[1], row[0]
    except csv.Error as error:
        raise bad_line(path, number, str(error), expected) from None


def _lafand(rest: str, lang: str) -> Iterator[tuple[str, str]]:
    if lang not in LAFAND:
        raise unknown("language of lafand", lang, LAFAND)
    split = _split("lafand", rest)
    if split == "train" and lang not in LAFAND_TRAINED:
        raise InputError(f"lafand has no train split for {lang}; it has lafand:dev and lafand:test")
    code = LAFAND[lang]
    path = downloads.github("masakhane-io/lafand-mt", f"data/json_files/en-{code}/{split}.json")
    expected = f'{{"translation": {{"en": ..., "{code}": ...}}}}'
    for number, record in json_lines(path, expected):
        sides = None
        with suppress(KeyError, TypeError, AttributeError):
            sides = record["translation"]
            target, english = sides.get(code) or sides[lang], sides["en"]
        if sides is None or not isinstance(target, str) or not isinstance(english, str):
            raise bad_line(path, number, "not a pair", expected)
        yield target, english


def _mmarco(rest: str, lang: str) -> Iterator[tuple[str, str]]:
    if rest:
        raise InputError(f"mmarco:{rest}: mmarco takes nothing after its name; its language is that of --lang")
    import ir_datasets

    code = DUTCH if lang == "nl" else lang
    names = {name.split("/")[2] for name in ir_datasets.registry if name.startswith("mmarco/v2/")}
    if code not in names:
        raise unknown("language of mmarco", lang, names - {DUTCH} | {"nl"})
    ir_datasets.log.easy().logger().setLevel("CRITICAL")
    try:
        with downloads.reachable("mmarco"):
            english = {query.query_id: query.text for query in ir_datasets.load("msmarco-passage/train").queries_iter()}
            for query in ir_datasets.load(f"mmarco/v2/{code}/train").queries_iter():
                if query.query_id in english:
                    yield query.text, english[query.query_id]
    except RuntimeError:  # Every address that ir_datasets knows has failed.
        raise InputError("mmarco: cannot be downloaded from any address that ir_datasets knows; check the network and try again") from None


def _split(name: str, rest: str) -> str:
    if rest and rest not in SPLITS:
        raise unknown(f"split of {name}", rest, SPLITS)
    return rest or "train"
