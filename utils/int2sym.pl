#!/usr/bin/env perl
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/lib";
use Tool;

my $range;
take_options(<<'USAGE', 1, 2, 'f=s' => \$range);
Usage: int2sym.pl [-f <range>] <symbol-table> [<in>] > <out>
Replace numbers by the symbols of the table's lines "<symbol> <number>".
  -f <range>   only in these columns, such as 2- (default: all)
USAGE

my ($first, $last) = field_range($range);
my ($table, $source) = ($ARGV[0], $ARGV[1] // '-');
my %symbol_of;
my $in = open_in($table);
while (my $line = <$in>) {
    my ($symbol, $number) = $line =~ /^\s*(\S+)\s+(-?\d+)\s*$/ or fail("$table:$.: expected <symbol> <number>");
    $symbol_of{$number} //= $symbol;
}
$in = open_in($source);
while (my $line = <$in>) {
    print with_fields($line, $first, $last, sub { $symbol_of{ $_[0] } // fail("line $.: $_[0] is not in $table") });
}
