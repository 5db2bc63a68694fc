"""A cluster that keeps accounts, by slurmdbd: what ``doctor`` reads of them, and jobs that are charged to one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from accounts import ACCOUNT, QOS, QOS_MINUTES, accounting
from slurm import NoCluster, Slurm
from submitted import Submitted


@pytest.fixture(scope="module")
def accounted(cluster: Slurm, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slurm]:
    """The cluster while it keeps accounts. Where slurmdbd cannot be had the tests skip; in CI they fail."""
    try:
        with accounting(cluster, tmp_path_factory.mktemp("accounts")):
            yield cluster
    except NoCluster as reason:
        reason.skip()


def charged(study: Submitted, account: str, **changes: str) -> Path:
    """A profile whose jobs are charged to an account."""
    return study.profile(**{"default-resources": {"slurm_partition": "cpu", "slurm_account": account}, **changes})


def test_doctor_takes_the_account_that_there_is(accounted: Slurm, study: Submitted) -> None:
    study.xstilts("doctor", "--slurm", "--profile", str(charged(study, ACCOUNT))).ok()


def test_doctor_names_another_account_a_short_quality_of_service_and_sacct(accounted: Slurm, study: Submitted) -> None:
    profile = charged(study, "labb", **{"slurm-status-command": "sacct"})
    done = study.xstilts("doctor", "--slurm", "--profile", str(profile))
    assert done.code == 1
    assert "is charged to the account 'labb', which is not one of yours. Did you mean 'lab'?" in done.text
    assert "'CANCELLED by' and a number, which the executor does not know: it waits for the job for ever" in done.text
    limited = study.profile({"finetune": {"qos": QOS, "runtime": 90}})
    done = study.xstilts("doctor", "--slurm", "--profile", str(limited))
    assert f"asks for 90 minutes, and the QOS '{QOS}' allows {QOS_MINUTES}. Write runtime: {QOS_MINUTES}" in done.text


def test_jobs_are_charged_to_the_account_of_the_profile(accounted: Slurm, study: Submitted) -> None:
    wanted = "results/tiny/tokenizers/small/tokenizer.json"
    study.submit(wanted, profile=charged(study, ACCOUNT)).ok()
    shown = accounted.call("sacct", "--allocations", "--noheader", "--parsable2", "--format=account,state,comment")
    jobs = [line.split("|")[:2] for line in shown.splitlines()]
    assert jobs and all(job == [ACCOUNT, "COMPLETED"] for job in jobs)
