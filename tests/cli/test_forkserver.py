"""The server that shares imports: its children are as the processes that they stand for, and nothing is left behind."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

import xstilts
from xstilts.cli.forkserver import OWNER, SERVER
from xstilts.cli.forkserver.sharing import share_imports

WHO = "import os; print(os.getpid(), os.getppid())"


@dataclass
class Package:
    """A copy of the package whose only command is its argument, Python code; its server imports next to nothing."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)
    sockets: Path = field(init=False)

    def __post_init__(self) -> None:
        copied = self.folder / "package" / "xstilts"
        shutil.copytree(Path(xstilts.__file__).parent, copied, ignore=shutil.ignore_patterns("__pycache__"))
        (copied / "cli/commands.py").write_text("import sys\n\ndef run():\n    exec(sys.argv[1])\n", encoding="utf-8")
        self.edit("cli/forkserver/server.py", "import_all()\n    if", "pass\n    if")
        self.sockets = Path(tempfile.mkdtemp(prefix="xstilts-"))  # sockets have short paths

    def edit(self, file: str, old: str, new: str) -> None:
        path = self.folder / "package" / "xstilts" / file
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")

    def start(self, code: str, owner: int | None = None, **variables: str) -> subprocess.Popen[str]:
        """Start a command of this test's, or of another owner's."""
        environment = {
            **os.environ,
            "PYTHONPATH": str(self.folder / "package"),
            "XDG_RUNTIME_DIR": str(self.sockets),
            OWNER: str(owner or os.getpid()),
            **self.environment,
            **variables,
        }
        command = [sys.executable, "-c", "from xstilts.cli import main; main()", code]
        pipe = subprocess.PIPE
        return subprocess.Popen(
            command, cwd=self.folder, env=environment, stdin=pipe, stdout=pipe, stderr=pipe, text=True
        )

    def run(self, code: str, **variables: str) -> str:
        """What a command that succeeds prints."""
        process = self.start(code, **variables)
        output, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors
        return output

    def server_of(self, **variables: str) -> int:
        """The id of the server that runs a command; fails if it is run by the process that was started."""
        process = self.start(WHO, **variables)
        output, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors
        child, parent = map(int, output.split())
        assert child != process.pid and parent != os.getpid(), "no server"
        return parent


@pytest.fixture
def package(tmp_path: Path) -> Iterator[Package]:
    made = Package(tmp_path)
    yield made
    for server in servers(made):
        server.kill()
    shutil.rmtree(made.sockets)


def servers(package: Package) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        try:
            arguments = process.cmdline()
        except psutil.Error:
            continue
        if SERVER in arguments and any(str(package.sockets) in argument for argument in arguments):
            found.append(process)
    return found


def wait_until(true: Callable[[], object]) -> None:
    end = time.monotonic() + 30
    while not true():
        assert time.monotonic() < end, "it has not happened"
        time.sleep(0.02)


def waiting(package: Package, code: str = "", owner: int | None = None) -> tuple[subprocess.Popen[str], psutil.Process]:
    """A command that prints its process and waits, and that process."""
    process = package.start(
        f"import os, signal, sys, time\n{code}\nprint(os.getpid(), flush=True)\ntime.sleep(60)", owner
    )
    assert process.stdout is not None
    child = psutil.Process(int(process.stdout.readline()))
    assert child.pid != process.pid
    return process, child


def test_a_command_has_what_its_process_had(package: Package) -> None:
    package.server_of()
    code = (
        "import os, sys; mask = os.umask(0); os.chdir('sub')\n"
        "print(sys.argv[2:], oct(mask), os.environ['COLUMNS'], sys.stdin.read(), os.getcwd())\n"
        "print('wrong', file=sys.stderr); sys.exit(7)"
    )
    (package.folder / "sub").mkdir()
    before = os.umask(0o027)
    try:
        process = package.start(code, COLUMNS="33")
    finally:
        os.umask(before)
    output, errors = process.communicate("typed", timeout=60)
    assert (process.returncode, errors) == (7, "wrong\n")
    assert output == f"[] 0o27 33 typed {package.folder / 'sub'}\n"


def test_commands_share_a_server_unless_they_would_import_something_else(package: Package) -> None:
    first = package.server_of()
    assert package.server_of(COLUMNS="20", XSTILTS_STUDY="other.json") == first
    assert package.server_of(OMP_NUM_THREADS="7") != first, "libraries read variables when they are imported"
    package.edit("errors.py", '"""', '""" ')
    assert package.server_of() != first, "the code is another"


