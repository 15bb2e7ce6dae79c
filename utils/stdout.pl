#!/usr/bin/env perl
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/lib";
use JobCall;
use LocalJobs;
use Machine;

my $call = parse_call(<<'USAGE');
Usage: stdout.pl [options] [JOB=1:<n>] <log> <command> [<argument>...]
As run.pl (see run.pl --help), and the output of the jobs goes to stdout as well.
USAGE
run_pool($call, num_slots => local_slots($call), shell => sub { 'bash' }, is_teed => 1);
