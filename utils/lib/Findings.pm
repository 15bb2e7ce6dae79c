package Findings;

# The problems found in a file: the first few of each kind with their lines, how many more, and what mends them.

use strict;
use warnings;

my $MAX_SHOWN = 3;

sub new {
    my ($class, $file) = @_;
    return bless { file => $file, kinds => [], places => {}, mend => {} }, $class;
}

# add(KIND, LINE or 0 for the whole file, MESSAGE, MEND)
sub add {
    my ($self, $kind, $line, $message, $mend) = @_;
    push @{ $self->{kinds} }, $kind unless $self->{places}{$kind};
    $self->{mend}{$kind} //= $mend;
    push @{ $self->{places}{$kind} }, $line ? "$self->{file}:$line: $message" : "$self->{file}: $message"
        if $self->{count}{$kind}++ < $MAX_SHOWN;
    return;
}

# Print all to stderr; the number of problems.
sub report {
    my ($self) = @_;
    my $total = 0;
    for my $kind (@{ $self->{kinds} }) {
        my $count = $self->{count}{$kind};
        $total += $count;
        print STDERR "$_\n" for @{ $self->{places}{$kind} };
        print STDERR "$self->{file}: ", $count - $MAX_SHOWN, " more lines like these\n" if $count > $MAX_SHOWN;
        print STDERR "    mend: $self->{mend}{$kind}\n" if $self->{mend}{$kind};
    }
    return $total;
}

1;
