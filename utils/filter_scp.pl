#!/usr/bin/env perl
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/lib";
use Tool;

my ($is_exclude, $field) = (0, 1);
take_options(<<'USAGE', 1, 2, exclude => \$is_exclude, 'f=i' => \$field);
Usage: filter_scp.pl [--exclude] [-f <field>] <id-list> [<in>] > <out>
Keep the lines whose id is in the first column of <id-list>, in their order.
  --exclude   keep the other lines instead
  -f <field>  the id is in this column, counted from 1 (default 1)
USAGE

fail("-f $field: columns are counted from 1") if $field < 1;
my $is_wanted = read_ids($ARGV[0]);
my $source = $ARGV[1] // '-';
my $in = open_in($source);
while (my $line = <$in>) {
    my @words = split ' ', $line, $field + 1;
    fail("$source:$.: has no column $field") if @words < $field or $words[$field - 1] eq '';
    print $line if exists $is_wanted->{$words[$field - 1]} xor $is_exclude;
}
