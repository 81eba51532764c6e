"""Agreement of maps on the cortical surface, in files of each hemisphere and of both."""

import json

import measure_agreement
import numpy as np
import pandas
import pytest
from nibabel.cifti2 import BrainModelAxis

from seed_to_voxel.images import layouts

# Shrout and Fleiss 1979, table 2: four judges' ratings of six targets.
RATINGS = np.array([[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]) / 10
LEFT, RIGHT = 30, 40
RATED, WALL = LEFT + 11, 3
"""The vertex that has the ratings, in the right hemisphere, and one without data."""


def layout_of(form):
    if form == "gifti":
        return layouts.Hemispheres((LEFT, RIGHT)), [f"hemi-{hemisphere}.func.gii" for hemisphere in "LR"]
    left = BrainModelAxis.from_surface(np.arange(LEFT), LEFT, "CortexLeft")
    right = BrainModelAxis.from_surface(np.arange(RIGHT), RIGHT, "CortexRight")
    return layouts.Grayordinates(left + right), [".dscalar.nii"]


@pytest.mark.parametrize("form", ["gifti", "cifti"])
def test_vertices_are_compared_as_voxels_are(tmp_path, form):
    layout, endings = layout_of(form)
    rng = np.random.default_rng(1)
    places = np.column_stack([np.arange(LEFT + RIGHT) * 3.0, *np.zeros((2, LEFT + RIGHT))])
    np.save(tmp_path / "coordinates.npy", places)
    (tmp_path / "seeds.json").write_text(json.dumps({"SeedSmoothing": None}))
    # A seed of a vertex, whose reach of 2 x 6 mm has four more on either side.
    (tmp_path / "voxels.tsv").write_text("seed\tplace\tstructure\tvertex\tin_mask\nA\t50\tCORTEX_RIGHT\t20\t1\n")
    brain = np.ones(LEFT + RIGHT)
    brain[WALL] = 0
    runs, maps, masks, values = {}, [], [], {}
    for subject in range(6):
        own = rng.standard_normal(LEFT + RIGHT)
        for session in range(4):
            z = own + 0.3 * rng.standard_normal(LEFT + RIGHT)
            z[RATED], z[46:55] = RATINGS[subject, session], 100 * rng.standard_normal()
            z[brain == 0] = np.nan
            name = f"sub-{subject}_ses-{session}"
            runs[name] = {"subject": str(subject), "session": str(session), "task": "rest"}
            values[name] = z.astype(np.float32)
            for files, data in ((maps, z), (masks, brain)):
                made = [str(tmp_path / f"{name}_{'map' if files is maps else 'mask'}_{ending}") for ending in endings]
                layout.save(made, data.astype(np.float32))
                files += made
    outputs = {
        **{f"icc{n}_maps": [str(tmp_path / f"study_icc{n}{ending}") for ending in endings] for n in (21, 31)},
        **{f"icc{n}_sidecars": [str(tmp_path / f"study_icc{n}.json")] for n in (21, 31)},
        **{"table": [str(tmp_path / "table.tsv")], "sidecar": [str(tmp_path / "table.json")]},
        "figure": [str(tmp_path / "figure.pdf"), str(tmp_path / "figure.png")],
    }
    shared = [[str(tmp_path / name)] * 24 for name in ("voxels.tsv", "seeds.json")]
    coordinates = [str(tmp_path / "coordinates.npy")] * 24
    measure_agreement.main(runs, ["A"], maps, masks, *shared, 6.0, {"": str(tmp_path)}, outputs, coordinates)
    for n, printed in ((21, 0.29), (31, 0.71)):
        found = layout.read(outputs[f"icc{n}_maps"])
        # Their table 4; the vertex is in the right hemisphere's file.
        assert found[RATED] == pytest.approx(printed, abs=0.005) and np.isnan(found[WALL])
        assert np.isfinite(np.delete(found, WALL)).all()
        assert len(json.loads((tmp_path / f"study_icc{n}.json").read_text())["Sources"]) == 24 * len(endings)
    table = pandas.read_csv(tmp_path / "table.tsv", sep="\t")
    away = np.setdiff1d(np.arange(LEFT + RIGHT), [WALL, *range(46, 55)])
    pair = ("sub-2_ses-0", "sub-2_ses-3")
    (r,) = table.loc[(table["first"] == pair[0]) & (table["second"] == pair[1]), "r"]
    assert r == pytest.approx(np.corrcoef(*(values[name][away] for name in pair))[0, 1], abs=1e-4)
    said = json.loads((tmp_path / "table.json").read_text())
    assert said["NumberOfVoxels"] == LEFT + RIGHT - 1 and layout.words in said["Description"]
