"""The viewers, without a browser: the values that they hold, and where these belong."""

import base64
import json
import zlib

import numpy as np
import pytest
from made_maps import AFFINE, SEED, SHAPE, a_map, blobs, ordinary, world
from nibabel import Nifti1Image
from parsed_page import HOSTILE, ParsedPage

from seed_to_voxel.pages import viewers

LOOK = (0.5, 1, "RdBu_r")
OTHER = {**SEED, "x": -38.0, "y": -26.0, "z": 56.0}


def decoded(packed):
    """Levels of a map, as the page's script unpacks them."""
    return np.frombuffer(zlib.decompress(base64.b64decode(packed)), dtype=np.int8)


@pytest.fixture(scope="module")
def noisy():
    r = np.tanh(np.random.default_rng(4).normal(0, 0.7, SHAPE))
    r[12, 14, 12] = np.nan
    return a_map(r)


@pytest.fixture(scope="module")
def slices(noisy):
    shown = [("run a", SEED, noisy), ("run b", OTHER, blobs(left=-0.75, right=0.3))]
    return ParsedPage(viewers.slices_page(shown, *LOOK))


def linear():
    """A map whose r is known everywhere: x / 200 + y / 400 + z / 800 (mm)."""
    return Nifti1Image((world() @ (1 / 200, 1 / 400, 1 / 800)).astype(np.float32), AFFINE)


@pytest.fixture(scope="module")
def surface():
    return ParsedPage(viewers.surface_page([("run a", SEED, ordinary()), ("run b", SEED, linear())], *LOOK))


def test_values_are_rounded_and_those_near_to_0_are_not_none():
    values = np.array([np.nan, 0.0, -1.0, 0.5, 1.0, 1.2, 0.001])
    assert viewers.quantise(values).tolist() == [viewers.NONE, viewers.NONE, -127, 64, 127, 127, 0]


def test_the_slices_hold_the_maps_values(slices, noisy):
    assert [option.text for option in slices.find("option")] == ["run a", "run b"]
    held = slices.data
    for given, image in zip(held["maps"], (noisy, blobs(left=-0.75, right=0.3)), strict=True):
        r = np.asarray(image.dataobj)
        levels = decoded(given["values"]).reshape(given["shape"])
        there = np.nan_to_num(r) != 0
        np.testing.assert_allclose(levels[there] / held["levels"], r[there], atol=0.5 / 127 + 1e-6)
        assert (levels[~there] == -128).all() and levels[12, 14, 12] == -128
    # (-40, -52, 18) mm lies in the voxel (6.5, 9.5, 11.75); its neighbours are in the ball.
    assert levels[6, 9, 12] == levels[7, 10, 12] == round(-0.75 * 127)


def test_maps_of_z_have_a_scale_of_their_own():
    z = np.array([np.nan, -9.0, 4.0, 0.02, 8.0])
    assert viewers.quantise(z, viewers.DEVIATE.reach).tolist() == [-128, -127, 64, 0, 127]
    image = a_map(np.full(SHAPE, 3.5, dtype=np.float32))
    found = ParsedPage(
        viewers.slices_page([("age – M1", SEED, image)], 3.29, 8, "RdBu_r", viewers.DEVIATE, "model <age>")
    )
    assert [element.text for element in found.find("h1")] == ["Maps on slices: model <age>"]
    levels = decoded(found.data["maps"][0]["values"])
    assert (levels > 0).sum() > 1000
    np.testing.assert_allclose(levels[levels > 0] / found.data["levels"], 3.5, atol=0.5 * 8 / 127)
    assert found.data["symbol"] == "z" and found.data["vmax"] == 8
    (slider,) = (element for element in found.find("input") if element.attributes.get("id") == "threshold")
    assert (slider.attributes["max"], slider.attributes["value"]) == ("7.6", "3.29")
    assert any("z (normal deviate)" in element.text for element in found.find("span"))


def brainsprite(page):
    """What nilearn's viewer is told of its brain."""
    (told,) = (
        script.text for script in page.find("script") if "brainsprite({" in script.text and "var brain" in script.text
    )
    return json.JSONDecoder().raw_decode(told, told.index("brainsprite({") + len("brainsprite("))[0]


