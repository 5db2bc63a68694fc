# From the scores of all jobs to what people read.


rule collect:
    input:
        scores=RUNS.score_files(),
        dev_scores=RUNS.dev_score_files(),
    output:
        scores=PATHS.scores,
        dev_scores=PATHS.dev_scores,
    log:
        PATHS.log("collect"),
    benchmark:
        PATHS.benchmark("collect")
    conda:
        "../../envs/xstilts.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=30,
    params:
        run=SPECS.report(),
    shell:
        "xstilts collect --study {params.run[study]} > {log} 2>&1"


rule tables:
    input:
        scores=PATHS.scores,
        dev_scores=PATHS.dev_scores,
    output:
        PATHS.table_files(RUNS.study.targets),
    log:
        PATHS.log("tables"),
    benchmark:
        PATHS.benchmark("tables")
    conda:
        "../../envs/xstilts.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=30,
    params:
        run=SPECS.report(),
    shell:
        "xstilts tables --study {params.run[study]} > {log} 2>&1"


rule figures:
    input:
        scores=PATHS.scores,
    output:
        PATHS.figure_files(),
    log:
        PATHS.log("figures"),
    benchmark:
        PATHS.benchmark("figures")
    conda:
        "../../envs/xstilts.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=30,
    params:
        run=SPECS.report(),
    shell:
        "xstilts figures --study {params.run[study]} > {log} 2>&1"


rule submission:
    input:
        scores=PATHS.scores,
        dev_scores=PATHS.dev_scores,
        predictions=RUNS.prediction_files(),
        examples=[PATHS.data_manifest(target) for target in RUNS.study.targets],
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
        mem_mb=8000,
        runtime=60,
    params:
        run=SPECS.submission(),
    shell:
        "xstilts submission --study {params.run[study]} > {log} 2>&1"
