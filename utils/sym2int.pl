#!/usr/bin/env perl
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/lib";
use Tool;

my ($range, $oov);
take_options(<<'USAGE', 1, 2, 'f=s' => \$range, 'map-oov=s' => \$oov);
Usage: sym2int.pl [-f <range>] [--map-oov <symbol>] <symbol-table> [<in>] > <out>
Replace symbols by the numbers of the table's lines "<symbol> <number>".
  -f <range>            only in these columns, such as 2- (default: all)
  --map-oov <symbol>    take this symbol (or number) for those that the table lacks, instead of failing
USAGE

my ($first, $last) = field_range($range);
my ($table, $source) = ($ARGV[0], $ARGV[1] // '-');
my %number_of;
my $in = open_in($table);
while (my $line = <$in>) {
    my ($symbol, $number) = $line =~ /^\s*(\S+)\s+(-?\d+)\s*$/ or fail("$table:$.: expected <symbol> <number>");
    fail("$table:$.: '$symbol' stands here for the second time") if exists $number_of{$symbol};
    $number_of{$symbol} = $number;
}
if (defined $oov and $oov !~ /^\d+$/) {
    $oov = $number_of{$oov} // fail("--map-oov $oov: not in $table");
}

my ($num_missing, $max_warnings) = (0, 20);
$in = open_in($source);
while (my $line = <$in>) {
    print with_fields($line, $first, $last, sub {
        my ($symbol) = @_;
        return $number_of{$symbol} if exists $number_of{$symbol};
        fail("line $.: '$symbol' is not in $table (--map-oov gives such symbols a number)") unless defined $oov;
        print STDERR program(), ": line $.: '$symbol' is not in $table, taken for $oov\n" if $num_missing++ < $max_warnings;
        return $oov;
    });
}
print STDERR program(), ": $num_missing words were not in $table\n" if $num_missing > $max_warnings;
