"""What holds for any input, tried on many: correlations, operators, places; and files that nobody meant to write.

Thirty examples of each here; more are tried by
`SEED_TO_VOXEL_EXAMPLES=5000 uv run --group dev pytest tests/unit/test_properties.py`.
"""

import gzip
import io
import os
import struct

import nibabel
import numpy as np
import pandas
import pytest
import yaml
from conftest import SCHEMA
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from scipy import stats

from seed_to_voxel.base import tables
from seed_to_voxel.base.errors import InputError
from seed_to_voxel.cleaning import operators
from seed_to_voxel.connectivity import correlation
from seed_to_voxel.images import grid, nifti
from seed_to_voxel.study import configuration, nifti_header

EXAMPLES = int(os.environ.get("SEED_TO_VOXEL_EXAMPLES", "30"))
many = settings(
    max_examples=EXAMPLES,
    deadline=None,
    # The same examples each time, unless somebody asks for many.
    derandomize=EXAMPLES == 30,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)

seeds_of_random = st.integers(0, 2**32 - 1)


def series_of(seed, volumes, columns):
    return np.random.default_rng(seed).standard_normal((volumes, columns))


@many
@given(
    seeds_of_random,
    st.integers(5, 60),
    st.integers(1, 40),
    st.floats(-1e4, 1e4),
    st.floats(1e-3, 1e3),
    st.integers(1, 50),
)
def test_r_does_not_change_by_shift_scale_order_or_slabs(seed, volumes, voxels, shift, scale, slab):
    seed_series, voxel_series = series_of(seed, volumes, 3), series_of(seed + 1, volumes, voxels)
    r = correlation.pearson(seed_series, voxel_series)
    expected = np.corrcoef(seed_series.T, voxel_series.T)[:3, 3:]
    np.testing.assert_allclose(r, expected, atol=2e-7)
    np.testing.assert_allclose(correlation.pearson(shift + scale * seed_series, voxel_series), r, atol=1e-6)
    np.testing.assert_allclose(correlation.pearson(seed_series, shift - scale * voxel_series), -r, atol=1e-6)
    np.testing.assert_array_equal(correlation.pearson(seed_series, voxel_series, slab), r)
    order = np.random.default_rng(seed).permutation(voxels)
    np.testing.assert_array_equal(correlation.pearson(seed_series, voxel_series[:, order]), r[:, order])
    np.testing.assert_array_equal(correlation.pearson(seed_series[:, [2, 0, 1]], voxel_series), r[[2, 0, 1]])


@many
@given(st.lists(st.floats(-1, 1), min_size=2, max_size=50))
def test_fisher_z_is_odd_monotone_and_finite(values):
    r = np.sort(np.array(values))
    z = correlation.fisher_z(r)
    assert np.isfinite(z).all() and (np.diff(z) >= 0).all()
    np.testing.assert_array_equal(correlation.fisher_z(-r), -z)
    inside = np.abs(r) < 0.999
    np.testing.assert_allclose(np.tanh(z[inside].astype(float)), r[inside], atol=1e-6)


@many
@given(seeds_of_random, st.sampled_from(["fourier", "butterworth"]), st.integers(0, 5), st.integers(0, 12))
def test_an_operator_is_a_projection_and_censored_volumes_have_no_influence(seed, filter, n_confounds, n_censored):
    rng, volumes = np.random.default_rng(seed), 90
    confounds = rng.standard_normal((volumes, n_confounds)) if n_confounds else None
    kept = np.ones(volumes, dtype=bool)
    kept[rng.choice(volumes, n_censored, replace=False)] = False
    operator = operators.cleaning_operator(volumes, 2.0, True, 0.01, 0.1, confounds, filter, kept)
    series = rng.standard_normal((volumes, 4))
    disturbed = np.where(kept[:, None], series, 1e6 * rng.standard_normal((volumes, 4)))
    np.testing.assert_array_equal(operator @ disturbed, operator @ series)
    assert np.abs((operator @ series).mean(axis=0)).max() < 1e-9
    if filter == "fourier":
        square = operator[:, kept]
        np.testing.assert_allclose(square @ square, square, atol=1e-9)
        np.testing.assert_allclose(square, square.T, atol=1e-9)
        trend = np.arange(volumes, dtype=float)[:, None]
        assert np.abs(operator @ trend).max() < 1e-7
        if n_confounds:
            assert np.abs(operator @ confounds).max() < 1e-8


@st.composite
def places(draw):
    """An image's affine, straight or oblique, with either handedness, and its shape."""
    sizes = [draw(st.floats(1.5, 5)) for _ in range(3)]
    flips = [draw(st.sampled_from([-1, 1])) for _ in range(3)]
    angles = [draw(st.floats(-0.3, 0.3)) for _ in range(3)]
    shape = tuple(draw(st.integers(8, 14)) for _ in range(3))
    affine = np.eye(4)
    affine[:3, :3] = nibabel.eulerangles.euler2mat(*angles) @ np.diag(np.multiply(sizes, flips))
    affine[:3, 3] = -affine[:3, :3] @ (np.array(shape) / 2)
    return affine, shape


@many
@given(places(), st.floats(8, 14))
def test_left_and_right_are_never_exchanged(place, radius):
    affine, shape = place
    for side in (-1, 1):
        centre = np.array([side * (radius + 2.0), 1.0, -1.0])
        voxels = grid.sphere_voxels(centre, radius, affine, shape)
        world = voxels @ affine[:3, :3].T + affine[:3, 3]
        distance = np.linalg.norm(world - centre, axis=1)
        # The voxel that holds the centre belongs to it wherever its middle lies.
        assert (np.sort(distance)[1:] <= radius).all()
        near = distance <= radius
        assert (np.sign(world[near, 0]) == side).all()


