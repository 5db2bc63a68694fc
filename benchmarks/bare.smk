# As many jobs, files and edges as a study has, and nothing else: what Snakemake itself takes to plan them.
import json
from pathlib import Path

GRAPH = json.loads(Path("graph.json").read_text())
ARMS, READS = GRAPH["arms"], GRAPH["reads"]


wildcard_constraints:
    seed=r"\d+",
    what="(?!intermediate)[a-z0-9_]+",


rule all:
    input:
        "bare/report.html",


rule report:
    input:
        GRAPH["scores"],
    output:
        "bare/report.html",
    shell:
        "true"


rule prepare:
    output:
        "bare/data/{task}.json",
    shell:
        "true"


rule prepared:
    input:
        GRAPH["data"],
    output:
        "bare/prepared",
    shell:
        "true"


rule tokenizer:
    input:
        "bare/prepared",
    output:
        "bare/tokenizers/{model}.json",
    shell:
        "true"


rule encode:
    input:
        "bare/tokenizers/{model}.json",
        "bare/data/{task}.json",
    output:
        "bare/tokens/{model}/{task}.json",
    shell:
        "true"


rule intermediate:
    input:
        "bare/tokenizers/{model}.json",
        examples=lambda w: [
            f"bare/tokens/{w.model}/{task}.json" for task in ARMS[w.arm]
        ],
    output:
        "bare/encoders/{model}/{arm}/{seed}.json",
        "bare/dev_scores/{model}/{arm}/intermediate/{seed}.parquet",
    log:
        "bare/logs/{model}/{arm}/intermediate/{seed}.log",
    benchmark:
        "bare/benchmarks/{model}/{arm}/intermediate/{seed}.tsv"
    resources:
        mem_mb=32000,
        runtime=1440,
    shell:
        "true {wildcards.model} {wildcards.arm} {wildcards.seed}"


rule finetune:
    input:
        encoder=lambda w: [f"bare/encoders/{w.model}/{w.arm}/{w.seed}.json"]
        * (w.arm in GRAPH["trained"]),
        examples=lambda w: [
            f"bare/tokens/{w.model}/{task}.json" for task in READS[w.what]
        ],
    output:
        "bare/scores/{model}/{arm}/{what}/{seed}.parquet",
        "bare/predictions/{model}/{arm}/{what}/{seed}.parquet",
        "bare/dev_scores/{model}/{arm}/{what}/{seed}.parquet",
        "bare/records/{model}/{arm}/{what}/{seed}.json",
    log:
        "bare/logs/{model}/{arm}/{what}/{seed}.log",
    benchmark:
        "bare/benchmarks/{model}/{arm}/{what}/{seed}.tsv"
    resources:
        mem_mb=32000,
        runtime=720,
    shell:
        "true {wildcards.model} {wildcards.arm} {wildcards.what} {wildcards.seed}"
