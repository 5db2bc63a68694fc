# Everything that needs the network; the rest of the workflow runs where there is none.
localrules:
    prefetch,
    prefetch_data,
    prefetch_model,
    prefetch_translator,


rule prefetch:
    input:
        STORAGE.of(RUNS.prefetched()),


rule prefetch_data:
    output:
        record=PATHS.prefetched("{task}"),
    log:
        PATHS.log("prefetch", "{task}"),
    priority: 100
    conda:
        "../../envs/xstilts.yaml"
    params:
        run=lambda w: SPECS.prefetch(w.task),
        study=FROZEN,
    shell:
        "xstilts prefetch --study {params.study} --task {wildcards.task} --run {params.run[id]} > {log} 2>&1"


# A model is downloaded for all studies, so nothing of this study alone may be a reason to download it again.
rule prefetch_model:
    output:
        **STORAGE.whole(
            config=MODELS / "{snapshot}" / "config.json",
            weights=MODELS / "{snapshot}" / "model.safetensors",
            tokenizer=MODELS / "{snapshot}" / "tokenizer.json",
            record=MODELS / "{snapshot}" / "xstilts.json",
        ),
    log:
        PATHS.log("prefetch", "{snapshot}"),
    priority: 100
    conda:
        "../../envs/xstilts.yaml"
    params:
        mirror=lambda w: RUNS.study.mirror or "",  # a function, since braces in a text would be wildcards
    shell:
        "xstilts prefetch-model --snapshot {wildcards.snapshot} --mirror {params.mirror:q} > {log} 2>&1"


# Which files a tokenizer consists of differs between families; the record has the checksum of each.
rule prefetch_translator:
    output:
        **STORAGE.whole(
            config=TRANSLATORS / "{snapshot}" / "config.json",
            weights=TRANSLATORS / "{snapshot}" / "model.safetensors",
            record=TRANSLATORS / "{snapshot}" / "xstilts.json",
        ),
    log:
        PATHS.log("prefetch", "{snapshot}"),
    priority: 100
    conda:
        "../../envs/xstilts.yaml"
    params:
        mirror=lambda w: RUNS.study.mirror or "",
    shell:
        "xstilts prefetch-translator --snapshot {wildcards.snapshot} --mirror {params.mirror:q} > {log} 2>&1"
