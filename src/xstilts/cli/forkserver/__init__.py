"""A process that has imported what jobs import, and forks one child per job; see docs/architecture.md.

``sharing`` says when there is to be one; ``client`` stands in for the job where it was started; ``key`` says which
server may run it; ``server`` is the process, and ``child`` what it forks.
"""

#: The id of the process whose jobs share a server, which ends with it; jobs without this variable run by themselves.
OWNER = "XSTILTS_FORKSERVER"

#: The server's module.
SERVER = "xstilts.cli.forkserver.server"
