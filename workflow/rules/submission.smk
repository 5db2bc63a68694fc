# What can be handed in to XTREME.


rule submission:
    input:
        scores=PATHS.scores,
        dev_scores=PATHS.dev_scores,
        examples=STORAGE.of(map(PATHS.data_manifest, RUNS.study.targets)),
        beside=STORAGE.beside(RUNS.results()),
    output:
        folder=directory(PATHS.submission),
    log:
        PATHS.log("submission"),
    benchmark:
        PATHS.benchmark("submission")
    conda:
        "../../envs/xstilts.yaml"
    threads: 1
    resources:
        mem_mb=lambda w, attempt: 8000 * attempt,
        runtime=60,
    params:
        run=SPECS.submission(),
        study=FROZEN,
    shell:
        "xstilts submission --study {params.study} --run {params.run[id]} > {log} 2>&1"
