# Where the jobs of this recipe run. Choose a backend:
#   local    this machine                        stdout   the same, with the jobs' output on the screen
#   slurm    conf/slurm.conf                     sge      conf/queue.conf (Grid Engine)
#   pbs      conf/pbs.conf                       ssh      machines named in .queue/machines, one per line
# train_cmd runs data preparation and statistics, cuda_cmd training and decoding on GPUs, decode_cmd decoding on CPUs.
# Options of a runner may follow its name, such as "slurm.pl --mem 4G" (see utils/slurm.pl --help).
# shellcheck shell=bash
cmd_backend='local'

case ${cmd_backend} in
    local) train_cmd=run.pl ;;
    stdout) train_cmd=stdout.pl ;;
    slurm) train_cmd=slurm.pl ;;
    sge) train_cmd=queue.pl ;;
    pbs) train_cmd=pbs.pl ;;
    ssh) train_cmd=ssh.pl ;;
    *)
        echo "cmd.sh: unknown cmd_backend '${cmd_backend}'; known: local stdout slurm sge pbs ssh" >&2
        return 1 ;;
esac
cuda_cmd=${train_cmd}
decode_cmd=${train_cmd}
export train_cmd cuda_cmd decode_cmd
