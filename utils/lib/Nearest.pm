package Nearest;

# A guess at what a mistyped name was meant to be: the fewest edits (V. I. Levenshtein, 1966).

use strict;
use warnings;
use Exporter 'import';
use List::Util qw(min);

our @EXPORT = qw(did_you_mean);

sub _distance {
    my ($one, $two) = @_;
    my @row = 0 .. length $two;
    for my $i (1 .. length $one) {
        my $diagonal = $row[0];
        $row[0] = $i;
        for my $j (1 .. length $two) {
            my $is_other = substr($one, $i - 1, 1) ne substr($two, $j - 1, 1);
            (my $up, $row[$j]) = ($row[$j], min($diagonal + $is_other, $row[$j] + 1, $row[$j - 1] + 1));
            $diagonal = $up;
        }
    }
    return $row[-1];
}

# did_you_mean(WORD, KNOWN...): the end of a message, empty when nothing is near.
sub did_you_mean {
    my ($word, @known) = @_;
    my ($best, $least) = (undef, length($word) / 2);
    for my $name (@known) {
        my $distance = _distance($word, $name);
        ($best, $least) = ($name, $distance) if $distance < $least;
    }
    return defined $best ? " Did you mean '$best'?" : '';
}

1;
