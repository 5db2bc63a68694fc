# Training data that is translated where the source has none in a language: a data set of its own for each task and
# language, which no job of another one reads.


rule translate:
    input:
        prepared=PATHS.prepared,
        english=STORAGE.of([PATHS.data_manifest("{task}")]),
        model=lambda w: STORAGE.of(RUNS.translator_files(w.language)),
    output:
        **STORAGE.whole(manifest=PATHS.data_manifest("{task}.{language}")),
    log:
        PATHS.log("translate", "{task}.{language}"),
    benchmark:
        PATHS.benchmark("translate", "{task}.{language}")
    wildcard_constraints:
        language="[a-z]+",
    priority: 100
    conda:
        "../../envs/xstilts.yaml"
    threads: 1
    resources:
        gpu=1,
        mem_mb=32000,
        runtime=1440,
    params:
        run=lambda w: SPECS.translate(w.task, w.language),
        study=FROZEN,
    shell:
        "exec xstilts translate --study {params.study} --task {wildcards.task} --language {wildcards.language}"
        " --threads {threads} --run {params.run[id]} > {log} 2>&1"
