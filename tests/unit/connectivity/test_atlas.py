"""Peaks are named after a user's own atlas."""

import nibabel
import numpy as np
import pytest
from made_maps import AFFINE, SHAPE, world

from seed_to_voxel.base.errors import InputError
from seed_to_voxel.connectivity import atlas, nodes


def write(folder, values, table):
    image = nibabel.Nifti1Image(values, AFFINE)
    image.set_sform(AFFINE, "mni")
    nibabel.save(image, folder / "atlas.nii.gz")
    (folder / "atlas.tsv").write_text(table)
    return folder / "atlas.nii.gz", folder / "atlas.tsv"


TABLE = "name\tindex\tcolor\nLeft hand\t3\tred\nRight hand\t17\tblue\n"


def two_hands():
    values = np.zeros(SHAPE, dtype=np.int16)
    values[world()[..., 0] < -10], values[world()[..., 0] > 10] = 3, 17
    values[5, 5, 5] = 99
    return values


def test_each_peak_has_the_name_of_its_region(tmp_path):
    named_by = atlas.read_atlas(*write(tmp_path, two_hands(), TABLE))
    at_99 = AFFINE[:3, :3] @ [5, 5, 5] + AFFINE[:3, 3]
    points = [(-30, 0, 0), (30, 0, 0), (0, 0, 0), at_99, (1000, 0, 0)]
    assert named_by.at(points) == ["Left hand", "Right hand", None, "region 99", None]
    values = np.zeros(SHAPE, dtype=np.float32)
    values[np.linalg.norm(world() - (-40, 0, 0), axis=-1) < 14] = 0.6
    values[np.linalg.norm(world() - (40, 0, 0), axis=-1) < 14] = -0.8
    image = nibabel.Nifti1Image(values, AFFINE)
    table = nodes.cluster_table(image, 0.4, named_by=named_by)
    assert set(table[table["peak_r"] < 0]["region"]) == {"Right hand"}
    assert set(table[table["peak_r"] > 0]["region"]) == {"Left hand"}
    assert "region" not in nodes.cluster_table(image, 0.4)
    assert "region" in nodes.cluster_table(image, 0.9, named_by=named_by)


@pytest.mark.parametrize(
    ("values", "table", "said"),
    [
        (two_hands() * 0.5, TABLE, "atlas.nii.gz: found fractions; expected an atlas"),
        (two_hands(), "index,name\n3,Left\n", "atlas.tsv: the header lacks index and name; found index,name"),
        (two_hands(), "index\tlabel\n3\tLeft\n", "atlas.tsv: the header lacks name; found index, label"),
        (two_hands(), "index\tname\n1.5\tLeft\n", "atlas.tsv, row 1: the index is 1.5; expected a whole number"),
        (two_hands(), "index\tname\nthree\tLeft\n", "atlas.tsv, row 1: the column 'index' is 'three'"),
        (two_hands(), "index\tname\n3\tLeft\n3\tRight\n", "atlas.tsv, row 2: the index 3 is there twice"),
    ],
)
def test_what_is_no_atlas_is_refused_with_its_file(values, table, said, tmp_path):
    with pytest.raises(InputError, match=said):
        atlas.read_atlas(*write(tmp_path, values, table))


def test_a_node_far_away_gives_no_name():
    (near,) = nodes.nearest([(0.0, -52, 18)], {"one": _nodes([(0, -52, 27.9)])})
    (far,) = nodes.nearest([(0.0, -52, 18)], {"one": _nodes([(0, -52, 28.1)])})
    assert (near["node"], near["network"], near["table"]) == ("precuneus", "default", "one")
    assert (far["node"], far["network"], far["table"]) == (None, None, None)
    assert far["distance"] == pytest.approx(10.1)


def _nodes(places):
    import pandas

    return pandas.DataFrame(places, columns=["x", "y", "z"]).assign(name="precuneus", network="default")
