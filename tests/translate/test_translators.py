"""Translation models: their languages, real ones of the size of a toy, what they remember, and where they come from."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from serve import HubFiles, serve
from toy_translation import converted as convert
from toy_translation import english
from toy_translation import sentences as toy_sentences

from optical_repro.base.errors import InputError
from optical_repro.translate.codes import FAMILIES, read_codes
from optical_repro.translate.located import locate
from optical_repro.translate.memory import TranslationMemory
from optical_repro.translate.model import CTranslate2Model, Direction, TransformersModel, TranslationModel, open_model
from optical_repro.translate.neural import BATCH, NeuralTranslator
from optical_repro.translate.sentences import LONGEST, sentences

# Languages


def vocabulary(family: str) -> list[str]:
    """Language tokens as the vocabularies of published models have them, among other pieces."""
    from transformers.models.m2m_100.tokenization_m2m_100 import FAIRSEQ_LANGUAGE_CODES as M2M
    from transformers.models.nllb.tokenization_nllb import FAIRSEQ_LANGUAGE_CODES as NLLB

    tokens = {
        "NLLB-200": NLLB,
        "M2M-100": [f"__{code}__" for code in M2M["m2m100"]],
        "MADLAD-400": [f"<2{code}>" for code in ("yo", "en", "sw", "zh", "zh_Latn", "fil", "kr", "pcm")] + ["<2translate>"],
        "opus-mt": [">>yor<<", ">>swh<<", ">>zho_Hans<<", ">>fr<<"],
    }
    return ["<unk>", "</s>", "▁the", "en", "__", "<pad>", *tokens[family], "▁yor"]


@pytest.mark.parametrize(
    ("family", "language", "code"),
    [
        ("NLLB-200", "yo", "yor_Latn"), ("NLLB-200", "en", "eng_Latn"), ("NLLB-200", "sw", "swh_Latn"), ("NLLB-200", "so", "som_Latn"),
        ("NLLB-200", "ha", "hau_Latn"), ("NLLB-200", "ar", "arb_Arab"), ("NLLB-200", "fa", "pes_Arab"), ("NLLB-200", "zh", "zho_Hans"),
        ("NLLB-200", "zh-Hant", "zho_Hant"), ("NLLB-200", "tw", "twi_Latn"), ("NLLB-200", "ak", "aka_Latn"), ("NLLB-200", "tl", "tgl_Latn"),
        ("NLLB-200", "fil", "tgl_Latn"), ("NLLB-200", "ps", "pbt_Arab"), ("NLLB-200", "no", "nob_Latn"), ("NLLB-200", "ko", "kor_Hang"),
        ("NLLB-200", "fon", "fon_Latn"), ("NLLB-200", "kr", "knc_Latn"), ("NLLB-200", "ig", "ibo_Latn"), ("NLLB-200", "rw", "kin_Latn"),
        ("M2M-100", "yo", "yo"), ("M2M-100", "tl", "tl"), ("M2M-100", "fil", "tl"), ("M2M-100", "nso", "ns"), ("M2M-100", "nb", "no"),
        ("MADLAD-400", "yo", "yo"), ("MADLAD-400", "tl", "fil"), ("MADLAD-400", "zh", "zh"), ("MADLAD-400", "zh-Latn", "zh_Latn"),
        ("opus-mt", "yo", "yor"), ("opus-mt", "sw", "swh"), ("opus-mt", "zh", "zho_Hans"), ("opus-mt", "fr", "fr"),
    ],
)  # fmt: skip
def test_iso_codes_become_the_models_codes(family: str, language: str, code: str) -> None:
    codes = read_codes(vocabulary(family))
    assert codes and codes.family.name == family
    assert codes.find(language) == code


def test_every_language_of_miracl_and_ciral_is_found_in_the_large_families() -> None:
    for family, missing in (("NLLB-200", set()), ("M2M-100", {"te"})):
        codes = read_codes(vocabulary(family))
        assert codes
        for language in (
            "ar",
            "bn",
            "de",
            "en",
            "es",
            "fa",
            "fi",
            "fr",
            "ha",
            "hi",
            "id",
            "ja",
            "ko",
            "ru",
            "so",
            "sw",
            "te",
            "th",
            "yo",
            "zh",
        ):
            if language in missing:
                with pytest.raises(InputError):
                    codes.find(language)
            else:
                assert codes.find(language)


@pytest.mark.parametrize(
    ("family", "language", "told"),
    [
        ("M2M-100", "te", r"the translator does not have Telugu \(te\); "),
        ("M2M-100", "rn", r"does not have Rundi \(rn\); did you mean .*\)\?$"),
        ("MADLAD-400", "yue", r"does not have Cantonese \(yue\); did you mean zh \(Chinese\)\?$"),
        ("MADLAD-400", "zzz", r"does not have zzz \(zzz\); its languages: en, fil, kr, pcm, sw, yo, zh, zh_Latn$"),
        ("NLLB-200", "sr-Latn", r"does not have "),
    ],
)
def test_a_language_that_a_model_lacks_is_told_with_what_is_near(family: str, language: str, told: str) -> None:
    codes = read_codes(vocabulary(family))
    assert codes
    with pytest.raises(InputError, match=told) as error:
        codes.find(language)
    assert len(str(error.value)) < 400


def test_a_vocabulary_without_language_tokens_has_no_codes() -> None:
    assert read_codes(["<unk>", "</s>", "▁the", "en", "__", "yor", ">>", "<2>"]) is None
    assert len({family.name for family in FAMILIES}) == 4


# Sentences


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("One. Two? Three! Four", ["One.", "Two?", "Three!", "Four"]),
        ("Dr. Ade, U.S. Army, was 3.5 km away, approx. two miles.", ["Dr. Ade, U.S. Army, was 3.5 km away, approx. two miles."]),
        ('He asked: "Where?" Nobody knew.', ['He asked: "Where?"', "Nobody knew."]),
        ("Ọba dé. Ṣé o rí i?", ["Ọba dé.", "Ṣé o rí i?"]),
        ("यह है। वह था।", ["यह है।", "वह था।"]),
        ("これ。それ。", ["これ。", "それ。"]),
        ("a\n\n b\tc ", ["a", "b c"]),
        (" \n", []),
    ],
)  # fmt: skip
def test_texts_fall_into_sentences(text: str, found: list[str]) -> None:
    assert sentences(text) == found


def test_long_sentences_are_cut_at_blanks_and_nothing_is_lost() -> None:
    text = " ".join(f"word{number}" for number in range(300))
    parts = sentences(text)
    assert len(parts) > 4 and max(map(len, parts)) <= LONGEST
    assert " ".join(parts) == text
    assert "".join(sentences("字" * 1200)) == "字" * 1200


# Real models

TEXTS = toy_sentences(60, seed=-1)


def translated(model: TranslationModel, texts: Sequence[str], source: str, target: str) -> list[str]:
    return model.translate(texts, model.direction(source, target))


def test_marian_translates(marian: Path) -> None:
    model = open_model(locate(str(marian)), "cpu")
    assert isinstance(model, TransformersModel) and model.direction("yo", "en") == Direction()
    assert translated(model, TEXTS, "yo", "en") == [english(text) for text in TEXTS]


def test_m2m_translates_both_ways(m2m: Path) -> None:
    model = open_model(locate(str(m2m)), "cpu")
    assert model.direction("yo", "en") == Direction("yo", "", "__en__")
    assert translated(model, TEXTS, "yo", "en") == [english(text) for text in TEXTS]
    assert translated(model, [english(text) for text in TEXTS], "en", "yo") == TEXTS


def test_converted_models_give_the_same_translations(marian: Path, m2m: Path, converted: Path, tmp_path: Path) -> None:
    assert not list(converted.glob("*.safetensors"))
    for made, original in ((convert(marian, tmp_path / "ct2"), marian), (converted, m2m)):
        model = open_model(locate(str(made)), "cpu")
        assert isinstance(model, CTranslate2Model)
        expected = translated(open_model(original, "cpu"), TEXTS, "yo", "en")
        assert translated(model, TEXTS, "yo", "en") == expected == [english(text) for text in TEXTS]


def test_a_target_language_is_asked_for_before_the_text_where_the_family_does_so(marian: Path, tmp_path: Path) -> None:
    """opus-mt models into several languages; MADLAD's differ in the form of the token alone."""
    shutil.copytree(marian, tmp_path / "many")
    words = json.loads((marian / "vocab.json").read_text())
    (tmp_path / "many/vocab.json").write_text(json.dumps({**words, ">>eng<<": len(words), ">>fra<<": len(words) + 1}))
    settings = json.loads((marian / "tokenizer_config.json").read_text())
    (tmp_path / "many/tokenizer_config.json").write_text(json.dumps({**settings, "target_lang": "mul"}))
    model = open_model(tmp_path / "many", "cpu")
    assert model.direction("yo", "fr") == Direction(prefix=">>fra<< ")
    ids = model.tokenizer(model.direction("yo", "en").prefix + "omi")["input_ids"]
    assert ids == [len(words), words["▁omi"], words["</s>"]]
    with pytest.raises(InputError, match=r"does not have German \(de\)"):
        model.direction("yo", "de")
    with pytest.raises(InputError, match="translates from yo into mul, and sw into fr is needed"):
        model.direction("sw", "fr")


