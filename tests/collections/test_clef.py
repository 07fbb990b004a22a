"""Collections in TREC's formats, in a folder of one's own: CLEF's news, TREC topics, judgements."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from optical_repro import collections, run
from optical_repro.base.errors import InputError
from optical_repro.collections import Passage

TIMES = """<DOC>
<DOCNO>LA010194-0001</DOCNO>
<DOCID>000001</DOCID>
<DATE><P>January 1, 1994</P></DATE>
<HEADLINE>
<P>THE RIVER ROSE &amp; FELL</P>
</HEADLINE>
<TEXT>
<P>Rain filled the river.</P>
<P>It fell again at noon.</P>
</TEXT>
</DOC>
<DOC> <DOCNO> LA010194-0002 </DOCNO> <TEXT>A king met the council.</TEXT> </DOC>
"""
HERALD = "<DOC>\n<DOCNO>GH950102-000000</DOCNO>\n<TEXT>\nCaf\xe9s of Glasgow close.\n</TEXT>\n</DOC>\n"
CLEF = """<top><num> C041 </num><SW-title> Mto </SW-title>
<SW-desc> Tafuta habari za mto. </SW-desc><SW-narr> Hapana. </SW-narr></top>
<top><num>C042</num><SW-title>Mfalme</SW-title><SW-desc></SW-desc></top>
"""
TREC = """<top>
<num> Number: 41
<title> River
<desc> Description:
Find news of the river.
<narr> Narrative: None.
</top>
<top>
<num> Number: 42
<title> King
<narr> Narrative: None.
</top>
"""
CLEF_2008 = """<topics><topic lang="sw"><identifier>10.2452/041-AH</identifier><title>Mto</title>
<description>Tafuta habari za mto.</description><narrative>x</narrative></topic>
<topic lang="sw"><identifier>10.2452/042-AH</identifier><title>Mfalme</title><description/></topic></topics>
"""
FILES = {
    "documents/latimes/la010194": TIMES,
    "documents/readme.txt": "The DTD is elsewhere.\n",
    "topics.sw.2001.xml": CLEF,
    "topics.en.2001.txt": TREC,
    "qrels.2001.txt": "41 0 LA010194-0001 1\n41 0 GH950102-000000 0\n42 0 LA010194-0002 1\n",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "clef"
    for name, text in FILES.items():
        (made / name).parent.mkdir(parents=True, exist_ok=True)
        (made / name).write_text(text, encoding="utf-8")
    (made / "documents/gh95.gz").write_bytes(gzip.compress(HERALD.encode("latin-1")))
    return made


def test_clef_from_the_folder_that_the_environment_names(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = collections.SOURCES["clef"]
    monkeypatch.delenv("OPTICAL_CLEF", raising=False)
    assert not source.on_disk()
    with pytest.raises(InputError, match=r"^clef cannot be downloaded: .*set OPTICAL_CLEF to a folder with documents/"):
        collections.load("clef", "sw")
    monkeypatch.setenv("OPTICAL_CLEF", str(folder))
    assert source.on_disk()
    collection = collections.load("clef", "sw")
    assert (collection.name, collection.lang, collection.doc_lang) == ("clef.sw.2001", "sw", "en")
    assert collection.topics == {"C041": "Mto Tafuta habari za mto.", "C042": "Mfalme"}
    assert collection.human_topics == {"C041": "River Find news of the river.", "C042": "King"}
    assert collection.qrels == {"C041": {"LA010194-0001": 1, "GH950102-000000": 0}, "C042": {"LA010194-0002": 1}}
    assert list(collection.passages()) == [
        Passage("GH950102-000000", "", "Caf\xe9s of Glasgow close."),
        Passage("LA010194-0001", "THE RIVER ROSE & FELL", "Rain filled the river. It fell again at noon."),
        Passage("LA010194-0002", "", "A king met the council."),
    ]


def test_any_folder_and_every_form_of_topics(folder: Path) -> None:
    expected = collections.load(str(folder), "sw")
    (folder / "topics.sw.2001.xml").write_text(CLEF_2008)
    newer = collections.load(str(folder), "sw")
    assert list(newer.topics) == ["10.2452/041-AH", "10.2452/042-AH"]
    (folder / "topics.sw.2001.xml").unlink()
    (folder / "topics.sw.2001.tsv").write_text("41\tMto Tafuta habari za mto.\n42\tMfalme\n")
    (folder / "qrels.sw.2001.txt").write_text(FILES["qrels.2001.txt"])
    plain = collections.load(str(folder), "sw", "2001")
    for other in (newer, plain):
        assert list(other.topics.values()) == list(expected.topics.values())
        assert list(other.qrels.values()) == list(expected.qrels.values())
        assert list((other.human_topics or {}).values()) == list((expected.human_topics or {}).values())
        assert (other.name, other.digest) == ("clef.sw.2001", expected.digest)
    (folder / "documents/gh95.gz").write_bytes(gzip.compress(HERALD.replace("close", "open").encode("latin-1")))
    assert collections.load(str(folder), "sw").digest != expected.digest


def test_through_to_a_report(folder: Path, tmp_path: Path) -> None:
    where = ["--runs-dir", str(tmp_path / "runs"), "--qrels-dir", str(tmp_path / "qrels"), "--cache-dir", str(tmp_path / "cache")]
    assert run.main(["--lang", "sw", "--collection", str(folder), "--systems", "bm25,human", *where]) == 0
    report = json.loads((tmp_path / "runs/clef.sw.2001/report.json").read_text())
    assert (report["topics"], report["systems"]["human"]["mrr@10"]) == (2, 1.0)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("documents/latimes/la010194", TIMES.replace("</DOC>\n<DOC>", "\n<DOC>", 1), r"la010194:1: <DOC> without its </DOC>"),
        ("documents/latimes/la010194", TIMES.rstrip().removesuffix("</DOC>"), r"la010194:13: <DOC> without its </DOC>"),
        ("documents/latimes/la010194", TIMES.replace("LA010194-0002", "LA0 2"), r'la010194:13: a document whose id is "LA0 2"'),
        (
            "documents/latimes/la010194",
            TIMES.replace("0002", "0001"),
            r"la010194:13: the id LA010194-0001 stands twice \(first in line 1\)",
        ),
        ("topics.sw.2001.xml", CLEF.replace("C042", ""), r"topics\.sw\.2001\.xml:3: topic \? lacks a number"),
        ("topics.sw.2001.xml", CLEF.replace("C042", "C041"), r"topics\.sw\.2001\.xml:3: topic C041 stands twice"),
        ("topics.sw.2001.xml", "nothing", r"topics\.sw\.2001\.xml: no topics in it"),
        ("topics.en.2001.txt", TREC.replace("42", "43"), r"topics\.en\.2001\.txt: no English topic C042 \(1 such\)"),
        ("qrels.2001.txt", "41 0 LA9 1\n", r"qrels\.2001\.txt:1: document LA9 \(1 such\) is not in documents"),
        ("qrels.2001.txt", "77 0 LA010194-0001 1\n", r"topics\.sw\.2001\.xml: no topic has a judgement"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(folder: Path, name: str, text: str, message: str) -> None:
    (folder / name).write_text(text)
    with pytest.raises(InputError, match=message) as error:
        collections.load(str(folder), "sw")
    assert "\n" not in str(error.value)


def test_what_is_not_there(folder: Path) -> None:
    for lang, split, message in [
        ("fi", None, r"topics\.fi\.<split>\.xml: no such file; .*: en \(2001\), sw \(2001\)"),
        ("sw", "2002", r"topics\.sw\.2002\.xml: no such file"),
    ]:
        with pytest.raises(InputError, match=message):
            collections.load(str(folder), lang, split)
    (folder / "topics.sw.2002.txt").write_text(TREC)
    with pytest.raises(InputError, match=r"name one of its splits for sw with --split: 2001, 2002"):
        collections.load(str(folder), "sw")
    with pytest.raises(InputError, match=r"qrels\.2002\.txt: no such file"):
        collections.load(str(folder), "sw", "2002")
