"""The published example on the surface end to end: a server on this machine and made-up files stand in for NITRC."""

import json
import shutil

import made_surfaces
import nibabel
import nki_standin
import numpy as np
import pytest
from nibabel.affines import apply_affine
from nilearn.datasets import fetch_atlas_surf_destrieux, load_fsaverage, load_nki
from nilearn.maskers import SurfaceLabelsMasker
from nilearn.surface import SurfaceImage
from osf_standin import OSFStandIn
from PIL import Image
from scipy.stats import pearsonr

from seed_to_voxel.base import tables
from seed_to_voxel.inputs.shipped import FROM_MNI305

pytestmark = pytest.mark.workflow

STEM = f"sub-{nki_standin.PARTICIPANT}_task-rest_space-fsaverage5"


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    return nki_standin.served(tmp_path_factory.mktemp("standin"))


def the_pages_way(url, folder):
    """The page's own code, its fetchers on another host: r of the left hemisphere, 0 where it leaves vertices out."""
    run = load_nki(mesh="fsaverage5", mesh_type="pial", n_subjects=1, data_dir=folder, url=f"{url}/", verbose=0)[0]
    destrieux = fetch_atlas_surf_destrieux(data_dir=folder, url=f"{url}/", verbose=0)
    mesh = load_fsaverage(mesh="fsaverage5")["pial"]
    atlas = {"left": destrieux.map_left, "right": destrieux.map_right}
    number = destrieux.labels.index("G_cingul-Post-dorsal")
    mask = SurfaceImage(mesh=mesh, data={side: values == number for side, values in atlas.items()})
    seed = SurfaceLabelsMasker(labels_img=mask, verbose=0).fit().transform(run).squeeze()
    excluded = np.isin(atlas["left"], [destrieux.labels.index(name) for name in ("Unknown", "Medial_wall")])
    series = run.data.parts["left"][~excluded].astype(seed.dtype)
    r = np.zeros(len(excluded))
    # The page has a loop over the vertices.
    r[~excluded] = pearsonr(np.broadcast_to(seed, series.shape), series, axis=1).statistic
    return r, excluded


def write_printed(folder, expected, peak, fetched):
    """Numbers as if printed: at the vertex of the peak, near it, in the label, beside the page's map, a wrong one."""
    x, y, z = apply_affine(FROM_MNI305, nki_standin.midthickness("L")[0][peak])
    theirs = made_surfaces.write_gifti(folder / "page_hemi-L.func.gii", "L", [expected])
    (atlas,) = fetched.rglob("left.aparc.a2009s.annot")
    seed = nki_standin.labels("L") == nki_standin.NAMES.index(nki_standin.SEED)
    places = ("x", "y", "z", "vertex", "hemisphere", "file", "label")
    rows = [
        ("r_at", expected[peak], 1e-5, *["n/a"] * 3, peak, "L", "n/a", "n/a"),
        ("r_at", expected[peak], 1e-5, x + 0.2, y, z, *["n/a"] * 4),
        ("r_mean", expected[seed].mean(), 1e-5, *["n/a"] * 4, "L", atlas, nki_standin.SEED),
        ("r_spatial", 1, 1e-6, *["n/a"] * 5, theirs, "n/a"),
        ("r_max", 0.1, 0.01, *["n/a"] * 7),
    ]
    lines = [("subject", "seed", "quantity", "printed", "tolerance", *places)]
    lines += [(nki_standin.PARTICIPANT, "PCC", *row) for row in rows]
    (folder / "printed.tsv").write_text("".join("\t".join(map(str, line)) + "\n" for line in lines))


