package Tool;

# What every .pl tool here begins with: usage text, options, files that open or end the program with a clear message.
# Files are read and written as bytes, so paths and transcripts of any encoding come out as they went in.

use strict;
use warnings;
use Exporter 'import';
use File::Basename ();
use Getopt::Long qw(GetOptionsFromArray :config no_ignore_case no_auto_abbrev require_order);

our @EXPORT = qw(program fail take_options show_usage open_in open_out read_ids field_range with_fields);

sub program { return File::Basename::basename($0) }

sub fail {
    print STDERR program(), ': ', @_, "\n";
    exit 1;
}

# show_usage(TEXT, STATUS): to stdout when it was asked for (0), else to stderr.
sub show_usage {
    my ($text, $status) = @_;
    print { $status ? *STDERR : *STDOUT } $text;
    exit $status;
}

# take_options(USAGE, LEAST, MOST, SPEC => REF...): options off @ARGV, then LEAST to MOST arguments must be left.
# Options may be written with - or _ inside.
sub take_options {
    my ($usage, $least, $most, %spec) = @_;
    s/^--([a-z0-9_]+)_/"--" . $1 =~ tr{_}{-}r . "-"/e for grep { /^--[a-z0-9]/ } @ARGV;
    my $is_help = 0;
    GetOptionsFromArray(\@ARGV, 'help|h' => \$is_help, %spec) or show_usage($usage, 1);
    show_usage($usage, 0) if $is_help;
    show_usage($usage, 1) if @ARGV < $least or @ARGV > $most;
    return;
}

sub open_in {
    my ($path) = @_;
    return \*STDIN if $path eq '-';
    open my $handle, '<', $path or fail("cannot read $path: $!");
    return $handle;
}

sub open_out {
    my ($path) = @_;
    return \*STDOUT if $path eq '-';
    open my $handle, '>', $path or fail("cannot write $path: $!");
    return $handle;
}

# The first word of every line, as keys of a hash.
sub read_ids {
    my ($path) = @_;
    my %is_there;
    my $in = open_in($path);
    while (my $line = <$in>) {
        my ($id) = split ' ', $line, 2;
        $is_there{$id} = 1 if defined $id;
    }
    return \%is_there;
}

# "3", "2-4", "2-" or "-4" -> first and last field, counted from 0; undef for an open end.
sub field_range {
    my ($text) = @_;
    return (0, undef) unless defined $text;
    my ($first, $last) = $text =~ /^(\d*)-(\d*)$/ ? ($1, $2) : ($text, $text);
    fail("bad range of fields: -f $text") unless "$first$last" =~ /^\d*$/ and $text ne '';
    $first = 1 if $first eq '';
    fail("bad range of fields: -f $text") if $first < 1 or $last ne '' and $last < $first;
    return ($first - 1, $last eq '' ? undef : $last - 1);
}

# with_fields(LINE, FIRST, LAST, SUB): the line with SUB(field) in place of those fields; the blanks stay as they are.
sub with_fields {
    my ($line, $first, $last, $change) = @_;
    my $number = -1;
    $line =~ s{(\S+)}{
        $number++;
        $number < $first || (defined $last && $number > $last) ? $1 : $change->($1)
    }ge;
    return $line;
}

# A full disk must not look like success.
END { defined fileno STDOUT and !close STDOUT and $? ||= 1 }

1;
