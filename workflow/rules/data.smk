# From the source's files to token ids.


rule generate:
    output:
        **STORAGE.whole(manifest=PATHS.generated),
    log:
        PATHS.log("generate"),
    benchmark:
        PATHS.benchmark("generate")
    priority: 100
    conda:
        "../../envs/xstilts.yaml"
    threads: 1
    resources:
        mem_mb=lambda w, attempt: 4000 * attempt,
        runtime=30,
    params:
        run=SPECS.generate(),
        study=FROZEN,
    shell:
        "xstilts generate --study {params.study} --run {params.run[id]} > {log} 2>&1"


rule prepare:
    input:
        source=lambda w: STORAGE.of(RUNS.source_files(w.task)),
    output:
        **STORAGE.whole(manifest=PATHS.data_manifest("{task}")),
    log:
        PATHS.log("prepare", "{task}"),
    benchmark:
        PATHS.benchmark("prepare", "{task}")
    priority: 100
    conda:
        "../../envs/xstilts.yaml"
    threads: 1
    resources:
        mem_mb=lambda w, attempt: 8000 * attempt,
        runtime=60,
    params:
        run=lambda w: SPECS.prepare(w.task),
        study=FROZEN,
    shell:
        "xstilts prepare --study {params.study} --task {wildcards.task} --run {params.run[id]} > {log} 2>&1"


rule text:
    input:
        source=STORAGE.of(RUNS.text_sources()),
    output:
        **STORAGE.whole(manifest=PATHS.data_manifest("text")),
    log:
        PATHS.log("text"),
    benchmark:
        PATHS.benchmark("text")
    priority: 100
    conda:
        "../../envs/xstilts.yaml"
    threads: 1
    resources:
        mem_mb=lambda w, attempt: 8000 * attempt,
        runtime=60,
    params:
        run=SPECS.prepare("text"),
        study=FROZEN,
    shell:
        "xstilts text --study {params.study} --run {params.run[id]} > {log} 2>&1"


ruleorder: text > prepare


# Encoding, and so training, waits until all data has been read once, so that a mistake in any file comes to light before
# the first job trains. Afterwards only the file stays: a rule that ran again for a new task would have all of that run
# again, and as ancient() input it would hide other reasons to run from Snakemake.
if not STORAGE.has_all_data(RUNS):

    rule prepared:
        input:
            manifests=STORAGE.of(map(PATHS.data_manifest, RUNS.study.tasks())),
            texts=STORAGE.of(map(PATHS.data_manifest, RUNS.texts())),
        output:
            touch(PATHS.prepared),
        priority: 100


rule tokenizer:
    input:
        source=lambda w: STORAGE.of(RUNS.made([RUNS.tokenizer_source(w.model)])),
    output:
        **STORAGE.whole(tokenizer=PATHS.tokenizer_file("{model}")),
    log:
        PATHS.log("tokenizer", "{model}"),
    benchmark:
        PATHS.benchmark("tokenizer", "{model}")
    priority: 100
    conda:
        "../../envs/xstilts.yaml"
    threads: 1
    resources:
        mem_mb=lambda w, attempt: 8000 * attempt,
        runtime=60,
    params:
        run=lambda w: SPECS.tokenizer(w.model),
        study=FROZEN,
    shell:
        "xstilts tokenizer --study {params.study} --model {wildcards.model} --run {params.run[id]} > {log} 2>&1"


rule encode:
    input:
        prepared=PATHS.prepared,
        files=STORAGE.of(
            [PATHS.tokenizer_file("{model}"), PATHS.data_manifest("{task}")]
        ),
    output:
        **STORAGE.whole(manifest=PATHS.tokens_manifest("{model}", "{task}")),
    log:
        PATHS.log("encode", "{model}", "{task}"),
    benchmark:
        PATHS.benchmark("encode", "{model}", "{task}")
    wildcard_constraints:
        task=r"[a-z0-9_]+(\.[a-z]+)?",  # what is translated has its language in its name
    priority: lambda w: 100 if w.task in RUNS.texts() else 0
    conda:
        "../../envs/xstilts.yaml"
    threads: 1
    resources:
        mem_mb=lambda w, attempt: 8000 * attempt,
        runtime=120,
    params:
        run=lambda w: SPECS.encode(w.model, w.task),
        study=FROZEN,
    shell:
        "xstilts encode --study {params.study} --model {wildcards.model} --task {wildcards.task}"
        " --threads {threads} --run {params.run[id]} > {log} 2>&1"
