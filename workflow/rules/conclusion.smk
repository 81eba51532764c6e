# What happens when a run of the workflow begins and ends: failures are listed, and the report is made.

import os

from seed_to_voxel.archive import packing
from seed_to_voxel.snakemake_internals import reporting
from seed_to_voxel.study import checksums, leftovers


def note_failures():
    """Show and keep which runs failed."""
    return SESSION.note_failures(RUNS, NAMES.failed_runs)


def remover():
    """The command that removes what is left; none where an importer does not use its rule."""
    configs, given = map(os.path.abspath, workflow.configfiles), SESSION.words_of_config
    if not SESSION.is_module:
        directory = None if Path.cwd() == ROOT else Path.cwd()
        return leftovers.command(directory, configs, given=given)
    importer = SESSION.importing(f"{RESULTS}/logs/remove_leftovers.log")
    return leftovers.command(Path.cwd(), configs, importer, given) if importer else ""


def in_words(left):
    """What is to be said of results that are not of the study, sentences."""
    removing = remover()
    return [
        *leftovers.in_words(left.of_seeds, removing),
        *leftovers.of_outputs_in_words(left.of_outputs, removing),
        *leftovers.of_groups_in_words(left.of_groups, STUDY.files_of_groups, removing),
        *leftovers.of_paper_in_words(left.of_paper, NAMES.paper, removing),
        *leftovers.of_runs_in_words(left.of_runs),
    ]


def conclude():
    """Say what is left of refused runs, and make the report."""
    refused = VERDICTS.refused(map(STUDY.verdict, RUNS)) if STUDY.refuses else []
    left = STUDY.left()
    said = leftovers.of_refused(refused, SESSION.shown) + in_words(left)
    quality = rules.summarise_quality.output
    n_warned = admission.count_warned(quality.table)
    said += admission.of_warned_in_words(n_warned, len(RUNS), SESSION.shown(quality.page))
    for sentence in said:
        print(f"Note: {sentence}", file=sys.stderr)
    facts = {**reporting.facts(len(RUNS), VERSION), **STUDY.facts(len(refused), n_warned)}
    if STUDY.refuses and (
        said := without_paper(lambda run: not VERDICTS.is_refused(STUDY.verdict(run)))
    ):
        print(f"Note: {said}", file=sys.stderr)
    SESSION.write_report(NAMES.report, ROOT / "workflow" / "report" / "report.css", RUNS, facts)
    # Last, as nothing of the report hangs on it.
    try:
        changed = checksums.write(DERIVATIVES, OVER_RUNS, RUNS, left.all, SESSION.as_made())
    except OSError as error:
        raise WorkflowError(
            f"The results are made, and {checksums.NAME} could not be written ({error})."
        ) from None
    for sentence in checksums.changed_in_words(changed):
        print(f"Note: {sentence}", file=sys.stderr)


def remind():
    """Say what is left where no job was to be done; where it was the study's own before, conclude anew."""
    left = STUDY.left()
    if checksums.lists(NAMES.checksums, left.all):
        conclude()
        return
    for sentence in in_words(left):
        print(f"Note: {sentence}", file=sys.stderr)


def archive():
    """Make the archive that `snakemake crate` asks for; one that is of these results stays."""
    if not SESSION.is_asked_for("crate") or SESSION.is_module:
        return
    made_of = [NAMES.report, NAMES.checksums]
    if Path(NAMES.crate).exists() and all(
        Path(path).stat().st_mtime <= Path(NAMES.crate).stat().st_mtime for path in made_of
    ):
        return
    known = {key: config[key] for key in SCHEMA["properties"]}
    versions = reporting.facts(len(RUNS), VERSION)
    software = {"python": versions["python"], **versions["software"]}
    try:
        path, doubts = packing.pack(
            SESSION.steps(), NAMES, ROOT, known, software, VERSION, SESSION.conda
        )
    except (InputError, OSError) as error:
        raise WorkflowError(
            f"The results are made, and their archive could not be written ({error})"
        ) from None
    for sentence in doubts:
        print(f"Note: {sentence}", file=sys.stderr)
    print(f"Archive: {SESSION.shown(path)}", file=sys.stderr)


SESSION.conclude_after([NAMES.report, NAMES.checksums], note_failures, conclude, archive, remind)


def begin():
    """Prepare for jobs; refuse what could only fail in the end."""
    SESSION.begin(spared=("draw_paper_figure", "print_paper_table"))
    if SESSION.is_asked_for("crate"):
        try:
            packing.check(NAMES)
        except InputError as error:
            raise WorkflowError(str(error)) from None


onstart:
    begin()


onsuccess:
    note_failures()
    conclude()
    archive()
    SESSION.end()


onerror:
    if note_failures():
        conclude()
    SESSION.end()