def test_a_voxel_of_the_brain_leads_to_the_maps_voxel_at_the_same_place(slices):
    told = brainsprite(slices)
    for given, seed in zip(slices.data["maps"], (SEED, OTHER), strict=True):
        for voxel in (given["cut"], [10, 20, 30], [98, 0, 94]):
            # The viewer shows, for the voxel n, the place of n + 1.
            place = (np.array(told["affine"]) @ (*(n + 1 for n in voxel), 1))[:3]
            led = np.array(given["matrix"]) @ (*voxel, 1)
            np.testing.assert_allclose(led, np.linalg.inv(AFFINE)[:3] @ (*place, 1), atol=1e-6)
        at = (np.array(told["affine"]) @ (*(n + 1 for n in given["cut"]), 1))[:3]
        # It starts at the seed, to the nearest voxel of 2 mm.
        assert np.abs(at - [seed[axis] for axis in "xyz"]).max() <= 1


def test_a_seed_outside_of_the_brains_box_starts_at_its_edge():
    page = ParsedPage(viewers.slices_page([("run", {"x": 500, "y": -500, "z": 0}, blobs())], *LOOK))
    assert page.data["maps"][0]["cut"][:2] == [98, 0]


def test_the_surface_holds_the_mean_between_white_and_pial(surface):
    """Of a map that is linear in space, this is its value half-way between the two."""
    from nilearn import datasets

    meshes = datasets.load_fsaverage("fsaverage5")
    expected = np.concatenate(
        [
            (meshes["pial"].parts[side].coordinates + meshes["white_matter"].parts[side].coordinates)
            / 2
            @ (1 / 200, 1 / 400, 1 / 800)
            for side in ("left", "right")
        ]
    )
    held = decoded(surface.data["maps"][1]["values"]) / 127
    assert held.shape == expected.shape == (20484,)
    # nilearn takes the nearest voxels, which are 8 mm wide.
    assert np.abs(held - expected).max() < 0.04
    assert np.corrcoef(held, expected)[0, 1] > 0.999
    # Left first: x is negative there.
    assert held[:10242].mean() < held[10242:].mean()


@pytest.mark.parametrize("kind", ["slices", "surface"])
def test_a_viewer_asks_for_nothing_and_is_the_same_each_time(kind, request):
    page = request.getfixturevalue(kind)
    assert page.asks_for() == [] and not page.find("link")
    assert len(page.find("title")) == len(page.find("h1")) == 1 and page.find("title")[0].text == viewers.KINDS[kind][0]
    make = {"slices": viewers.slices_page, "surface": viewers.surface_page}[kind]
    one, other = (make([("run", SEED, ordinary())], *LOOK) for _ in range(2))
    assert one == other


def test_colours_are_those_of_the_maps(slices):
    colors = slices.data["colors"]
    assert len(colors) == 256
    # RdBu_r: dark blue, near white, dark red.
    assert colors[0] == [5, 48, 97] and colors[-1] == [103, 0, 31] and min(colors[127]) > 240


@pytest.mark.parametrize("kind", ["slices", "surface"])
def test_names_stay_text(kind):
    make = {"slices": viewers.slices_page, "surface": viewers.surface_page}[kind]
    page = ParsedPage(make([(HOSTILE, SEED, blobs(left=0.5))], *LOOK))
    assert page.find("option")[0].text == HOSTILE
    assert not page.find("img", src="q")


@pytest.mark.parametrize(
    ("old", "new"), [("<body>", "<body><body>"), ("<title>Nilearn - ", "<title>"), ('<meta name="viewport"', "<meta ")]
)
def test_another_page_of_nilearns_than_expected_is_refused(old, new):
    head = '<title>Nilearn - x</title><meta name="viewport" /><link rel="icon" href="x" /><script>a</script>'
    page = f"<head>{head}</head><body>b</body>"
    assert viewers.parts(page) == ("<script>a</script>", "b")
    with pytest.raises(RuntimeError, match="nilearn's viewer is not the page it was"):
        viewers.parts(page.replace(old, new))
