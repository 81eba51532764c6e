"""GIFTI files taken apart, and decoded a volume at a time: as nibabel reads them whole."""

import base64
import re
from pathlib import Path

import nibabel
import numpy as np
import pytest
from made_surfaces import OPTIONS, N, gifti_run, noise, write_gifti

from seed_to_voxel.base.errors import InputError
from seed_to_voxel.images import gifti_series, layouts, nifti, places


def some(n=50, n_volumes=4):
    return [np.ascontiguousarray(row) for row in noise(n, n_volumes=n_volumes)]


def read_by_nibabel(path):
    return [array.data for array in nibabel.load(path).darrays]


def assert_as_nibabel_reads(path, when_asked=True):
    """Every volume is nibabel's, and nothing was decoded before it was asked for (unless it had to be)."""
    volumes = gifti_series.Volumes(str(path))
    assert bool(volumes.held) != when_asked
    expected = read_by_nibabel(path)
    assert len(volumes) == len(expected)
    for t, values in enumerate(expected):
        np.testing.assert_array_equal(volumes[t], values)
    assert bool(volumes.held) != when_asked


@pytest.mark.parametrize("endian", ["GIFTI_ENDIAN_LITTLE", "GIFTI_ENDIAN_BIG"])
@pytest.mark.parametrize("encoding", ["ASCII", "B64BIN", "B64GZ"])
@pytest.mark.parametrize("block", [1, 7, 1 << 20])
def test_volumes_are_decoded_when_they_are_asked_for(tmp_path, monkeypatch, encoding, endian, block):
    # Tags and data are cut anywhere.
    monkeypatch.setattr(gifti_series, "BLOCK", block)
    path = write_gifti(tmp_path / "x.func.gii", "L", some(), encoding=f"GIFTI_ENCODING_{encoding}", endian=endian)
    assert_as_nibabel_reads(path)


@pytest.mark.parametrize("order", ["RowMajorOrder", "ColumnMajorOrder"])
def test_an_array_of_all_volumes_is_read_in_its_order(tmp_path, order):
    path = Path(write_gifti(tmp_path / "x.func.gii", "L", [np.stack(some(), axis=1)]))
    path.write_text(path.read_text().replace("RowMajorOrder", order))
    (expected,) = read_by_nibabel(path)
    volumes = gifti_series.Volumes(str(path))
    assert (len(volumes), volumes.n_vertices) == (4, 50)
    np.testing.assert_array_equal([volumes[t] for t in range(4)], expected.T)
    volumes.release()
    np.testing.assert_array_equal(volumes[3], expected[:, 3])


def rewritten(path, change):
    """A file whose texts of data are changed by a function."""
    path = Path(path)
    path.write_text(re.sub(r"<Data>([^<]*)</Data>", lambda found: f"<Data>{change(found[1])}</Data>", path.read_text()))
    return path


@pytest.mark.parametrize("encoding", ["B64BIN", "B64GZ"])
@pytest.mark.parametrize(
    ("change", "when_asked"),
    [
        (lambda text: f"\n  {text}\n  ", True),
        (lambda text: "\n".join(text[start : start + 76] for start in range(0, len(text), 76)), True),
        (lambda text: f"&#10;{text[:40]}&#xA;{text[40:]}", True),
        (lambda text: f"<![CDATA[{text}]]>", False),
        (lambda text: f" <![CDATA[{text}]]>\n", False),
        (lambda text: f"{text[:40]}<!-- a > b -->{text[40:]}", False),
    ],
)
def test_whatever_xml_allows_in_data_is_read(tmp_path, encoding, change, when_asked):
    path = write_gifti(tmp_path / "x.func.gii", "L", some(), encoding=f"GIFTI_ENCODING_{encoding}")
    assert_as_nibabel_reads(rewritten(path, change), when_asked)


def test_elements_are_not_looked_for_in_comments_and_metadata(tmp_path):
    path = Path(write_gifti(tmp_path / "x.func.gii", "L", some()))
    text = path.read_text()
    first, rest = text.split("<DataArray", 1)
    note = "<!-- <Data>AAAA</Data> > --><MetaData><MD><Name>n</Name><Value><![CDATA[<Data>AA > B</Data>]]></Value></MD>"
    rest = rest.replace("<MetaData />", f"{note}</MetaData>", 1)
    assert note in rest
    path.write_text(f"{first}<DataArray{rest}")
    assert_as_nibabel_reads(path)
    assert gifti_series.Volumes(str(path)).image.darrays[0].meta["n"] == "<Data>AA > B</Data>"


@pytest.mark.parametrize("long", [0, 1 << 22])
@pytest.mark.parametrize("n", [*range(12), 1000, 1001, 1002])
def test_base64_is_decoded_as_python_does(monkeypatch, n, long):
    monkeypatch.setattr(gifti_series, "LONG", long)
    content = np.random.default_rng(n).bytes(n)
    assert bytes(gifti_series.from_base64(base64.b64encode(content))) == content
    assert bytes(gifti_series.from_base64(base64.encodebytes(content))) == content