def test_what_a_model_cannot_translate_is_told(marian: Path, m2m: Path) -> None:
    with pytest.raises(InputError, match=r"opus-mt-yo-en: translates from yo into en, and en into yo is needed; give another translator"):
        open_model(marian, "cpu").direction("en", "yo")
    with pytest.raises(InputError, match=r"m2m100: the translator does not have Telugu \(te\)"):
        open_model(m2m, "cpu").direction("te", "en")
    with pytest.raises(InputError, match=r"does not have Telugu"):
        open_model(m2m, "cpu").direction("en", "te")


# What is remembered


class Counting(TransformersModel):
    """A model that tells which sentences it was given."""

    until: int | None = None
    """Batches after which it is interrupted."""

    def translate(self, sentences: Sequence[str], direction: Direction) -> list[str]:
        if self.until is not None and len(self.__dict__.setdefault("batches", [])) >= self.until:
            raise KeyboardInterrupt
        self.__dict__.setdefault("batches", []).append(list(sentences))
        return super().translate(sentences, direction)


def translator(model: TranslationModel, memories: Path, source: str = "yo", target: str = "en") -> NeuralTranslator:
    return NeuralTranslator("toy", model, source, target, memories)


MANY = list(dict.fromkeys(toy_sentences(5 * BATCH, seed=-2)))


