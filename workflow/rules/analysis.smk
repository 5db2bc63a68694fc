# From scores to answers of the research questions.


rule similarity:
    input:
        compared=without_braces(RUNS.compared()),
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
    shell:
        "exec xstilts similarity --study {params.run[study]} --threads {threads} > {log} 2>&1"


rule answer:
    input:
        scores=PATHS.scores,
        similarity=PATHS.similarity,
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
    shell:
        "xstilts answer --study {params.run[study]} > {log} 2>&1"
