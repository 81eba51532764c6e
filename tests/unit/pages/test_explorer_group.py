"""The page of a group without a browser: what it says, and who is in it."""

import re

import pytest
from made_runs import LOOK, pooled_group
from parsed_page import HOSTILE, ParsedPage

from seed_to_voxel.base.errors import InputError
from seed_to_voxel.connectivity import pooled
from seed_to_voxel.pages import explorer_group


@pytest.fixture(scope="module")
def members():
    return pooled_group()[0]


@pytest.fixture(scope="module")
def written(members):
    return explorer_group.page(members, 0.5, 25, LOOK, not_read=["77"])


def test_the_page_says_who_is_in_it_and_how_exact_it_is(written):
    page = ParsedPage(written)
    assert [len(subject["runs"]) for subject in page.data["subjects"]] == [1, 1, 2]
    assert [[run["weight"] for run in subject["runs"]] for subject in page.data["subjects"]] == [[1], [1], [12, 13]]
    assert "mean over 3 participants" in page.find("h1")[0].text
    assert "Fisher z: 01, 02, 03." in written and re.search(r"\(1 of 4\):</strong> 77\.", written)
    assert re.search(r"z̄ is within 0\.0\d+</strong>", written) and "descriptive" in written
    assert not re.search(r'(?:src|href)="http', written)


def test_whoever_does_not_fit_is_named(members, monkeypatch):
    monkeypatch.setattr(explorer_group, "BESIDE", 0)
    size = pooled.fit(list(pooled.by_subject(members)), 0.5, 1e9, explorer_group.explorer.packed).size / 1e6
    page = explorer_group.page(members, 0.5, 0.55 * size, LOOK)
    assert "mean over 2 participants" in page and re.search(r"\(1 of 3\):</strong> 03\.", page)


def test_the_same_runs_make_the_same_page(members, written):
    assert explorer_group.page(members, 0.5, 25, LOOK, not_read=["77"]) == written


def test_a_hostile_name_stays_text(members):
    changed = [
        pooled.Member({**run.about, "subject": f"{HOSTILE}{run.about['subject']}"}, *_rest(run)) for run in members
    ]
    page = ParsedPage(explorer_group.page(changed, 0.5, 25, LOOK))
    assert not page.find("img")


def _rest(run):
    return run.values, run.mask, run.affine, run.background, run.image_shape, run.image_affine


def test_one_subject_is_no_group(members):
    with pytest.raises(InputError, match="1 participants have a run that goes on; expected two or more"):
        explorer_group.page(members[2:], 0.5, 25, LOOK)