def test_texts_are_translated_sentence_by_sentence_each_once(m2m: Path, tmp_path: Path) -> None:
    model = Counting(m2m, "cpu")
    texts = ["omi", "", "omi\nile oba", "ile oba\nomi\nomi"]
    assert translator(model, tmp_path).translate(texts) == ["water", "", "water house king", "house king water water"]
    assert model.__dict__["batches"] == [["ile oba", "omi"]]


def test_batches_hold_sentences_of_like_length(m2m: Path, tmp_path: Path) -> None:
    model = Counting(m2m, "cpu")
    assert translator(model, tmp_path).translate(MANY) == [english(text) for text in MANY]
    batches = model.__dict__["batches"]
    assert [len(batch) for batch in batches[:-1]] == [BATCH] * (len(batches) - 1)
    lengths = [len(sentence) for batch in batches for sentence in batch]
    assert lengths == sorted(lengths, reverse=True)


def test_what_was_translated_before_is_not_translated_again(m2m: Path, marian: Path, tmp_path: Path) -> None:
    first = translator(Counting(m2m, "cpu"), tmp_path).translate(MANY)
    again = Counting(m2m, "cpu")
    assert translator(again, tmp_path).translate(MANY[::-1]) == first[::-1]
    assert "batches" not in again.__dict__ and "_model" not in again.__dict__  # not even loaded
    assert translator(again, tmp_path, "en", "yo").translate(["water"]) == ["omi"]
    other = Counting(marian, "cpu")
    assert translator(other, tmp_path).translate(["omi"]) == ["water"]
    assert len(again.__dict__["batches"]) == len(other.__dict__["batches"]) == 1
    assert len(list(tmp_path.glob("*.sqlite"))) == 3


