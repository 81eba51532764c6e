"""The page of a model of groups."""

from parsed_page import ParsedPage

from seed_to_voxel.pages import group_model

DESIGN = {
    **{"Model": "two", "Formula": "group + age", "NumberOfSubjects": 9, "NumberOfRows": 9, "NumberOfColumns": 3},
    **{"Columns": ["Intercept", "group[b]", "age"], "Groups": {"group": {"a": 5, "b": 4}}, "VarianceGroups": None},
    "Notes": ["age is centred: its mean over the rows, 30, is subtracted."],
}
PERMUTATIONS = {
    **{"Number": 126, "Exact": True, "Rearranged": ["places"], "Blocks": None, "SmallestP": 0.0079},
    **{"Why": "Observations are independent.", "Assumption": None},
}
CLUSTERS = [
    ["cluster", "x", "y", "z", "peak", "effect", "p_voxel", "p_tfce", "node", "network"],
    *([str(k), "-4", "-52.5", "18", "4.123456", "0.2", "0.0123456", "n/a", "<b>PCC</b>", "default"] for k in range(14)),
]
PAIRS = [
    ["seed_1", "seed_2", "n_rows", "effect", "p", "p_fwe"],
    ["PCC", "M1", "9", "0.1", "0.2", "0.34567"],
    ["PCC", "<i>A</i>", "9", "0.4", "0.001", "0.01"],
]
PNG = b"\x89PNG"


def page(
    permutations=PERMUTATIONS, left_out=(("sub-1", "no value in age"),), caveat=None, pairs=PAIRS, summarised=None
):
    contrast = {
        **{"Name": "difference", "Test": "t, two-sided", "Columns": DESIGN["Columns"]},
        "Weights": [[0.0, 1.0, -0.5]],
    }
    about = {"Contrast": contrast, "Caveat": caveat, **({"Permutations": permutations} if permutations else {})}
    about |= {"NumberOfSubjects": DESIGN["NumberOfSubjects"]}
    about |= {"SubjectsSummarised": summarised} if summarised else {}
    seed = {"label": "PCC", "sentence": "7 of 90 voxels pass.", "picture": PNG, "clusters": CLUSTERS}
    none = {**seed, "label": "M1", "clusters": CLUSTERS[:1]}
    related = {"picture": PNG, "sentence": "Effect of 1 pair."} if pairs else None
    contrasts = [{"about": about, "seeds": [seed, none], "pairs": pairs, "related": related}]
    return group_model.as_page(DESIGN, left_out, ["sub-2/func/x"], "90 voxels", PNG, contrasts, 0.05)


def test_the_page_says_who_what_and_how_sure():
    text = page()
    for said in (
        "9 subjects, 3 columns, 90 voxels; group: a 5, b 4.",
        "age is centred",
        "sub-2/func/x",
        "Who was left out: 1",
        "no value in age",
        "t, two-sided: group[b] − 0.5 age; 6 degrees of freedom.",
        "All 126 distinct permutations of places; the smallest p is 0.0079.",
        "7 of 90 voxels pass.",
        "No cluster at the uncorrected threshold.",
    ):
        assert said in " ".join(text.split()), said
    assert "Nothing was permuted" in page(permutations=None) and "Who was left out: nobody" in page(left_out=())


def test_the_page_says_when_nothing_can_pass():
    said = "9 subjects allow no p below 0.1: nothing can pass 0.05."
    assert said in page(permutations={**PERMUTATIONS, "SmallestP": 0.1})
    assert "nothing can pass" not in page() and "nothing can pass" not in page(permutations=None)


def test_the_page_says_what_is_doubted():
    elements = ParsedPage(page(caveat="Rows <b>are not</b> independent.")).elements
    assert sum(element.attributes.get("class") == "doubt" for element in elements) == 2
    assert "Rows &lt;b&gt;are not" in page(caveat="Rows <b>are not</b> independent.")


def test_the_page_says_what_was_made_of_the_rows_of_subjects():
    text = page(
        summarised={
            **{"Of": "session B less session A", "NumberOfSubjects": 7, "SubjectsByRows": {"1": 2, "2": 5}},
            **{"LeftOut": ["3", "4"], "DegreesOfFreedom": 5},
        }
    )
    for said in (
        "group[b] − 0.5 age; 5 degrees of freedom.",
        "7 subjects, the rows of each taken to one number: session B less session A (2 with 1 row, 5 with 2 rows).",
        "Without the session that it needs: 3, 4.",
    ):
        assert said in " ".join(text.split()), said


def test_clusters_without_what_nobody_asked_for():
    table = group_model.clusters(CLUSTERS)
    assert [column["title"] for column in table["columns"]] == [
        *("x (mm)", "y (mm)", "z (mm)", "peak z", "effect", "p, max-T", "near", "network"),
    ]
    assert table["rows"][0] == ["-4", "-52.5", "18", "4.12", "0.2", "0.0123", "<b>PCC</b>", "default"]
    assert len(table["rows"]) == 12 and table["more"] == 2


def test_a_name_is_no_html_and_pictures_have_texts():
    text = page()
    assert "<b>PCC</b>" not in text and "&lt;b&gt;PCC" in text
    pictures = [element for element in ParsedPage(text).elements if element.tag == "img"]
    assert len(pictures) == 4 and all(element.attributes["alt"] for element in pictures)


def test_seeds_among_themselves_stand_by_their_p():
    text = " ".join(page().split())
    assert "Seeds among themselves" in text and "&lt;i&gt;A&lt;/i&gt;" in text and "0.346" in text
    assert text.index("&lt;i&gt;A") < text.index("<td>M1</td>")
    assert text.index('alt="Effect of 1 pair."') < text.index("&lt;i&gt;A")
    assert "Seeds among themselves" not in page(pairs=[])
