"""Start a training command here, through a job scheduler, or by ssh: ``launch [options] -- python -m ... [options]``."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from espnet2.utils.door import run_door
from espnet2.utils.launch import Target, build_jobs, rotate, run_jobs, show_end_of
from espnet2.utils.types import str2bool


def get_parser() -> argparse.ArgumentParser:
    """All options."""
    parser = argparse.ArgumentParser(description=__doc__.replace("`", ""))
    parser.add_argument("--cmd", default="utils/run.pl", help="run.pl, queue.pl, slurm.pl, ... with its options")
    parser.add_argument("--log", type=Path, default=Path("run.log"), help="The log; an older one gets a number")
    parser.add_argument("--max_num_log_files", type=int, default=1000, help="How many older logs are kept")
    parser.add_argument("--ngpu", type=int, default=1, help="GPUs per node; 0 for the CPU")
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--num_nodes", type=int, default=1, help="Nodes, through slurm.pl, queue.pl or pbs.pl")
    where.add_argument("--host", help="Hosts and their GPUs, by ssh: h1:0:2,h2")
    parser.add_argument("--envfile", default="path.sh", help="Sourced on each host")
    parser.add_argument("--multiprocessing_distributed", type=str2bool, default=True, help="One process per GPU")
    parser.add_argument("--master_port", type=int, help="Port of rank 0; by default the processes meet by a file")
    parser.add_argument("--master_addr", help="Host of rank 0")
    parser.add_argument("--init_file_prefix", default=".dist_init_", help="That file's path, to which an id is added")
    parser.add_argument("train", nargs="+", metavar="COMMAND", help="The training command, after --")
    return parser


def main(cmd: Sequence[str] | None = None) -> None:
    """Run the training; on failure exit with its code. The end of the log is shown once, by the runner or here."""
    args = vars(get_parser().parse_args(cmd))
    train, max_num_log_files = args.pop("train"), args.pop("max_num_log_files")
    target = Target(**args)
    jobs = build_jobs(target, train)
    rotate(target.log, max_num_log_files)
    code, log = run_jobs(jobs)
    if log is not None:
        show_end_of(log)
    if code != 0:
        sys.exit(code if code > 0 else 1)


if __name__ == "__main__":
    run_door(main)
