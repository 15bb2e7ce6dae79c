#!/usr/bin/env perl
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/lib";
use Tool;

take_options(<<'USAGE', 0, 1);
Usage: spk2utt_to_utt2spk.pl [<spk2utt>] > <utt2spk>
Lines of "<speaker> <utterance> ..." to lines of "<utterance> <speaker>", in the order of appearance.
USAGE

my $source = $ARGV[0] // '-';
my $in = open_in($source);
while (my $line = <$in>) {
    my ($speaker, @utterances) = split ' ', $line;
    fail("$source:$.: expected <speaker> <utterance> ...") unless @utterances;
    print "$_ $speaker\n" for @utterances;
}