def test_other_weights_are_another_model(m2m: Path, tmp_path: Path) -> None:
    shutil.copytree(m2m, tmp_path / "copy")
    assert open_model(tmp_path / "copy", "cpu").identity == open_model(m2m, "cpu").identity
    with (tmp_path / "copy/model.safetensors").open("r+b") as weights:
        weights.seek(-1, os.SEEK_END)
        weights.write(b"\x07")
    assert open_model(tmp_path / "copy", "cpu").identity != open_model(m2m, "cpu").identity


def test_an_interrupted_translation_goes_on_where_it_was(m2m: Path, tmp_path: Path) -> None:
    whole = Counting(m2m, "cpu")
    expected = translator(whole, tmp_path / "whole").translate(MANY)
    interrupted = Counting(m2m, "cpu")
    interrupted.until = 2
    with pytest.raises(KeyboardInterrupt):
        translator(interrupted, tmp_path / "memories").translate(MANY)
    resumed = Counting(m2m, "cpu")
    assert translator(resumed, tmp_path / "memories").translate(MANY) == expected
    assert interrupted.__dict__["batches"] + resumed.__dict__["batches"] == whole.__dict__["batches"]


def test_killed_it_keeps_every_batch_that_was_done(m2m: Path, tmp_path: Path) -> None:
    code = """
import sys
from pathlib import Path
from toy_translation import sentences
from optical_repro.translate.model import open_model
from optical_repro.translate.neural import NeuralTranslator
NeuralTranslator("toy", open_model(Path(sys.argv[1]), "cpu"), "yo", "en", Path(sys.argv[2])).translate(sentences(10_000, seed=3))
"""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[1]), *sys.path])}
    process = subprocess.Popen([sys.executable, "-c", code, str(m2m), str(tmp_path)], env=environment)
    memory = translator(open_model(m2m, "cpu"), tmp_path).memory
    chosen = sorted(set(toy_sentences(10_000, seed=3)), key=lambda sentence: (-len(sentence), sentence))[: 2 * BATCH]
    deadline = time.monotonic() + 300
    while len(memory.find(chosen)) < len(chosen) and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    whole = translator(open_model(m2m, "cpu"), tmp_path / "whole").translate(chosen)
    assert memory.find(chosen) == dict(zip(chosen, whole, strict=True))
    with __import__("sqlite3").connect(memory.path) as database:
        [(kept,)] = database.execute("SELECT count(*) FROM translations")
    assert kept % BATCH == 0


def test_a_memory_keeps_what_it_has(tmp_path: Path) -> None:
    memory = TranslationMemory(tmp_path / "deep" / "memory.sqlite")
    assert memory.find(["omi"]) == {}
    memory.add({"omi": "water", "it's \";--": "ọ̀rọ̀"})
    memory.add({"omi": "wine", "ile": "house"})
    assert TranslationMemory(memory.path).find(["ile", "omi", "it's \";--", "oba"]) == {"omi": "water", "ile": "house", "it's \";--": "ọ̀rọ̀"}


def test_a_damaged_memory_gives_no_wrong_translation(tmp_path: Path) -> None:
    made = {f"gbolohun {number} ni èyí": f"this is sentence {number}" for number in range(60)}
    whole = TranslationMemory(tmp_path / "whole.sqlite")
    whole.add(made)
    content = whole.path.read_bytes()
    for place in range(0, len(content), 256):
        memory = TranslationMemory(tmp_path / f"{place}.sqlite")
        memory.path.write_bytes(content[:place] + bytes(byte ^ 0x55 for byte in content[place : place + 8]) + content[place + 8 :])
        found = memory.find(made)
        assert found.items() <= made.items()
        memory.add({sentence: text for sentence, text in made.items() if sentence not in found})
        assert memory.find(made).items() <= made.items()


