#!/usr/bin/env perl
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/lib";
use Tool;

my ($range, $is_permissive);
take_options(<<'USAGE', 1, 1, 'f=s' => \$range, permissive => \$is_permissive);
Usage: apply_map.pl [-f <range>] [--permissive] <map> < <in> > <out>
Replace words by what <map> gives for them: lines of "<word> <replacement of any number of words>".
  -f <range>     only the words of these columns, such as 1, 2-, or 2-4 (default: all)
  --permissive   leave words that <map> lacks as they are, instead of failing
USAGE

my ($first, $last) = field_range($range);
my %replacement;
my $in = open_in($ARGV[0]);
while (my $line = <$in>) {
    my ($word, $value) = $line =~ /^\s*(\S+)\s*(.*?)\s*$/ or fail("$ARGV[0]:$.: empty line");
    fail("$ARGV[0]:$.: '$word' has two replacements") if exists $replacement{$word} and $replacement{$word} ne $value;
    $replacement{$word} = $value;
}
while (my $line = <STDIN>) {
    print with_fields($line, $first, $last, sub {
        my ($word) = @_;
        return $replacement{$word} // ($is_permissive ? $word : fail("line $.: '$word' is not in $ARGV[0]"));
    });
}