@many
@given(places(), seeds_of_random)
def test_a_map_keeps_each_value_at_its_place(tmp_path, place, seed):
    affine, shape = place
    rng = np.random.default_rng(seed)
    mask = rng.random(shape) > 0.5
    values = rng.standard_normal(mask.sum()).astype(np.float32)
    reference = nibabel.Nifti1Image(np.zeros(shape, np.int16), affine)
    reference.set_sform(affine, 4)
    nifti.save_map(tmp_path / "map.nii.gz", values, mask, reference)
    saved = nibabel.load(tmp_path / "map.nii.gz")
    np.testing.assert_allclose(saved.affine, affine, atol=1e-5)
    np.testing.assert_array_equal(np.asarray(saved.dataobj)[mask], values)
    assert nibabel.aff2axcodes(saved.affine) == nibabel.aff2axcodes(affine)


SHAPE = (5, 4, 3, 6)


def a_run(seed):
    data = np.random.default_rng(seed).integers(0, 2000, SHAPE).astype(np.int16)
    return bytearray(nibabel.Nifti1Image(data, np.diag([3.0, 3, 3, 1])).to_bytes())


@many
@given(
    seeds_of_random,
    st.lists(st.tuples(st.integers(0, 351), st.integers(0, 255)), max_size=4),
    st.integers(0, 900),
    st.booleans(),
)
def test_a_run_with_any_header_is_read_as_nibabel_reads_it_or_refused_in_a_sentence(
    tmp_path, seed, changes, cut, compressed
):
    content = a_run(seed)
    for place, value in changes:
        content[place] = value
    content = content[: len(content) - cut] if cut < 300 else content
    path = tmp_path / ("bold.nii.gz" if compressed else "bold.nii")
    path.write_bytes(gzip.compress(bytes(content), 1) if compressed else bytes(content))
    nifti_header.read_shape.cache_clear()
    try:
        nifti_header.read_shape(str(path))
        ours = np.stack(list(nifti.volumes(nifti.load_run(path))), axis=-1)
    except InputError as error:
        assert str(error).startswith(str(path)) and "Traceback" not in str(error)
        return
    theirs = np.nan_to_num(nibabel.load(path).get_fdata(dtype=np.float32), nan=0.0, posinf=0.0, neginf=0.0)
    np.testing.assert_allclose(ours, theirs, rtol=1e-6)


words = st.text(st.characters(codec="utf-8", exclude_categories=("Cs",)), max_size=12)


@many
@given(st.lists(st.lists(words, min_size=1, max_size=4), min_size=1, max_size=5), st.sampled_from(["\n", "\r\n"]))
def test_any_table_is_read_as_pandas_reads_it_or_refused_in_a_sentence(tmp_path, rows, end):
    path = tmp_path / "table.tsv"
    text = end.join("\t".join(row) for row in rows) + end
    path.write_bytes(text.encode("utf-8"))
    try:
        ours = tables.cells(path)
    except InputError as error:
        assert str(error).startswith(str(path))
        return
    # Names and values alone: what neither has is passed over.
    assume(ours and all(cell.strip() and '"' not in cell for row in ours for cell in row))
    assume(
        not any(character in text for character in ('"', "\ufeff", "\0"))
        and not set(text) & set("\x1c\x1d\x1e\x85\u2028")
    )
    try:
        theirs = pandas.read_csv(io.StringIO(text), sep="\t", header=None, dtype=str, keep_default_na=False, quoting=3)
    except pandas.errors.ParserError:
        # A line of tabs alone, which pandas refuses.
        return
    assume(theirs.shape == (len(ours), len(ours[0])))
    assert theirs.to_numpy().tolist() == ours


@many
@given(st.text(st.sampled_from("0123456789.eE+-_ naif٣"), max_size=8))
def test_a_number_is_what_pandas_takes_for_one(text):
    try:
        ours = tables.number(text, "row 1", "x")
    except InputError:
        return
    assert ours == pandas.to_numeric(pandas.Series([text])).iloc[0]


KEYS = st.sampled_from(
    [*SCHEMA["properties"], *SCHEMA["properties"]["cleaning"]["properties"], "kind", "strategy", "x"]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 400) | st.floats() | words | st.dates(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS | st.integers(0, 3), inner, max_size=4),
    max_leaves=12,
)


@many
@given(st.dictionaries(KEYS, VALUES, max_size=5))
def test_any_config_is_valid_or_refused_in_sentences(tmp_path, config):
    path = tmp_path / "study.yaml"
    path.write_text(yaml.safe_dump(config, allow_unicode=True), encoding="utf-8")
    read = configuration.read_config(path)
    try:
        configuration.check(read, SCHEMA, "study.yaml")
    except InputError as error:
        assert all(line.startswith("study.yaml: ") for line in str(error).split("\nstudy.yaml: ")[:1])
        assert len(str(error)) < 20_000


@many
@given(st.binary(max_size=600))
def test_any_bytes_are_an_image_or_refused_in_a_sentence(tmp_path, content):
    path = tmp_path / "bold.nii.gz"
    path.write_bytes(struct.pack("<i", 348) + content)
    nifti_header.read_shape.cache_clear()
    with pytest.raises(InputError, match="bold.nii.gz"):
        nifti_header.read_shape(str(path))
        nifti.load_run(path)


def test_a_property_that_does_not_hold_would_be_found():
    @settings(many, max_examples=200)
    @given(seeds_of_random)
    def spearman_is_pearson(seed):
        x, y = series_of(seed, 20, 2).T
        np.testing.assert_allclose(
            stats.spearmanr(x, y)[0], correlation.pearson(x[:, None], y[:, None])[0, 0], atol=1e-3
        )

    with pytest.raises(AssertionError):
        spearman_is_pearson()
