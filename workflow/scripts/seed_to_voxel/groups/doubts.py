"""What somebody must know who reads the tests of subjects with several rows."""

INDEPENDENCE = (
    "Subjects have several rows, what is tested differs between subjects, and it asks for no single number of each "
    "subject. Uncorrected p, z, the false discovery rate, standard errors and intervals take the rows of a subject for "
    "independent, and find too much; the family-wise p, by rearranging whole subjects, do not."
)
"""What is said of a contrast between subjects who have several rows, where these cannot be taken to one."""

LEVELS = (
    "What is tested lies within subjects, whose own levels are not in the formula: what differs between subjects is in "
    "the error, so that t or F, all p, z, standard errors and intervals find too little. Add subject to the formula "
    "(session + subject); or, of how groups change, test each change by a contrast of its own."
)
"""What is said of a contrast within subjects that asks for more than a number of each."""

UNEQUAL = (
    "Subjects have different numbers of rows, so that their means have different variances, which t and F take for "
    "equal: uncorrected p, z, the false discovery rate and intervals are approximate, the more so the more groups "
    "differ in it. The family-wise p rearrange only subjects with as many rows."
)
"""What is said of means of different numbers of rows."""
