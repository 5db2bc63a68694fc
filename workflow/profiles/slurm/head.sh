#!/bin/bash
# Snakemake as a job of the cluster, where a study takes longer than login nodes let a process run:
#   sbatch --partition=cpu --mail-user=ADDRESS workflow/profiles/slurm/head.sh my_study.yaml --profile slurm
# Options before head.sh are sbatch's, those after it are xstilts run's. Ten minutes before its time limit the job does what
# Control-C does, so that the study's jobs are cancelled and save their state, and goes back into the queue.
#SBATCH --job-name=xstilts-head
#SBATCH --time=7-0
#SBATCH --ntasks=1
#SBATCH --mem=4G
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --output=%x-%j.log
#SBATCH --signal=B:USR1@600
#SBATCH --mail-type=END,FAIL
set -m # else a process in the background would ignore SIGINT

interrupt() {
    trap '' USR1 TERM
    kill -INT "$snakemake"
    wait "$snakemake"
}

# The time limit is near. SLURM starts the same job again, a minute or two later.
trap 'interrupt; scontrol requeue "$SLURM_JOB_ID" && sleep 600; exit 1' USR1
# Someone cancels the job.
trap 'interrupt; exit 143' TERM

xstilts run "$@" &
snakemake=$!
wait "$snakemake"
