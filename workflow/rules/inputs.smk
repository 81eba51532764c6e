# Runs that the workflow makes or fetches itself; those of a table are read where they lie.

from seed_to_voxel.study import nki_surface
from seed_to_voxel.study.runs import MNI

SIMULATION = config["dataset"]["simulated"]
# Sessions have folders of their own, where there are several.
ENTITIES = ["sub-{subject}", *(["ses-{session}"] if SIMULATION["sessions"] > 1 else [])]
SIMULATED_UNIT = "_".join(ENTITIES)
SIMULATED = "/".join(
    [f"{NAMES.inputs}/simulated", *ENTITIES, "func", f"{SIMULATED_UNIT}_task-rest"]
)
SPACE = SIMULATION["space"]
ON_HEMISPHERES = [f"{SIMULATED}_hemi-{hemisphere}_space-{SPACE}" for hemisphere in "LR"]
NKI_SURFACE = nki_surface.stem("{subject}", NAMES.inputs)
DESTRIEUX = nki_surface.atlas_files(NAMES.inputs)
FETCHED = f"{NAMES.inputs}/development_fmri/sub-{{subject}}/func/sub-{{subject}}_task-pixar"


rule simulate_participants:
    output:
        table=f"{NAMES.inputs}/simulated/participants.tsv",
        sidecar=f"{NAMES.inputs}/simulated/participants.json",
    log:
        f"{RESULTS}/logs/simulate_participants.log",
    benchmark:
        f"{RESULTS}/benchmarks/simulate_participants.tsv"
    localrule: True
    conda:
        "../../envs/simulation.yaml"
    resources:
        mem_mb=500,
        runtime=5,
    params:
        options=SIMULATION,
        modules=fingerprint.of_script("simulate_participants.py"),
    message:
        "Write the table of the simulated participants"
    script:
        "../scripts/simulate_participants.py"


rule simulate_run:
    output:
        bold=(
            f"{SIMULATED}_space-{MNI}_desc-preproc_bold.nii.gz"
            if SPACE == MNI
            else [f"{stem}_bold.func.gii" for stem in ON_HEMISPHERES]
        ),
        sidecar=(
            f"{SIMULATED}_space-{MNI}_desc-preproc_bold.json"
            if SPACE == MNI
            else f"{ON_HEMISPHERES[0]}_bold.json"
        ),
        mask=f"{SIMULATED}_space-{MNI}_desc-brain_mask.nii.gz" if SPACE == MNI else [],
        confounds=f"{SIMULATED}_desc-confounds_timeseries.tsv",
        network_labels=(
            f"{SIMULATED}_space-{MNI}_desc-networks_dseg.nii.gz"
            if SPACE == MNI
            else [f"{stem}_desc-networks_dseg.label.gii" for stem in ON_HEMISPHERES]
        ),
        network_names=f"{SIMULATED}_space-{SPACE}_desc-networks_dseg.tsv",
        network_series=f"{SIMULATED}_desc-networks_timeseries.tsv",
    log:
        f"{RESULTS}/logs/simulate_run/{SIMULATED_UNIT}.log",
    benchmark:
        f"{RESULTS}/benchmarks/simulate_run/{SIMULATED_UNIT}.tsv"
    wildcard_constraints:
        # Files that were simulated once are inputs like any for a study of another kind.
        subject="[0-9]+" if STUDY.kind == "simulated" else "(?!)",
    group:
        "run"
    conda:
        "../../envs/simulation.yaml"
    resources:
        mem_mb=memory_of("simulate_run"),
        runtime=runtime_of("simulate_run"),
    params:
        run_index=lambda wildcards: int(wildcards.subject) - 1,
        session_index=lambda wildcards: int(wildcards.get("session", 1)) - 1,
        # How many participants there are changes nothing in any of them.
        planted={
            name: SIMULATION[name]
            for name in (
                "seed",
                "sessions",
                "groups",
                "group_effect",
                "age_effect",
                "session_effect",
            )
        },
        voxel_size=lookup(within=config, dpath="dataset/simulated/voxel_size"),
        n_volumes=lookup(within=config, dpath="dataset/simulated/volumes"),
        t_r=lookup(within=config, dpath="dataset/simulated/t_r"),
        task="rest",
        modules=fingerprint.of_script("simulate_run.py"),
    message:
        "Simulate the run of participant {wildcards.subject}"
    script:
        "../scripts/simulate_run.py"


