#!/usr/bin/env perl
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/lib";
use Tool;

my $num_tries = 2;
take_options(<<'USAGE', 2, 1e9, 'num-tries=i' => \$num_tries);
Usage: retry.pl [--num-tries <n>] <runner> [<runner's arguments>...]
Run a job runner such as queue.pl, and again if it fails, <n> times at most (default 2).
Example: retry.pl --num-tries 3 slurm.pl --mem 4G log/train.log train.sh
USAGE

fail("--num-tries $num_tries: expected a number above 0") if $num_tries < 1;
for my $try (1 .. $num_tries) {
    my $status = system { $ARGV[0] } @ARGV;
    exit 0 if $status == 0;
    fail("cannot run $ARGV[0]: $!") if $status == -1;
    my $signal = $status & 127;
    fail("$ARGV[0] was ended by signal $signal") if $signal;
    print STDERR program(), ": try $try of $num_tries failed\n";
}
exit 1;
