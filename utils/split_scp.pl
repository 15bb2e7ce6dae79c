#!/usr/bin/env perl
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/lib";
use List::Util qw(max min);
use Tool;

my $usage = <<'USAGE';
Usage: split_scp.pl [--utt2spk=<utt2spk>] <in> <out1> <out2> ...
   or: split_scp.pl -j <n> <id> [--one-based] [--utt2spk=<utt2spk>] <in> [<out>]
Split a list into parts of consecutive lines whose sizes differ by one at most; the first parts have the extra lines.
  -j <n> <id>        write only part <id> of <n>, counted from 0
  --one-based        <id> is counted from 1
  --utt2spk=<file>   keep the lines of each speaker together
USAGE
my ($utt2spk, @part, $is_one_based);
take_options($usage, 1, 1e9, 'utt2spk=s' => \$utt2spk, 'j=i{2}' => \@part, 'one-based' => \$is_one_based);
my ($source, @outputs) = @ARGV;
my ($num_parts, $wanted) = @part ? @part : (scalar @outputs, undef);
if (@part) {
    $wanted -= 1 if $is_one_based;
    fail("part $part[1] of $part[0] does not exist") if $wanted < 0 or $wanted >= $num_parts;
    show_usage($usage, 1) if @outputs > 1;
}
show_usage($usage, 1) if $num_parts < 1;

my $in = open_in($source);
my @lines = <$in>;
my @sizes = defined $utt2spk ? speaker_sizes() : even_sizes();
for my $number (0 .. $num_parts - 1) {
    my @chunk = splice @lines, 0, $sizes[$number];
    next if defined $wanted and $number != $wanted;
    my $path = defined $wanted ? $outputs[0] // '-' : $outputs[$number];
    my $out = open_out($path);
    print {$out} @chunk;
    close $out or fail("cannot write $path: $!");
}

sub check_enough {
    my ($what, $number) = @_;
    fail("$source has $number $what, which is less than the $num_parts parts; use fewer jobs (--nj)") if $number < $num_parts;
    return;
}

sub even_sizes {
    check_enough('lines', scalar @lines);
    my ($size, $num_larger) = (int(@lines / $num_parts), @lines % $num_parts);
    return map { $size + ($_ < $num_larger) } 0 .. $num_parts - 1;
}

# Whole speakers, each to the part where its middle line falls; every part gets one at least.
sub speaker_sizes {
    my %speaker_of;
    my $table = open_in($utt2spk);
    while (<$table>) {
        my ($utterance, $speaker) = split;
        $speaker_of{$utterance} = $speaker if defined $speaker;
    }
    my (@counts, %is_seen, $last);
    for my $line (@lines) {
        my ($utterance) = split ' ', $line;
        my $speaker = $speaker_of{ $utterance // '' } // fail("'", $utterance // '', "' of $source is not in $utt2spk");
        if (defined $last and $speaker eq $last) {
            $counts[-1]++;
            next;
        }
        fail("the lines of speaker '$speaker' do not stand together in $source; sort it by speaker") if $is_seen{$speaker}++;
        push @counts, 1;
        $last = $speaker;
    }
    check_enough('speakers', scalar @counts);
    my @sizes = (0) x $num_parts;
    my ($before, $part) = (0, -1);
    for my $number (0 .. $#counts) {
        my $fitting = int(($before + $counts[$number] / 2) * $num_parts / @lines);
        my $least = $num_parts - (@counts - $number);    # the speakers to come must fill the parts behind it
        $part = max($least, $part, min($part + 1, $fitting));
        $sizes[$part] += $counts[$number];
        $before += $counts[$number];
    }
    return @sizes;
}