def test_a_damaged_translation_is_made_again_and_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    memory = TranslationMemory(tmp_path / "memory.sqlite")
    memory.add({"omi": "water", "ile": "house"})
    memory.path.write_bytes(memory.path.read_bytes().replace(b"water", b"wader"))
    assert memory.find(["omi", "ile"]) == {"ile": "house"}
    assert capsys.readouterr().out == f"{memory.path}: 1 translations are not as they were written; they are made again\n"
    memory.add({"omi": "water"})
    assert memory.find(["omi"]) == {"omi": "water"}


# Where models come from, and what is refused


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("lexicl", r'unknown translator "lexicl"; did you mean lexical\? \(or a folder, or OWNER/NAME on the Hugging Face Hub\)'),
        ("no/such/folder", "no/such/folder: no such folder, and no name of a model on the Hugging Face Hub"),
    ],
)
def test_what_is_no_translator(name: str, told: str) -> None:
    with pytest.raises(InputError, match=told):
        locate(name)


def test_encoders_do_not_translate(teacher: Path) -> None:
    with pytest.raises(InputError, match=r"model: a bert, which does not translate; expected NLLB-200, M2M-100, MADLAD-400 or opus-mt"):
        locate(str(teacher))


@pytest.mark.parametrize(
    ("missing", "told"),
    [
        ("config.json", r"no config\.json; expected a translation model"),
        (
            "model.safetensors",
            r"no \*\.safetensors \(pickles may run code and are not read\).*; make one: ct2-transformers-converter --model",
        ),
        ("sentencepiece.bpe.model", r"no tokenizer \(tokenizer\.json, source\.spm, .*\); copy the tokenizer's files into it$"),
    ],
)
def test_folders_that_lack_a_file(m2m: Path, tmp_path: Path, missing: str, told: str) -> None:
    shutil.copytree(m2m, tmp_path / "model")
    (tmp_path / "model" / missing).rename(tmp_path / "model/pytorch_model.bin")
    with pytest.raises(InputError, match=told):
        locate(str(tmp_path / "model"))


def test_a_converted_model_without_its_tokenizer(converted: Path, tmp_path: Path) -> None:
    for name in ("model.bin", "config.json", "shared_vocabulary.json"):
        shutil.copy(converted / name, tmp_path)
    with pytest.raises(
        InputError, match=r"no tokenizer .*; copy the tokenizer's files into it \(ct2-transformers-converter --copy_files\)"
    ):
        locate(str(tmp_path))


