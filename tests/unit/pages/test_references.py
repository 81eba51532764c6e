"""The BibTeX file: that it is read as it is written, or refused."""

import re

import pytest

from seed_to_voxel.pages import page, references

TEXT = (page.ROOM / "references.bib").read_text(encoding="utf-8")
ENTRY = """@article{a2001,
  author = {Alpha, A. and van Beta, B. C.},
  title = {On {MRI}, and {more of it}},
  journal = {Journal},
  year = {2001},
  volume = {1},
  pages = {2--3},
  doi = {10.1/x}
}
"""


def test_an_entry_is_read():
    (work,) = references.parse(ENTRY).values()
    assert (work.key, work.entry) == ("a2001", ENTRY)
    assert work.authors == ["Alpha, A.", "van Beta, B. C."]
    assert work.cited == "Alpha and van Beta 2001"
    assert (work.title, work.pages, work.url) == ("On MRI, and more of it", "2–3", "https://doi.org/10.1/x")


@pytest.mark.parametrize(
    ("authors", "cited", "names"),
    [
        (["A, B."], "A 2001", "A, B."),
        (["A, B.", "C, D.", "E, F."], "A et al. 2001", "A, B., C, D., E, F."),
        ([f"A{n}, B." for n in range(7)], "A0 et al. 2001", "A0, B., A1, B., A2, B., A3, B., A4, B., A5, B., et al."),
    ],
)
def test_many_authors_are_cut_short(authors, cited, names):
    (work,) = references.parse(ENTRY.replace("Alpha, A. and van Beta, B. C.", " and ".join(authors))).values()
    assert (work.cited, work.names) == (cited, names)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("@article{a2001,", "@article{a 2001,", "this is no entry"),
        ("\n}\n", "\n", "this is no entry"),
        ("  year = {2001},\n", "", "a2001: lacks year"),
        ("  year = {2001},", "  year = 2001,", r"a2001: found the line '  year = 2001,'"),
        ("{10.1/x}", "{10.1/x", "a2001: found the line"),
        ("On {MRI}", "On {MRI", "a2001: found the line"),
        ("\n}\n", "\n}\n\n" + ENTRY, "a2001: is there twice"),
        ("\n}\n", "\n}\nmore", "this is no entry of a BibTeX file as we write them: 'more'"),
    ],
)
def test_what_is_not_written_plainly_is_refused(old, new, message):
    assert old in ENTRY
    with pytest.raises(ValueError, match=message):
        references.parse(ENTRY.replace(old, new))


def test_works_are_listed_in_the_files_order_once_they_are_cited():
    works = references.parse(ENTRY + "\n" + ENTRY.replace("2001", "2002"))
    bibliography = references.Bibliography(works)
    assert bibliography.entries() == ""
    assert bibliography.cite("a2002", "a2001") == "Alpha and van Beta 2002; Alpha and van Beta 2001"
    assert [work.key for work in bibliography.cited] == ["a2001", "a2002"]
    assert bibliography.entries() == "\n".join(work.entry for work in works.values())
    with pytest.raises(KeyError):
        bibliography.cite("b1999")


def test_our_works_are_in_order_and_each_is_cited_somewhere():
    works = references.parse(TEXT)
    assert list(works) == sorted(works)
    assert len({work.cited for work in works.values()}) == len({work.url for work in works.values()}) == len(works)
    for key, work in works.items():
        assert key.endswith(work.fields["year"])
        assert re.fullmatch(r"10\.\d{4,}/\S+", work.fields["doi"]) and "others" not in work.fields["author"]
        assert all(re.fullmatch(r".+, (?:Jr\., )?(?:[A-Z]\. ?)+", author) for author in work.authors)
    sources = "".join(path.read_text(encoding="utf-8") for path in page.ROOM.glob("methods*.*"))
    assert {key for key in works if f'"{key}"' in sources} == set(works)
