#!/usr/bin/env perl
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/lib";
use Tool;

take_options(<<'USAGE', 0, 1);
Usage: utt2spk_to_spk2utt.pl [<utt2spk>] > <spk2utt>
Lines of "<utterance> <speaker>" to lines of "<speaker> <utterance> ...", in the order of first appearance.
USAGE

my $source = $ARGV[0] // '-';
my $in = open_in($source);
my (@speakers, %utterances_of);
while (my $line = <$in>) {
    my @words = split ' ', $line;
    fail("$source:$.: expected <utterance> <speaker>, not '@words'") if @words != 2;
    push @speakers, $words[1] unless $utterances_of{ $words[1] };
    push @{ $utterances_of{ $words[1] } }, $words[0];
}
print join(' ', $_, @{ $utterances_of{$_} }), "\n" for @speakers;