def test_a_signal_reaches_the_job_and_its_exit_code_comes_back(package: Package) -> None:
    process, _ = waiting(package, "signal.signal(signal.SIGTERM, lambda *_: sys.exit(75))")
    process.terminate()
    assert process.wait(30) == 75


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR1])
def test_a_job_that_a_signal_ends_ends_its_process_likewise(package: Package, number: signal.Signals) -> None:
    process, child = waiting(package)
    process.send_signal(number)
    assert process.wait(30) == -number
    assert not child.is_running()


def test_a_job_that_was_killed_is_not_run_again(package: Package) -> None:
    process, child = waiting(package)
    child.kill()
    assert process.wait(30) == -signal.SIGKILL


def test_a_job_is_killed_with_its_process(package: Package) -> None:
    process, child = waiting(package)
    process.kill()
    process.wait()
    wait_until(lambda: not child.is_running())


def test_a_job_whose_server_is_killed_starts_again_by_itself(package: Package) -> None:
    process, child = waiting(package, "open('begun', 'a').write('x'); len(open('begun').read()) > 1 and sys.exit(0)")
    child.parent().kill()
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 0 and "The job starts again" in errors
    wait_until(lambda: not child.is_running())
    assert (package.folder / "begun").read_text() == "xx"


def test_a_job_knows_who_started_it(package: Package) -> None:
    """It stops where that has ended, as it would without a server."""
    code = "from xstilts.runtime import starter; print(starter.parent())"
    assert package.run(code) == f"{os.getpid()}\n"


def test_without_a_server_a_job_runs_by_itself_and_none_is_tried_twice(package: Package) -> None:
    package.edit("cli/forkserver/server.py", "pass\n    if", "raise ImportError('broken')\n    if")
    for _ in range(2):
        process = package.start(WHO)
        output, _ = process.communicate(timeout=60)
        assert output.split()[0] == str(process.pid)
    (log,) = package.sockets.rglob("*.log")
    assert log.read_text(encoding="utf-8").count("ImportError: broken") == 1


def test_a_folder_that_others_can_use_is_not_used(package: Package) -> None:
    folder = package.sockets / f"xstilts-{os.geteuid()}"
    folder.mkdir()
    folder.chmod(0o755)
    process = package.start(WHO)
    output, _ = process.communicate(timeout=60)
    assert output.split()[0] == str(process.pid)


def test_downloads_run_by_themselves(package: Package) -> None:
    """Their libraries are told to use the network when they are imported."""
    package.edit("cli/environment.py", 'command == "run"', f'command in ({WHO!r}, "run")')
    process = package.start(WHO)
    output, _ = process.communicate(timeout=60)
    assert output.split()[0] == str(process.pid)


def test_a_server_that_starts_a_thread_is_none(package: Package) -> None:
    package.edit("cli/forkserver/server.py", "pass\n    if", "import_all()\n    if")
    thread = "import threading, time; threading.Thread(target=time.sleep, args=(60,), daemon=True).start()"
    package.edit(
        "cli/forkserver/server.py", "for module in (*_LIBRARIES", f"{thread}\n    for module in () and (*_LIBRARIES"
    )
    process = package.start(WHO)
    output, _ = process.communicate(timeout=60)
    assert output.split()[0] == str(process.pid)
    (log,) = package.sockets.rglob("*.log")
    assert "has started a thread" in log.read_text(encoding="utf-8")


def test_a_server_ends_with_its_owner_and_with_the_last_job(package: Package) -> None:
    owner = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    process, child = waiting(package, owner=owner.pid)
    owner.kill()
    owner.wait()
    time.sleep(0.2)
    assert child.is_running()
    process.terminate()
    process.wait(30)
    wait_until(lambda: not servers(package))
    assert not [path for path in package.sockets.rglob("*") if not path.is_dir()]


def test_a_server_without_jobs_ends(package: Package) -> None:
    package.edit("cli/forkserver/server.py", "_IDLE_SECONDS = 300.0", "_IDLE_SECONDS = 0.3")
    package.server_of()
    wait_until(lambda: not servers(package))
    assert not [path for path in package.sockets.rglob("*") if not path.is_dir()]


@pytest.mark.parametrize("local", [True, False])
def test_jobs_on_a_cluster_share_nothing(local: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("xstilts.cli.forkserver.sharing._GPUS", ())
    monkeypatch.setenv(OWNER, "17")
    share_imports(local, "fastest")
    assert os.environ.get(OWNER) == ("17" if local else None)


def test_where_there_is_a_gpu_jobs_share_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("xstilts.cli.forkserver.sharing._GPUS", (tmp_path,))
    monkeypatch.delenv(OWNER, raising=False)
    share_imports(True, "fastest")
    assert OWNER not in os.environ
