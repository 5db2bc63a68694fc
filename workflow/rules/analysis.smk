# From scores to answers of the research questions.


rule similarity:
    input:
        compared=STORAGE.of(RUNS.made(RUNS.compared())),
        beside=STORAGE.beside(RUNS.compared_beside()),
    output:
        similarity=PATHS.similarity,
    log:
        PATHS.log("similarity"),
    benchmark:
        PATHS.benchmark("similarity")
    conda:
        "../../envs/xstilts.yaml"
    threads: 1
    resources:
        gpu=1,
        mem_mb=16000,
        runtime=120,
    params:
        run=SPECS.similarity(),
        study=FROZEN,
    shell:
        "exec xstilts similarity --study {params.study} --threads {threads} --run {params.run[id]} > {log} 2>&1"


rule answer:
    input:
        scores=PATHS.scores,
        similarity=PATHS.similarity,
        beside=STORAGE.beside(RUNS.results()),
    output:
        folder=directory(PATHS.answers),
    log:
        PATHS.log("answer"),
    benchmark:
        PATHS.benchmark("answer")
    conda:
        "../../envs/xstilts.yaml"
    threads: 1
    resources:
        mem_mb=lambda w, attempt: 8000 * attempt,
        runtime=60,
    params:
        run=SPECS.answer(),
        study=FROZEN,
    shell:
        "xstilts answer --study {params.study} --run {params.run[id]} > {log} 2>&1"