# Compute nodes often have no internet: downloads run where Snakemake runs.
rule fetch_development_fmri:
    output:
        # Links into data_dir: Snakemake deletes outputs before it reruns a job, never the data.
        bold=f"{FETCHED}_space-{MNI}_desc-preproc_bold.nii.gz",
        confounds=f"{FETCHED}_desc-confounds_regressors.tsv",
        receipt=f"{FETCHED}_desc-download_receipt.json",
    log:
        f"{RESULTS}/logs/fetch_development_fmri/sub-{{subject}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/fetch_development_fmri/sub-{{subject}}.tsv"
    localrule: True
    conda:
        "../../envs/download.yaml"
    resources:
        mem_mb=500,
        runtime=60,
    params:
        participant="{subject}",
        data_dir=lookup(within=config, dpath="dataset/development_fmri/data_dir"),
        base_url=lookup(within=config, dpath="dataset/development_fmri/base_url"),
        retries=lookup(within=config, dpath="dataset/development_fmri/retries"),
        modules=fingerprint.of_script("fetch_development_fmri.py"),
    message:
        "Fetch the run of participant {wildcards.subject}"
    script:
        "../scripts/fetch_development_fmri.py"


rule fetch_participants:
    output:
        table=f"{NAMES.inputs}/development_fmri/participants.tsv",
    log:
        f"{RESULTS}/logs/fetch_participants.log",
    benchmark:
        f"{RESULTS}/benchmarks/fetch_participants.tsv"
    localrule: True
    conda:
        "../../envs/download.yaml"
    resources:
        mem_mb=500,
        runtime=30,
    params:
        data_dir=lookup(within=config, dpath="dataset/development_fmri/data_dir"),
        base_url=lookup(within=config, dpath="dataset/development_fmri/base_url"),
        retries=lookup(within=config, dpath="dataset/development_fmri/retries"),
        modules=fingerprint.of_script("fetch_participants.py"),
    message:
        "Fetch the table of participants"
    script:
        "../scripts/fetch_participants.py"


rule fetch_nki_surface:
    output:
        bold=nki_surface.bold("{subject}", NAMES.inputs, "L"),
        bold_right=nki_surface.bold("{subject}", NAMES.inputs, "R"),
        receipt=f"{NKI_SURFACE}_desc-download_receipt.json",
    log:
        f"{RESULTS}/logs/fetch_nki_surface/sub-{{subject}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/fetch_nki_surface/sub-{{subject}}.tsv"
    localrule: True
    conda:
        "../../envs/download.yaml"
    resources:
        mem_mb=500,
        runtime=60,
    params:
        participant="{subject}",
        data_dir=lookup(within=config, dpath="dataset/nki_surface/data_dir"),
        base_url=lookup(within=config, dpath="dataset/nki_surface/base_url"),
        retries=lookup(within=config, dpath="dataset/nki_surface/retries"),
        modules=fingerprint.of_script("fetch_nki_surface.py"),
    message:
        "Fetch the run of participant {wildcards.subject}"
    script:
        "../scripts/fetch_nki_surface.py"


# The atlas that seeds of these runs can be labels of.
rule fetch_destrieux:
    output:
        left=DESTRIEUX[0],
        right=DESTRIEUX[1],
        receipt=f"{Path(DESTRIEUX[0]).parent}/download_receipt.json",
    log:
        f"{RESULTS}/logs/fetch_destrieux.log",
    benchmark:
        f"{RESULTS}/benchmarks/fetch_destrieux.tsv"
    localrule: True
    conda:
        "../../envs/download.yaml"
    resources:
        mem_mb=500,
        runtime=30,
    params:
        data_dir=lookup(within=config, dpath="dataset/nki_surface/data_dir"),
        base_url=lookup(within=config, dpath="dataset/nki_surface/base_url"),
        retries=lookup(within=config, dpath="dataset/nki_surface/retries"),
        modules=fingerprint.of_script("fetch_nki_surface.py"),
    message:
        "Fetch the Destrieux atlas"
    script:
        "../scripts/fetch_nki_surface.py"
