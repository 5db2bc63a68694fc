# Jobs that use a GPU where there is one. Each is one command, and exec makes it the process that signals reach.


rule pretrain:
    input:
        tokenizer=STORAGE.of([PATHS.tokenizer_file("{model}")]),
        encoder=lambda w: STORAGE.of(
            RUNS.made(map(RUNS.pretrained_weights, RUNS.ancestors(w.model)[:1]))
        ),
        examples=lambda w: STORAGE.of(
            RUNS.inputs(w.model, (RUNS.pretraining_text(w.model),))
        ),
    output:
        **STORAGE.whole(
            weights=PATHS.pretrained("{model}") / "model.safetensors",
            config=PATHS.pretrained("{model}") / "config.json",
            tokenizer=PATHS.pretrained("{model}") / "tokenizer.json",
            tokenizer_config=PATHS.pretrained("{model}") / "tokenizer_config.json",
            card=PATHS.pretrained("{model}") / "README.md",
            lm_head=PATHS.pretrained("{model}") / "lm_head.safetensors",
            record=PATHS.pretrained("{model}") / "record.json",
        ),
        **STORAGE.apart(record_apart=PATHS.record_of_pretraining("{model}")),
    log:
        PATHS.log("pretrain", "{model}"),
    benchmark:
        PATHS.benchmark("pretrain", "{model}")
    priority: 100
    conda:
        "../../envs/xstilts.yaml"
    threads: lambda w: RUNS.gpus("pretrain", w.model)
    resources:
        gpu=lambda w: RUNS.gpus("pretrain", w.model),
        mem_mb=16000,
        runtime=240,
    params:
        run=lambda w: SPECS.pretrain(w.model),
        study=FROZEN,
    shell:
        "exec xstilts pretrain --study {params.study} --model {wildcards.model}"
        " --threads {threads} --run {params.run[id]} > {log} 2>&1"


rule intermediate:
    input:
        tokenizer=STORAGE.of([PATHS.tokenizer_file("{model}")]),
        encoder=lambda w: STORAGE.of(RUNS.made(RUNS.starting_weights(w.model, w.arm))),
        examples=lambda w: STORAGE.of(RUNS.inputs(w.model, RUNS.trained_on(w.arm))),
        beside=lambda w: STORAGE.beside(RUNS.gold(RUNS.trained_on(w.arm))),
    output:
        **STORAGE.whole(
            record=PATHS.encoder("{model}", "{arm}", "{seed}") / "record.json"
        ),
        **STORAGE.apart(
            record_apart=PATHS.part(
                "records", "{model}", "{arm}", INTERMEDIATE, "{seed}", "json"
            )
        ),
        dev_scores=PATHS.part("dev_scores", "{model}", "{arm}", INTERMEDIATE, "{seed}"),
    log:
        PATHS.log("intermediate", "{model}", "{arm}", "seed{seed}"),
    benchmark:
        PATHS.benchmark("intermediate", "{model}", "{arm}", "seed{seed}")
    priority: 50
    conda:
        "../../envs/xstilts.yaml"
    threads: lambda w: RUNS.gpus("intermediate", w.model)
    resources:
        gpu=lambda w: RUNS.gpus("intermediate", w.model),
        mem_mb=32000,
        runtime=1440,
    params:
        run=lambda w: SPECS.intermediate(w.model, w.arm, int(w.seed)),
        study=FROZEN,
    shell:
        "exec xstilts intermediate --study {params.study} --model {wildcards.model} --arm {wildcards.arm}"
        " --seed {wildcards.seed} --threads {threads} --run {params.run[id]} > {log} 2>&1"


rule finetune:
    input:
        encoder=lambda w: STORAGE.of(
            RUNS.made(RUNS.encoder_files(w.model, w.arm, w.seed))
        ),
        examples=lambda w: STORAGE.of(
            RUNS.inputs(w.model, RUNS.read_by(w.training_set))
        ),
        beside=lambda w: STORAGE.beside(RUNS.beside(w.model, w.training_set)),
    output:
        scores=PATHS.part("scores", "{model}", "{arm}", "{training_set}", "{seed}"),
        predictions=PATHS.part(
            "predictions", "{model}", "{arm}", "{training_set}", "{seed}"
        ),
        dev_scores=PATHS.part(
            "dev_scores", "{model}", "{arm}", "{training_set}", "{seed}"
        ),
        record=PATHS.part(
            "records", "{model}", "{arm}", "{training_set}", "{seed}", "json"
        ),
    log:
        PATHS.part("logs", "{model}", "{arm}", "{training_set}", "{seed}", "log"),
    benchmark:
        PATHS.part("benchmarks", "{model}", "{arm}", "{training_set}", "{seed}", "tsv")
    conda:
        "../../envs/xstilts.yaml"
    threads: lambda w: RUNS.gpus("finetune", w.model)
    resources:
        gpu=lambda w: RUNS.gpus("finetune", w.model),
        mem_mb=32000,
        runtime=720,
    params:
        run=lambda w: SPECS.finetune(w.model, w.arm, w.training_set, int(w.seed)),
        study=FROZEN,
    shell:
        "exec xstilts finetune --study {params.study} --model {wildcards.model} --arm {wildcards.arm}"
        " --training-set {wildcards.training_set} --seed {wildcards.seed}"
        " --threads {threads} --run {params.run[id]} > {log} 2>&1"


rule retrieve:
    input:
        encoder=lambda w: STORAGE.of(
            RUNS.made(RUNS.encoder_files(w.model, w.arm, w.seed))
        ),
        examples=lambda w: STORAGE.of(RUNS.inputs(w.model, RUNS.read_by(RETRIEVAL))),
        beside=lambda w: STORAGE.beside(RUNS.beside(w.model, RETRIEVAL)),
    output:
        scores=PATHS.part("scores", "{model}", "{arm}", RETRIEVAL, "{seed}"),
        predictions=PATHS.part("predictions", "{model}", "{arm}", RETRIEVAL, "{seed}"),
        dev_scores=PATHS.part("dev_scores", "{model}", "{arm}", RETRIEVAL, "{seed}"),
        record=PATHS.part("records", "{model}", "{arm}", RETRIEVAL, "{seed}", "json"),
    log:
        PATHS.part("logs", "{model}", "{arm}", RETRIEVAL, "{seed}", "log"),
    benchmark:
        PATHS.part("benchmarks", "{model}", "{arm}", RETRIEVAL, "{seed}", "tsv")
    conda:
        "../../envs/xstilts.yaml"
    threads: 1
    resources:
        gpu=1,
        mem_mb=32000,
        runtime=240,
    params:
        run=lambda w: SPECS.retrieve(w.model, w.arm, int(w.seed)),
        study=FROZEN,
    shell:
        "exec xstilts retrieve --study {params.study} --model {wildcards.model} --arm {wildcards.arm}"
        " --seed {wildcards.seed} --threads {threads} --run {params.run[id]} > {log} 2>&1"
