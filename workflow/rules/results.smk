# From the scores of all jobs to what people read. On a cluster these run where Snakemake runs: each takes seconds on one
# core, and would wait in the queue for longer, one after the other.
from xstilts.graph.shards import made_by, pattern


localrules:
    shard,
    collect,
    tables,
    figures,
    report,


# A part of a study that is too large to be planned at once; nothing else needs it ("xstilts shard").
rule shard:
    input:
        lambda w: STORAGE.of(made_by(RUNS, w.shard)),
    output:
        touch(PATHS.shard("{shard}")),
    wildcard_constraints:
        shard=pattern(RUNS),


# Jobs leave dev scores, predictions and records with their scores: of these alone there is a list as long as the study,
# because Snakemake looks at each of its files, whenever it plans.
rule collect:
    input:
        scores=RUNS.score_files(),
        beside=STORAGE.beside(RUNS.results()),
    output:
        scores=PATHS.scores,
        dev_scores=PATHS.dev_scores,
        curves=PATHS.curves,
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
        study=FROZEN,
    shell:
        "xstilts collect --study {params.study} --run {params.run[id]} > {log} 2>&1"


rule tables:
    input:
        scores=PATHS.scores,
        dev_scores=PATHS.dev_scores,
        examples=STORAGE.of(map(PATHS.data_manifest, RUNS.study.tasks())),
        beside=STORAGE.beside(RUNS.results()),
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
        study=FROZEN,
    shell:
        "xstilts tables --study {params.study} --run {params.run[id]} > {log} 2>&1"


rule figures:
    input:
        scores=PATHS.scores,
        answers=PATHS.answers,
        beside=STORAGE.beside(RUNS.results()),
    output:
        report(
            directory(PATHS.figures),
            patterns=["{name}.svg"],
            caption="../report/figures.rst",
            category="Figures",
        ),
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
        study=FROZEN,
    shell:
        "xstilts figures --study {params.study} --run {params.run[id]} > {log} 2>&1"


rule report:
    input:
        scores=PATHS.scores,
        dev_scores=PATHS.dev_scores,
        answers=PATHS.answers,
        figures=PATHS.figures,
        beside=STORAGE.beside(RUNS.results()),
    output:
        report(
            PATHS.report,
            caption="../report/report.rst",
            category="Report",
        ),
    log:
        PATHS.log("report"),
    benchmark:
        PATHS.benchmark("report")
    conda:
        "../../envs/xstilts.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=30,
    params:
        run=SPECS.report(),
        study=FROZEN,
    shell:
        "xstilts report --study {params.study} --run {params.run[id]} > {log} 2>&1"
