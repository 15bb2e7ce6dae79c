#!/usr/bin/env perl
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/lib";
use ClusterJobs;
use JobCall;

my $call = parse_call(<<'USAGE');
Usage: pbs.pl [options] [JOB=1:<n>] <log> <command> [<argument>...]
Run a command, or <n> of them, on a PBS cluster, and wait for the end. Output goes to the log;
JOB (any name) in log and command stands for 1 to <n>. Each job sources ./path.sh.
  --config <file>                   the meaning of the options below (default conf/pbs.conf)
  --mem 2G  --time 1:00:00  --num-threads 4  --gpu 1  --name x  --num-nodes 2  and what else that file has
  --max-jobs-run <n>                run at most so many at a time
  -<letter> <value>                 handed to the submit program as it is
Arguments without blanks are not quoted again, so \| and \> act in the job's shell.
USAGE
run_on_cluster(
    $call,
    {
        conf => 'conf/pbs.conf',
        output => '-j oe -o',
        array => '-J %d-%d',
        cap => '%%%d',
        index => '${PBS_ARRAY_INDEX:-$PBS_ARRAYID}',    # PBS Professional, Torque
        id => qr/^(\d+(?:\[\])?\S*)/m,
        cancel => 'qdel',
        query => 'qstat',
    },
);
