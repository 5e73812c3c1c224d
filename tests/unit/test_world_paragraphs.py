"""百科事典の段落: 形・事実・JSTS への漏れを確かめる。"""

import json
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict
from functools import cache
from pathlib import Path

import fugashi
import pyarrow.parquet as pq
import pytest

from tinyhub.repositories import jawiki_paragraphs
from tinyhub.world import captions, paragraphs
from tinyhub.world.facts import world
from tinyhub.world.paragraphs import LEAD, ROWS, Paragraph
from tinyhub.world.paragraphs.frames import ALBUM_SECTIONS


@cache
def _rows() -> list[Paragraph]:
    return paragraphs.generate(ROWS["train"])


def _cut(text: str) -> list[str]:
    return re.findall("[^。]+。", text)


@cache
def _sentences() -> list[str]:
    return [text for row in _rows() for text in _cut(row.text)]


@cache
def _tagger() -> fugashi.Tagger:
    return fugashi.Tagger("-Owakati")


def _runs(texts: Iterable[str]) -> set[tuple[str, ...]]:
    found: set[tuple[str, ...]] = set()
    for text in texts:
        words = _tagger().parse(text).split()
        found.update(tuple(words[at : at + 13]) for at in range(len(words) - 12))
    return found


def test_same_seed_gives_the_same_rows_and_fewer_rows_are_their_beginning() -> None:
    assert paragraphs.generate(50) == _rows()[:50]
    assert paragraphs.generate(50, seed=1) != _rows()[:50]
    with pytest.raises(ValueError, match="まで"):
        paragraphs.generate(1_000_000)


def test_rows_have_the_columns_and_ids_of_jawiki_paragraphs() -> None:
    columns = {
        "id": str,
        "pageid": int,
        "revid": int,
        "paragraph_index": int,
        "title": str,
        "section": str,
        "text": str,
        "html_tag": str,
    }
    for row in _rows():
        assert {name: type(value) for name, value in asdict(row).items()} == columns
        assert row.id == f"{row.pageid}-{row.revid}-{row.paragraph_index}"
        assert (row.section == LEAD) == (row.paragraph_index == 0)
        assert row.html_tag == "p"
        assert row.text.endswith("。")
        assert "{" not in row.text
    assert len({row.id for row in _rows()}) == len(_rows())


def test_lead_paragraphs_name_their_title_and_titles_are_entities_or_albums() -> None:
    leads = [row for row in _rows() if row.paragraph_index == 0]
    assert len({row.title for row in leads}) == len(leads)
    names = world().names()
    albums = {row.title for row in _rows() if row.section in ALBUM_SECTIONS}
    for row in leads:
        assert row.title in row.text
        assert row.title in names or row.title in albums or "写真" in row.text
    assert 0.1 <= len(albums) / len(leads) <= 0.25


def test_facts_on_the_pages_are_those_of_the_world() -> None:
    leads = {row.title: row.text for row in _rows() if row.paragraph_index == 0}
    checked = 0
    for town in world().towns:
        text = leads.get(town.name, "")
        for year in re.findall(r"(\d{4})年", text):
            assert int(year) == town.founded
            checked += 1
    for company in world().companies:
        if "社長は" in leads.get(company.name, ""):
            assert f"社長は{company.president}が" in leads[company.name]
            checked += 1
    assert checked >= 80


def test_sentences_are_half_factual_half_captions_and_seldom_repeat() -> None:
    told = [
        text
        for row in _rows()
        if row.section in ALBUM_SECTIONS
        for text in _cut(row.text)
    ]
    assert 0.2 <= len(told) / len(_sentences()) <= 0.5
    assert len(set(told)) == len(told)
    assert len(set(_sentences())) >= 0.85 * len(_sentences())
    assert Counter(_sentences()).most_common(1)[0][1] <= 40


def test_no_sentence_of_jsts_and_no_run_of_its_evaluation_splits_occurs() -> None:
    assert not paragraphs.jsts_sentences() & set(_sentences())
    held_out = _runs(
        caption.text
        for split in ("valid", "test")
        for pair in captions.pairs(split, captions.ROWS[split], captions.SEED)
        for caption in (pair.first, pair.second)
    )
    assert len(held_out) > 5_000
    assert not held_out & _runs(row.text for row in _rows())


def test_repository_is_parquet_on_main_with_the_pinned_commit(tmp_path: Path) -> None:
    (source,) = jawiki_paragraphs.SOURCES
    source.build(tmp_path)
    folder = tmp_path / "datasets" / jawiki_paragraphs.JAWIKI_ID
    table = pq.read_table(folder / "data/train-00000-of-00001.parquet")
    assert table.num_rows == ROWS["train"]
    assert table.schema.names == list(asdict(_rows()[0]))
    types = {str(field.type) for field in table.schema}
    assert types == {"string", "int64"}
    meta = json.loads((folder / ".tinyhub.json").read_text())
    assert meta["revisions"] == {jawiki_paragraphs.JAWIKI_COMMIT: "main"}
    assert "人工データ" in (folder / "README.md").read_text()