def test_a_converted_model_where_ctranslate2_is_missing(converted: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ctranslate2", None)
    with pytest.raises(InputError, match="a CTranslate2 model, and ctranslate2 is not installed; run: pip install ctranslate2"):
        open_model(converted, "cpu")


@pytest.mark.parametrize("damaged", ["model.safetensors", "sentencepiece.bpe.model", "vocab.json"])
def test_damaged_files_are_told(m2m: Path, tmp_path: Path, damaged: str) -> None:
    shutil.copytree(m2m, tmp_path / "model")
    (tmp_path / "model" / damaged).write_bytes(b"damaged")
    model = open_model(tmp_path / "model", "cpu")
    with pytest.raises(InputError, match=rf"model(/{damaged})?: (.* that loads|not JSON) \("):
        translated(model, ["omi"], "yo", "en")


def test_a_damaged_converted_model_is_told(converted: Path, tmp_path: Path) -> None:
    shutil.copytree(converted, tmp_path / "model")
    (tmp_path / "model/model.bin").write_bytes(b"damaged")
    with pytest.raises(InputError, match="not a CTranslate2 translation model that loads"):
        translated(open_model(tmp_path / "model", "cpu"), ["omi"], "yo", "en")


def test_code_that_comes_with_a_model_is_not_run(m2m: Path, tmp_path: Path) -> None:
    shutil.copytree(m2m, tmp_path / "model")
    (tmp_path / "model/own.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\nclass Own: pass\n")
    config = json.loads((m2m / "config.json").read_text())
    own = {"AutoConfig": "own.Own", "AutoModelForSeq2SeqLM": "own.Own"}
    (tmp_path / "model/config.json").write_text(json.dumps({**config, "model_type": "own", "auto_map": own}))
    with pytest.raises(InputError, match="not a sequence-to-sequence model that loads"):
        translated(open_model(tmp_path / "model", "cpu"), ["omi"], "yo", "en")
    assert not (tmp_path / "ran").exists()


# The Hub: a model published as a pickle, its safetensors in a pull request of the Hub's converter, as NLLB-200 is

COMMITS = {"main": "a" * 40, "refs/pr/45": "b" * 40}


class Hub(HubFiles):
    """Serves folders main/ and pr/ as two revisions of the model us/nllb."""

    def do_GET(self) -> None:
        path = self.path.split("?")[0].replace("%2F", "/")
        for revision, folder in (("main", "main"), ("refs/pr/45", "pr")):
            root = Path(self.directory) / folder
            if path in (f"/api/models/us/nllb/revision/{revision}", *(["/api/models/us/nllb"] if revision == "main" else [])):
                files = [{"rfilename": file.name} for file in root.iterdir()]
                return self.answer({"id": "us/nllb", "sha": COMMITS[revision], "siblings": files, "private": False, "tags": []})
            if path == f"/api/models/us/nllb/tree/{COMMITS[revision]}":
                return self.answer(
                    [{"type": "file", "path": file.name, "size": file.stat().st_size, "oid": "0"} for file in root.iterdir()]
                )
            if path.startswith(f"/us/nllb/resolve/{COMMITS[revision]}/"):
                return self.send((root / path.rsplit("/", 1)[1]).read_bytes(), COMMITS[revision])
        if path == "/api/models/us/nllb/discussions":
            common = {"status": "open", "isPullRequest": True, "createdAt": "2023-03-01T00:00:00.000Z"}
            common["repo"] = {"name": "us/nllb", "type": "model"}
            titles = [(44, "someone", "Better weights"), (45, "SFconvertbot", "Adding `safetensors` variant of this model")]
            offers = [{**common, "num": number, "title": title, "author": {"name": author}} for number, author, title in titles]
            return self.answer({"discussions": offers, "count": len(offers), "start": 0})
        self.send_error(404)

    do_HEAD = do_GET

    def answer(self, content: object) -> None:
        self.send(json.dumps(content).encode())


LOCATE = """
import sys; from optical_repro.base import terminal; from optical_repro.translate.located import locate
sys.exit(terminal.run_command(lambda: print(locate(sys.argv[1]))))
"""


def locate_on(hub: str, home: Path) -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in os.environ.items() if not key.lower().endswith("_proxy")}
    environment |= {"HF_ENDPOINT": hub, "HF_HOME": str(home), "HF_HUB_DISABLE_XET": "1", "HF_HUB_ETAG_TIMEOUT": "2"}
    line = [sys.executable, "-c", LOCATE, "us/nllb"]
    return subprocess.run(line, env=environment, capture_output=True, text=True, check=False, timeout=300)


def test_safetensors_are_taken_from_the_hubs_converter_where_a_model_is_a_pickle(m2m: Path, tmp_path: Path) -> None:
    there = tmp_path / "there"
    shutil.copytree(m2m, there / "pr")
    shutil.copytree(m2m, there / "main")
    (there / "main/model.safetensors").rename(there / "main/pytorch_model.bin")
    with serve(there, Hub) as address:
        done = locate_on(address, tmp_path / "home")
    assert done.returncode == 0, done.stderr
    folder = Path(done.stdout.strip())
    assert folder.name == COMMITS["refs/pr/45"]
    assert translated(open_model(folder, "cpu"), ["omi ile"], "yo", "en") == ["water house"]
    assert not list((tmp_path / "home").rglob("pytorch_model.bin"))
    assert locate_on("http://127.0.0.1:9", tmp_path / "home").stdout.strip() == str(folder)  # without a network, from the Hub's cache


def test_a_pickle_that_nobody_converted_is_refused(m2m: Path, tmp_path: Path) -> None:
    there = tmp_path / "there"
    for folder in (there / "main", there / "pr"):
        shutil.copytree(m2m, folder)
        (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with serve(there, Hub) as address:
        done = locate_on(address, tmp_path / "home")
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith("error: us/nllb: no *.safetensors (pickles may run code and are not read)")
