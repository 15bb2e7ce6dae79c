#!/usr/bin/env perl
use strict;
use warnings;
use Cwd qw(getcwd);
use FindBin;
use lib "$FindBin::RealBin/lib";
use JobCall;
use LocalJobs;
use Tool;

my $MACHINES = '.queue/machines';
my $call = parse_call(<<'USAGE');
Usage: ssh.pl [options] [JOB=1:<n>] <log> <command> [<argument>...]
As run.pl (see run.pl --help) on the machines that .queue/machines names, one per line. A machine runs one job at a time for
each line it has. ssh must log in without a password, and this folder must have the same path there; ./path.sh is sourced.
  --max-jobs-run <n>              run at most so many at a time
  --pick all|failed|incomplete    as run.pl
USAGE

my $in = open_in($MACHINES);
my @machines = grep { defined and !/^#/ } map { (split)[0] } <$in>;
fail("$MACHINES names no machine") unless @machines;
my $num_slots = $call->{options}{max_jobs_run} // @machines;
(my $folder = getcwd()) =~ s/'/'\\''/g;
run_pool(
    $call,
    num_slots => $num_slots < @machines ? $num_slots : scalar @machines,
    shell => sub { ('ssh', '-o', 'BatchMode=yes', $machines[ $_[0] ], 'bash') },
    preamble => "cd '$folder' || exit 1\n[ ! -e path.sh ] || . ./path.sh || exit 1\n",
);
