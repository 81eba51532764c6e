# What happens when a run of the workflow begins and ends: failures are listed, and the report is made.

from seed_to_voxel.snakemake_internals import reporting
from seed_to_voxel.study import checksums, leftovers


def note_failures():
    """Show and keep which runs failed."""
    return SESSION.note_failures(RUNS, NAMES.failed_runs)


def conclude():
    """Say what is left of refused runs, and make the report."""
    refused = VERDICTS.refused(map(STUDY.verdict, RUNS)) if STUDY.refuses else []
    for sentence in leftovers.of_refused(refused) + leftovers.in_words(STUDY.leftovers()):
        print(f"Note: {sentence}", file=sys.stderr)
    facts = {**reporting.facts(len(RUNS), VERSION), **STUDY.facts(len(refused))}
    SESSION.write_report(NAMES.report, ROOT / "workflow" / "report" / "report.css", RUNS, facts)
    # Last, as nothing of the report hangs on it.
    try:
        checksums.write(DERIVATIVES, OVER_RUNS, RUNS)
    except OSError as error:
        raise WorkflowError(
            f"The results are made, and {checksums.NAME} could not be written ({error})."
        ) from None


SESSION.conclude_after([NAMES.report, NAMES.checksums], note_failures, conclude)


onstart:
    SESSION.begin()


onsuccess:
    note_failures()
    conclude()
    SESSION.end()


onerror:
    if note_failures():
        conclude()
    SESSION.end()
