"""The contact sheet and the viewers, without a browser."""

import io
import json
import re

import numpy as np
import pytest
from PIL import Image
from test_figures import SEED, SHAPE, a_map, brain, world

from seed_to_voxel.base.errors import InputError
from seed_to_voxel.pages import overview, viewers
from seed_to_voxel.study import configuration


def runs_like_each_other(n=8, odd=3):
    rng = np.random.default_rng(5)
    shared = np.exp(-(np.linalg.norm(world() - (0, -52, 18), axis=-1) ** 2) / 1200)
    for position in range(n):
        r = np.tanh(shared + rng.normal(0, 0.1, SHAPE)) if position != odd else np.tanh(rng.normal(0, 0.3, SHAPE))
        yield {
            "title": f"subject {position:02d}",
            "image": a_map(r),
            "mask": brain() != 0,
            "nu": 38.8,
            "mean_fd": [0.3, 0.1, float("nan"), 0.2][position % 4] + position / 100,
        }


def test_runs_are_sorted_by_motion_and_the_odd_one_is_marked():
    entries = overview.collect(SEED, runs_like_each_other(), 0.5, 1, "RdBu_r")
    known = [entry.mean_fd for entry in entries if entry.mean_fd == entry.mean_fd]
    assert known == sorted(known)
    assert all(np.isnan(entry.mean_fd) for entry in entries[len(known) :])
    assert [entry.title for entry in entries if entry.odd] == ["subject 03"]


def test_similarity_is_the_correlation_with_the_mean_of_the_others():
    rng = np.random.default_rng(2)
    z = rng.normal(0, 1, (4, 500)) + rng.normal(0, 1, 500)
    expected = [np.corrcoef(z[i], np.delete(z, i, axis=0).mean(axis=0))[0, 1] for i in range(4)]
    assert overview.similarities(z) == pytest.approx(expected)
    assert np.isnan(overview.similarities(z[:1])).all()


def test_a_thumbnail_shows_the_map_where_it_is():
    distance = np.linalg.norm(world() - (40, -52, 18), axis=-1)
    thumbnails = overview.Thumbnails((40, -52, 18), 0.5, 1, "RdBu_r")
    drawn = Image.open(io.BytesIO(thumbnails.draw(a_map(np.where(distance < 14, 0.9, 0.0)))))
    pixels = np.asarray(drawn.convert("RGB"), dtype=int)
    red = pixels[..., 0] - pixels[..., 2] > 60
    y_size, x_size = 109, 91
    coronal = red[:, y_size : y_size + x_size]
    # Right is right: x = 40 mm lies in the right half of the coronal panel, at (40 + 90) / 2 pixels.
    assert np.argwhere(coronal)[:, 1].mean() == pytest.approx(65, abs=3)
    sagittal = red[:, :y_size]
    assert np.argwhere(sagittal)[:, 1].mean() == pytest.approx((-52 + 126) / 2, abs=3)
    assert len(thumbnails.draw(a_map(np.full(SHAPE, np.nan)))) > 0


def test_the_page_describes_every_run_in_words_and_numbers():
    entries = overview.collect(SEED, runs_like_each_other(), 0.5, 1, "RdBu_r")
    page = overview.page(SEED, entries, 0.5, 1, "RdBu_r")
    alts = re.findall(r'alt="([^"]*)"', page)
    assert len(alts) == 8
    assert all("mean FD" in alt and "similarity" in alt for alt in alts)
    assert "One run is unlike the others." in page
    assert "http" not in page


@pytest.mark.parametrize("make", [viewers.slices_page, viewers.surface_page])
def test_a_viewer_has_every_map_once(make):
    shown = [(f"run {name}", SEED, run["image"]) for name, run in zip("ab", runs_like_each_other(2), strict=True)]
    page = make(shown, 0.5, 1, "RdBu_r")
    assert re.findall(r"<option>(.+?)</option>", page) == ["run a", "run b"]
    maps = json.loads(re.search(r"const maps = (\[.*?\]), colors", page).group(1))
    assert len(maps) == 2
    assert "favicon" not in page


def test_values_of_a_viewer_are_rounded_and_nothing_is_zero():
    assert viewers.quantise(np.array([np.nan, -1.0, 0.5, 1.0])).tolist() == [0, -127, 64, 127]


@pytest.mark.parametrize("runs", ["some", "sub-01"])
def test_a_word_that_names_no_runs_is_refused(runs):
    with pytest.raises(InputError, match=r"figures.viewers.runs is .* expected one of none, first, all"):
        configuration.check({"figures": {"viewers": {"runs": runs}}}, {}, "study.yaml")


def test_viewers_of_unknown_participants_are_refused():
    class Run:
        subject = "01"

    config = {"figures": {"viewers": {"runs": ["sub-07"]}}}
    with pytest.raises(InputError, match="names 07; this dataset has 01"):
        configuration.check_viewer_runs(config, [Run])
