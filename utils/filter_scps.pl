#!/usr/bin/env perl
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/lib";
use Tool;

my ($field, $is_quiet) = (1, 0);
take_options(<<'USAGE', 4, 4, 'f=i' => \$field, 'no-warn' => \$is_quiet);
Usage: filter_scps.pl [-f <field>] [--no-warn] JOB=1:<n> <id-list-pattern> <in> <out-pattern>
As filter_scp.pl for many id lists in one pass over <in>; JOB in the patterns stands for 1 to <n>.
  -f <field>  the id is in this column, counted from 1 (default 1)
  --no-warn   do not tell about lines that go to no output
Example: filter_scps.pl JOB=1:8 data/train/split8/JOB/spk2utt data/train/cmvn.scp data/train/split8/JOB/cmvn.scp
USAGE

my ($job, $lists, $source, $outputs) = @ARGV;
my ($name, $first, $last) = $job =~ /^([A-Za-z_]\w*)=(\d+):(\d+)$/ or fail("bad job range '$job'; write JOB=1:8");
fail("'$_' lacks $name") for grep { $first != $last and index($_, $name) < 0 } $lists, $outputs;

my %handles_of;    # id -> the outputs that want it
my %out;           # name -> output
for my $number ($first .. $last) {
    my ($list, $output) = map { s/\Q$name\E/$number/gr } $lists, $outputs;
    my $handle = $out{$output} = open_out($output);
    push @{ $handles_of{$_} }, $handle for keys %{ read_ids($list) };
}
my $num_unused = 0;
my $in = open_in($source);
while (my $line = <$in>) {
    my @words = split ' ', $line, $field + 1;
    fail("$source:$.: has no column $field") if @words < $field or $words[$field - 1] eq '';
    my $wanted = $handles_of{ $words[$field - 1] };
    $num_unused++ unless $wanted;
    print {$_} $line for @{ $wanted // [] };
}
close $out{$_} or fail("cannot write $_: $!") for keys %out;
print STDERR program(), ": $num_unused lines of $source are in no list of ids\n" if $num_unused and not $is_quiet;
