# From the scores of all jobs to what people read.


rule collect:
    input:
        scores=RUNS.score_files(),
    output:
        scores=PATHS.scores,
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