def test_every_letter_of_base64_is_known():
    letters = gifti_series.LETTERS.encode() * 2
    assert bytes(gifti_series.from_base64(letters)) == base64.b64decode(letters, validate=True)


def test_a_damaged_volume_is_told_when_it_is_read(tmp_path):
    paths = gifti_run(tmp_path, noise(2 * N, n_volumes=3), wall=False)
    path = Path(paths[1])
    text = path.read_text()
    at = [found.start() for found in re.finditer("<Data>", text)][1] + 2000
    path.write_text(text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1 :])
    run = places.open_run(paths, OPTIONS)
    with pytest.raises(InputError, match=r"volume 2 of 3 cannot be read .* truncated or damaged"):
        list(nifti.volumes(run))


def test_a_damaged_array_of_all_volumes_is_told_with_its_file(tmp_path):
    path = Path(write_gifti(tmp_path / "x.func.gii", "L", [np.stack(some(), axis=1)]))
    text = path.read_text()
    at = text.index("<Data>") + 200
    for damaged in (f"{text[:at]}AB!{text[at + 3 :]}", text[:at] + text[at + 41 :]):
        path.write_text(damaged)
        with pytest.raises(InputError, match=r"x\.func\.gii: cannot be read as GIFTI .*is the file complete"):
            gifti_series.Volumes(str(path))


def test_what_is_no_value_of_a_vertex_is_no_volume(tmp_path):
    """AFNI begins its files with the vertices' numbers; a mesh without triangles is an array of three columns."""
    numbers = nibabel.gifti.GiftiDataArray(
        np.arange(50, dtype=np.int32), intent="NIFTI_INTENT_NODE_INDEX", datatype="NIFTI_TYPE_INT32"
    )
    path = write_gifti(tmp_path / "x.func.gii", "L", some())
    image = nibabel.load(path)
    image.darrays.insert(0, numbers)
    nibabel.save(image, path)
    with pytest.raises(InputError, match=r"x\.func\.gii: .*NIFTI_INTENT_NODE_INDEX.*expected volumes alone"):
        gifti_series.Volumes(path)
    path = write_gifti(tmp_path / "x.surf.gii", "L", [np.zeros((50, 3))], intent="NIFTI_INTENT_POINTSET")
    with pytest.raises(InputError, match=r"x\.surf\.gii: .*NIFTI_INTENT_POINTSET.*expected volumes alone"):
        gifti_series.Volumes(path)


@pytest.fixture
def decoded(monkeypatch):
    """How many arrays were decoded so far."""
    counted = []
    decode = gifti_series.from_base64
    monkeypatch.setattr(gifti_series, "from_base64", lambda text: counted.append(1) or decode(text))
    return counted


@pytest.mark.parametrize("wall", [True, False])
def test_a_run_is_decoded_once_where_its_places_are_looked_for(tmp_path, decoded, wall):
    data = noise(2 * N, n_volumes=6)
    paths = gifti_run(tmp_path, data, wall=wall)
    run = places.open_run(paths, OPTIONS)
    read = np.stack(list(nifti.volumes(run)))
    # With all places in the first volume no other is looked at, and none is kept.
    assert len(decoded) == 2 * (6 if wall else 7)
    inside = run.places.brain
    assert inside.all() != wall
    np.testing.assert_array_equal(read[:, inside], data[:, inside])
    assert not read[:, ~inside].any()


@pytest.mark.parametrize("fwhm", [None, 5.0])
def test_with_its_mask_a_run_is_not_read_before_it_has_to_be(tmp_path, decoded, fwhm):
    paths = gifti_run(tmp_path)
    searched = places.open_run(paths, OPTIONS)
    masks = [str(tmp_path / f"mask_{h}.func.gii") for h in "LR"]
    searched.places.layout.save(masks, searched.places.brain.astype(np.uint8))
    before = len(decoded)
    run = places.open_run(paths, OPTIONS, masks)
    assert len(decoded) == before
    np.testing.assert_array_equal(run.places.brain, searched.places.brain)
    volume = np.nan_to_num(run.dataobj[..., 1])
    smoothed = [places.smoother(own, own.places.brain, fwhm)(volume) for own in (run, searched)]
    np.testing.assert_array_equal(*smoothed)


def test_a_file_that_is_no_gifti_is_told_as_before(tmp_path):
    path = tmp_path / "x.func.gii"
    for content, said in ((b"<a/>", "GIFTI"), (b"no xml", "GIFTI"), (b"", "GIFTI")):
        path.write_bytes(content)
        with pytest.raises(InputError, match=said) as own:
            gifti_series.Volumes(str(path))
        with pytest.raises(InputError) as whole:
            layouts.load_gifti(str(path))
        assert str(own.value) == str(whole.value)
