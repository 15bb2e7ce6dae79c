#!/usr/bin/env perl
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/lib";
use Tool;

my $seed = 0;
take_options(<<'USAGE', 0, 1, 'srand=i' => \$seed);
Usage: shuffle_list.pl [--srand <n>] [<in>] > <out>
The lines in an order that depends on the seed <n> (default 0) only.
USAGE

my $in = open_in($ARGV[0] // '-');
my @lines = <$in>;
srand $seed;
for my $last (reverse 1 .. $#lines) {    # R. A. Fisher and F. Yates, 1938
    my $other = int rand($last + 1);
    @lines[$last, $other] = @lines[$other, $last];
}
print @lines;
