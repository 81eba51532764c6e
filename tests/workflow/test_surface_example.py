"""The published example on the surface end to end: a server on this machine and made-up files stand in for NITRC."""

import json
import shutil

import nibabel
import nki_standin
import numpy as np
import pytest
from nilearn.datasets import fetch_atlas_surf_destrieux, load_fsaverage, load_nki
from nilearn.maskers import SurfaceLabelsMasker
from nilearn.surface import SurfaceImage
from osf_standin import OSFStandIn
from scipy.stats import pearsonr

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
    r = np.zeros(len(excluded))
    for vertex in np.flatnonzero(~excluded):
        r[vertex] = pearsonr(seed, run.data.parts["left"][vertex].astype(seed.dtype))[0]
    return r, excluded


def test_the_example_runs_from_download_to_map_and_gives_the_pages_r(workspace, served, tmp_path):
    with OSFStandIn(served, fail_first=1) as host:
        options = {"base_url": host.base_url}
        given = ["--configfile", "config/surface_example.yaml"]
        given.append(workspace.write_config("host.yaml", dataset={"nki_surface": options}))
        workspace.snakemake(*given)
        asked = {request.key for request in host.requests}
        assert asked == {key for key in served if not key.startswith("8470/")}, "what nilearn serves, and no more"
        expected, excluded = the_pages_way(host.base_url, tmp_path)

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

    # The host is gone: everything is there, nothing is asked.
    assert "Nothing to be done" in workspace.snakemake(*given).stdout

    # What nilearn has fetched is used as it is, without network.
    shutil.rmtree(workspace.path / "results")
    options |= {"base_url": "http://127.0.0.1:9", "data_dir": str(tmp_path)}
    given[-1] = workspace.write_config("kept.yaml", dataset={"nki_surface": options})
    workspace.snakemake(*given, "--until", "correlate")
    np.testing.assert_array_equal(nibabel.load(maps["L"]).darrays[0].data, r)
