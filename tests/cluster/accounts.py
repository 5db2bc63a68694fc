"""Accounting for the test cluster: slurmdbd with a database of its own, one account, and a quality of service."""

from __future__ import annotations

import getpass
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from slurm import MARK, SETTINGS, NoCluster, Slurm

PROGRAMS = ("slurmdbd", "mariadbd", "mariadb-install-db", "sacctmgr")
ACCOUNT = "lab"
#: The quality of service that the account has beside the normal one, and the most minutes of a job.
QOS, QOS_MINUTES = "short", 30

_DATABASE_PORT, _PORT = 17820, 17821
_SLURMDBD_CONF = """\
AuthType=auth/munge
DbdHost={host}
DbdAddr=127.0.0.1
DbdPort={port}
SlurmUser=root
LogFile={folder}/slurmdbd.log
PidFile={folder}/slurmdbd.pid
StorageType=accounting_storage/mysql
StorageHost=127.0.0.1
StoragePort={database}
StorageUser=root
StorageLoc=slurm_acct_db
"""


@contextmanager
def accounting(cluster: Slurm, folder: Path) -> Iterator[None]:
    """Have the cluster keep accounts, for a while; it forgets its jobs when that begins and ends.

    Args:
        cluster: The cluster, on which nothing runs.
        folder: For the database.

    Raises:
        NoCluster: where programs are missing, or slurmdbd is set up for something else.
    """
    missing = [program for program in PROGRAMS if shutil.which(program) is None]
    if missing:
        raise NoCluster(f"there is no {', '.join(missing)} (Debian: apt-get install slurmdbd mariadb-server)")
    conf = SETTINGS / "slurmdbd.conf"
    if conf.exists() and not conf.read_text(encoding="utf-8").startswith(MARK):
        raise NoCluster(f"{conf} is not these tests': this machine keeps the accounts of a cluster")
    settings = _SLURMDBD_CONF.format(host=socket.gethostname(), port=_PORT, database=_DATABASE_PORT, folder=folder)
    conf.write_text(MARK + settings, encoding="utf-8")
    conf.chmod(0o600)  # slurmdbd refuses another mode, as a password may stand there
    storage = f"AccountingStorageHost=127.0.0.1\nAccountingStoragePort={_PORT}\n"
    with_accounts = f"AccountingStorageType=accounting_storage/slurmdbd\n{storage}"
    try:
        with cluster.daemon(*_database(cluster, folder)), cluster.daemon("slurmdbd", "-D"):
            cluster.wait(_listens, 60, "slurmdbd")  # a controller that starts before it has no accounts
            with cluster.restarted({"AccountingStorageType=accounting_storage/none\n": with_accounts}):
                _fill(cluster)
                yield
    finally:
        conf.unlink()


def _database(cluster: Slurm, folder: Path) -> list[str]:
    """The command of a database server with an empty database, which listens on this machine alone."""
    data = folder / "database"
    own = [f"--datadir={data}", "--user=root"]
    install = ["mariadb-install-db", "--no-defaults", *own, "--auth-root-authentication-method=normal"]
    cluster.call(*install, "--skip-test-db")
    listens = [f"--port={_DATABASE_PORT}", "--bind-address=127.0.0.1", f"--socket={data}/socket"]
    return ["mariadbd", "--no-defaults", *own, *listens, "--innodb-lock-wait-timeout=900"]


def _listens() -> bool:
    """Whether slurmdbd takes connections."""
    with socket.socket() as attempt:
        return attempt.connect_ex(("127.0.0.1", _PORT)) == 0


def _fill(cluster: Slurm) -> None:
    """Give this user an account, and the account two qualities of service."""
    add = ("sacctmgr", "--immediate", "add")
    cluster.call(*add, "qos", QOS, f"MaxWall={QOS_MINUTES}")
    cluster.call(*add, "account", ACCOUNT, f"QOS=normal,{QOS}")
    cluster.call(*add, "user", getpass.getuser(), f"Account={ACCOUNT}", f"DefaultAccount={ACCOUNT}")