def test_the_example_runs_from_download_to_map_and_gives_the_pages_r(workspace, served, tmp_path):
    with OSFStandIn(served) as host:
        expected, excluded = the_pages_way(host.base_url, tmp_path)
    peak = int(np.argmax(np.where(excluded, -1, expected)))
    write_printed(workspace.path, expected, peak, tmp_path)
    with OSFStandIn(served, fail_first=1) as host:
        options = {"base_url": host.base_url}
        given = ["--configfile", "config/surface_example.yaml"]
        more = {"printed_numbers": "printed.tsv"}
        given.append(workspace.write_config("host.yaml", dataset={"nki_surface": options}, **more))
        said_at_end = workspace.snakemake(*given).stdout
        asked = {request.key for request in host.requests}
        assert asked == {key for key in served if not key.startswith("8470/")}, "what nilearn serves, and no more"

    folder = workspace.run_folder(nki_standin.PARTICIPANT)
    maps = {h: folder / f"{STEM}_hemi-{h}_seed-PCC_stat-pearsoncorrelation_statmap.func.gii" for h in "LR"}
    r = nibabel.load(maps["L"]).darrays[0].data
    assert 100 < excluded.sum() < 5000
    np.testing.assert_allclose(r[~excluded], expected[~excluded], rtol=0, atol=1e-5)
    assert expected.max() > 0.6, "a map with something in it"
    # The page sets these to 0; here they have what their series give.
    assert (expected[excluded] == 0).all() and np.isfinite(r[excluded]).all()
    # The page has no right hemisphere; by hand, from what was served.
    left, right = (nki_standin.labels(h) == nki_standin.NAMES.index(nki_standin.SEED) for h in "LR")
    series = nki_standin.series()
    seed = np.concatenate([series["L"][left], series["R"][right]]).mean(axis=0)
    by_hand = [np.corrcoef(seed, own)[0, 1] for own in series["R"][::50]]
    np.testing.assert_allclose(nibabel.load(maps["R"]).darrays[0].data[::50], by_hand, rtol=0, atol=1e-5)

    sidecar = json.loads((folder / f"{STEM}_seed-PCC_stat-fisherz_statmap.json").read_text())
    assert sidecar["RepetitionTime"] == 0.645
    assert sidecar["Seed"]["n_voxels"] == left.sum() + right.sum()
    assert (folder / f"{STEM}_seed-PCC_stat-pearsoncorrelation_statmap.png").is_file()
    methods = (workspace.derivatives / "methods.md").read_text()
    assert "label G_cingul-Post-dorsal of the Destrieux atlas (Destrieux et al. 2010), both hemispheres together" in (
        methods
    )
    assert "Nooner et al. 2012" in methods
    receipt = workspace.path / "results/inputs/nki_surface/atlas/download_receipt.json"
    assert {entry["origin"] for entry in json.loads(receipt.read_text())["files"].values()} == {"fetched"}

    # The page's figures for a manuscript: as large as they were asked to be, with the peak in the seed's label.
    paper = workspace.path / "results/paper"
    figures = {"seed": 190, "map": 90, "threshold": 90, "background": 90, "inflated": 90, "both": 190}
    assert {path.stem for path in (paper / "figures").glob("*.pdf")} == set(figures)
    for name, width in figures.items():
        with Image.open(paper / f"figures/{name}.png") as image:
            assert image.width == int(width / 25.4 * 300) and image.mode == "RGB"
    numbers = json.loads((paper / "numbers.json").read_text())
    whole = np.concatenate([nibabel.load(maps[hemisphere]).darrays[0].data for hemisphere in "LR"])
    assert numbers["largestR"]["value"] == pytest.approx(whole.max(), abs=1e-6)
    assert numbers["vertices"]["value"] == len(whole)
    assert numbers["regionOfSeed"]["text"] == nki_standin.SEED, "by the atlas that was fetched"
    assert r"\newcommand{\regionOfSeed}{G\_cingul-Post-dorsal}" in (paper / "numbers.tex").read_text()
    said = (paper / "captions.md").read_text()
    sides = f"{left.sum()} in the left hemisphere and {right.sum()} in the right hemisphere"
    assert f"{left.sum() + right.sum()} vertices, {sides}" in said
    assert "with each vertex" in said and "voxel" not in said
    header, first, *_ = tables.cells(paper / "tables/peaks.tsv")
    assert header[1:3] == ["Hemisphere", "Vertex"] and first[-1] == nki_standin.SEED
    _, *regions = tables.cells(folder / f"{STEM}_desc-regions_coverage.tsv")
    assert {row[0] for row in regions} >= {"G_cuneus", "S_central"}

    # Of the numbers that are printed somewhere the last one is wrong.
    assert f"1 of 5 printed numbers DISAGREE with ours: r_max of {nki_standin.PARTICIPANT} PCC" in said_at_end
    _, *cells = tables.cells(workspace.path / "results/printed_numbers.tsv")
    assert [row[-1] for row in cells] == ["yes", "yes", "yes", "yes", "NO"]
    assert cells[0][2] == f"r_at [vertex {peak} of L]" and cells[1][2].endswith(f"[vertex {peak} of L, 0.2 mm away]")
    assert cells[3][2] == f"r_spatial page_hemi-L.func.gii [over {(~excluded).sum()} places]"

    # The host is gone: everything is there, nothing is asked.
    assert "Nothing to be done" in workspace.snakemake(*given).stdout

    # What nilearn has fetched is used as it is, without network.
    shutil.rmtree(workspace.path / "results")
    options |= {"base_url": "http://127.0.0.1:9", "data_dir": str(tmp_path)}
    given[-1] = workspace.write_config("kept.yaml", dataset={"nki_surface": options})
    workspace.snakemake(*given, "--until", "correlate")
    np.testing.assert_array_equal(nibabel.load(maps["L"]).darrays[0].data, r)
