"""The page about the quality of all runs."""

import pytest
from parsed_page import HOSTILE, ParsedPage

from seed_to_voxel.pages import quality
from seed_to_voxel.quality import limits, table

LIMITS = {**dict.fromkeys(limits.LIMITS), "max_mean_fd": 0.5}


def entry(subject, refused=(), fd=0.2, task="rest", label="PCC"):
    return {
        "labels": {"subject": subject, "task": task, "space": "MNI"},
        "refused": list(refused),
        "metrics": {"mean_fd": fd, "n_volumes": 50, "median_tsnr": 61.2345},
        "seeds": {} if refused else {label: {"coverage": 1.0, "tsnr": 55.5}},
    }


def page_of(*entries, labels=("PCC",)):
    return ParsedPage(quality.as_page(table.rows_of(entries, labels, LIMITS), table.describe(labels)))


def test_refused_runs_come_first_with_their_reasons():
    page = page_of(entry("01"), entry("02", fd=0.7), entry("03", ["nothing is left"]))
    _, *rows = (dict(zip(page.rows()[0], row, strict=True)) for row in page.rows())
    assert [row["subject"] for row in rows] == ["03", "02", "01"]
    assert [row["verdict"] for row in rows] == ["refused", "warned", "accepted"]
    assert [badge.classes[-1] for badge in page.find("span", class_="badge")] == ["bad", "doubt", "good"]
    assert rows[0]["reasons"] == "nothing is left"
    assert rows[1]["reasons"].startswith("the mean framewise displacement is 0.7 mm, expected at most 0.5")
    assert [row["mean FD (mm)"] for row in rows] == ["0.2", "0.7", "0.2"]
    assert (rows[2]["tSNR"], rows[2]["tSNR PCC"], rows[0]["tSNR PCC"]) == ("61.2", "55.5", "n/a")
    assert "3 runs: 1 accepted, 1 warned, 1 refused." in page.text


def test_what_all_runs_share_is_said_once():
    page = page_of(entry("01"), entry("02"))
    assert not {"task", "space"} & set(page.rows()[0])
    assert "In all of them: task rest, space MNI, volumes 50, cover PCC 1." in page.text
    # What limits are set to stays in the table.
    assert {"mean FD (mm)", "tSNR"} <= set(page.rows()[0])
    page = page_of(entry("01"), entry("02", task="film"))
    assert "task" in page.rows()[0] and "In all of them: space MNI, volumes 50" in page.text
    assert {"task", "space", "volumes"} <= set(page_of(entry("01")).rows()[0])


def test_columns_that_limits_are_set_to_stand_first():
    names = page_of(entry("01", ["no"]), entry("02")).rows()[0]
    assert names[:5] == ["subject", "verdict", "reasons", "mean FD (mm)", "tSNR"]
    assert names.index("cover PCC") > 4


def test_every_column_of_numbers_is_described():
    page = page_of(entry("01"), entry("02"))
    described = {element.text for element in page.find("dt")}
    shown = {name for name in page.rows()[0] if name != "subject"}
    assert described == shown | {"volumes", "cover PCC"} and "mean_fd in qc.tsv" in page.text
    titles = {head.text: head.attributes.get("title", "") for head in page.find("th")}
    assert titles["mean FD (mm)"].startswith("Mean framewise displacement") and titles["subject"] == ""


@pytest.mark.parametrize("level", ["5", "1", "0.1"])
def test_a_share_that_passes_is_headed_by_its_level(level):
    name = f"null_seeds_{level.replace('.', '')}"
    described = {name: {"Description": f"Voxels that pass at {level} %", "Units": "%"}}
    assert quality.head(name, described) == f"null seeds: % pass at {level}\N{NO-BREAK SPACE}%"


def test_numbers_have_three_digits_and_at_most_three_after_the_point():
    assert [quality.shown(value) for value in (0.0149, 61.2345, 412, 1234.6, None)] == [
        *("0.015", "61.2", "412"),
        *("1235", "n/a"),
    ]


@pytest.mark.parametrize("where", ["subject", "reason", "label"])
def test_names_stay_text(where):
    subject, reasons, label = (HOSTILE if where == name else "x" for name in ("subject", "reason", "label"))
    page = page_of(entry(subject, [reasons]), entry("2", label=label), labels=[label])
    assert HOSTILE in page.text and not page.find("img") and not page.find("script")
