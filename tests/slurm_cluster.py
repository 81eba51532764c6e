"""A real Slurm on this machine: a controller and two nodes, started for the tests and stopped after them."""

import secrets
import socket
import subprocess
import time
from pathlib import Path

BINARIES = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "scancel", "scontrol", "sinfo")
LINK = Path("/etc/slurm/slurm.conf")
NODES = ("n1", "n2")

CONFIGURATION = """
ClusterName=ci
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
SlurmUser=root
AuthInfo=socket={folder}/munge.sock
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool.%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerParameters=batch_sched_delay=0,sched_interval=2,bf_interval=2,sched_min_interval=0
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill
AccountingStorageType=accounting_storage/none
MpiDefault=none
ReturnToService=2
MinJobAge=3600
KillWait=2
EnforcePartLimits=ALL
SlurmdParameters=config_overrides
NodeName=n1 NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[1]} CPUs=2 RealMemory=4000
NodeName=n2 NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[2]} CPUs=2 RealMemory=4000
PartitionName=tests Nodes=n1,n2 Default=YES MaxTime=60 DefMemPerCPU=200
"""


def free_ports(n):
    """Ports of this machine that nobody listens on."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(n)]
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


def remove_leftover():
    """Remove the link to a cluster of earlier tests that were killed before they could stop it."""
    if LINK.is_symlink():
        folder = LINK.resolve().parent
        pid = folder / "slurmctld.pid"
        alive = pid.exists() and Path(f"/proc/{pid.read_text().strip()}").exists()
        if (folder / "munge.key").exists() and not alive:
            LINK.unlink()


class Slurm:
    """A cluster of two nodes on this machine.

    Parameters
    ----------
    folder : pathlib.Path
        Its configuration, state and logs; a short path, as it holds a socket.
    """

    def __init__(self, folder):
        self.folder = folder
        self.daemons = {}
        for name in ("state", "spool.n1", "spool.n2"):
            (folder / name).mkdir()
        key = folder / "munge.key"
        key.touch(mode=0o600)
        key.write_bytes(secrets.token_bytes(128))
        host = socket.gethostname().split(".")[0]
        text = CONFIGURATION.format(host=host, folder=folder, ports=free_ports(3))
        (folder / "slurm.conf").write_text(text)
        # The executor strips SLURM_CONF from the jobs' environment: only this place is sure to be found.
        LINK.parent.mkdir(parents=True, exist_ok=True)
        LINK.symlink_to(folder / "slurm.conf")

    def start(self):
        """Start everything and wait until the nodes are ready."""
        files = {"key-file": "munge.key", "socket": "munge.sock", "pid-file": "munged.pid"}
        files |= {"log-file": "munged.log", "seed-file": "munged.seed"}
        options = [f"--{option}={self.folder / name}" for option, name in files.items()]
        # A folder that others may write to would be refused.
        self.launch("munged", ["munged", "--foreground", "--force", *options])
        self.wait_for(lambda: (self.folder / "munge.sock").exists(), "munged")
        self.start_controller("-c")
        for node in NODES:
            self.launch(node, ["slurmd", "-D", "-N", node])
        self.wait_for(lambda: self.ask("sinfo", "-h", "-N", "-o", "%T").split() == ["idle", "idle"], "the nodes")

    def start_controller(self, *options):
        """Start the controller; without ``-c`` it takes up the state it left."""
        self.launch("slurmctld", ["slurmctld", "-D", *options])

    def stop_controller(self):
        """Take the controller away; it saves its state."""
        self.end("slurmctld")

    def launch(self, name, command):
        with open(self.folder / f"{name}.out", "ab") as out:
            self.daemons[name] = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True
            )

    def end(self, name):
        daemon = self.daemons.pop(name, None)
        if daemon is None:
            return
        daemon.terminate()
        try:
            daemon.wait(10)
        except subprocess.TimeoutExpired:
            daemon.kill()
            daemon.wait()

    def stop(self):
        """Cancel what runs and end all daemons."""
        subprocess.run(["scancel", "-u", "root"], check=False, capture_output=True)
        self.wait_for(lambda: not self.jobs("RUNNING"), "the jobs to end", fail=False)
        for name in (*NODES, "slurmctld", "munged"):
            self.end(name)
        LINK.unlink()

    def wait_for(self, condition, what, timeout=90, fail=True):
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            if condition():
                return
            time.sleep(0.1)
        logs = "\n".join(f"{path}:\n{path.read_text()[-1500:]}" for path in self.folder.glob("*.log"))
        assert not fail, f"waited {timeout} s for {what}\n{logs}"

    def ask(self, *command):
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60).stdout

    def jobs(self, *states):
        """All jobs that Slurm remembers, oldest first; only those in some states, if any are given."""
        lines = self.ask("squeue", "--states=all", "-h", "-S", "i", "-o", "%i|%T|%m|%C|%N|%k").splitlines()
        names = ("id", "state", "memory", "cpus", "node", "comment")
        jobs = [dict(zip(names, line.split("|"), strict=True)) for line in lines]
        return [job for job in jobs if not states or job["state"] in states]
