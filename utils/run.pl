#!/usr/bin/env perl
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/lib";
use JobCall;
use LocalJobs;
use Machine;

my $call = parse_call(<<'USAGE');
Usage: run.pl [options] [JOB=1:<n>] <log> <command> [<argument>...]
Run a command, or <n> of them, on this machine. Output goes to the log. JOB (any name) in log and command stands for 1 to <n>.
  --max-jobs-run <n>              run at most so many at a time (default: the processors, or the GPUs with --gpu 1)
  --gpu <n>                       above 0: the jobs use a GPU
  --pick all|failed|incomplete    run only the jobs whose logs from an earlier call tell so (default all)
Other options, such as --mem or --time, are for clusters and do nothing here.
Arguments without blanks are not quoted again, so \| and \> act in the job's shell.
Example: run.pl JOB=1:4 log/count.JOB.log wc -l split4/JOB/text \> count.JOB
USAGE
run_pool($call, num_slots => local_slots($call), shell => sub { 'bash' });
