package JobCall;

# The call that all job runners share:  <runner> [options] [JOB=1:N] <log> <command> [<argument>...]

use strict;
use warnings;
use Exporter 'import';
use File::Basename qw(dirname);
use File::Path qw(make_path);
use Tool;

our @EXPORT = qw(parse_call for_job log_of);

# Options that other programs of the cluster know and that take no value.
my %IS_ALONE = (V => 1);

# parse_call(USAGE) -> {options => {name => value}, switches => "-x value ...", job => "JOB" or undef, first, last,
#                       log, command}. Reads @ARGV; --some-opt is called some_opt.
sub parse_call {
    my ($usage) = @_;
    my %call = (options => {}, switches => '', first => 1, last => 1);
    while (@ARGV) {
        my $word = shift @ARGV;
        if ($word =~ /^(--help|-h)$/) {
            show_usage($usage, 0);
        } elsif ($word =~ /^--([A-Za-z][\w-]*)(=(.*))?$/s) {
            my ($name, $value) = ($1, defined $2 ? $3 : shift @ARGV);
            fail("option --$name needs a value") unless defined $value;
            $name =~ tr/-/_/;
            $call{options}{$name} = $value;
        } elsif ($word eq '-tc') {
            $call{options}{max_jobs_run} = shift @ARGV;
        } elsif ($word =~ /^-([A-Za-z]\S*)$/) {
            $call{switches} .= ' ' . ($IS_ALONE{$1} ? $word : "$word " . (shift @ARGV // fail("option $word needs a value")));
        } elsif ($word =~ /^([A-Za-z_]\w*)=(\d+)(?::(\d+))?$/) {
            fail("JOB is given twice: $call{job} and $word") if defined $call{job};
            @call{qw(job first last)} = ($1, $2, $3 // $2);
            fail("bad range of jobs $word: it must start at 1 or more, and end no earlier") if $2 < 1 or $call{last} < $2;
        } else {
            $call{log} = $word;
            last;
        }
    }
    show_usage($usage, 1) unless defined $call{log} and @ARGV;
    $call{command} = join ' ', map { _quoted($_) } @ARGV;
    if ($call{first} != $call{last} and index($call{log}, $call{job}) < 0) {
        fail("the jobs $call{job}=$call{first}:$call{last} would all write the log $call{log}; put $call{job} into its name");
    }
    my $max = $call{options}{max_jobs_run};
    fail("--max-jobs-run $max: expected a number above 0") if defined $max and $max !~ /^[1-9]\d*$/;
    return \%call;
}

# An argument as a shell shall see it: bare, so that an escaped pipe works, unless it has blanks.
sub _quoted {
    my ($word) = @_;
    return $word if $word =~ /^\S+$/;
    return qq("$word") if $word !~ /"/;
    $word =~ s/'/'\\''/g;
    return "'$word'";
}

# The text with the job's number in place of the identifier.
sub for_job {
    my ($call, $text, $number) = @_;
    $text =~ s/\Q$call->{job}\E/$number/g if defined $call->{job};
    return $text;
}

# The log of a job. Its folder is made.
sub log_of {
    my ($call, $number) = @_;
    my $log = for_job($call, $call->{log}, $number);
    make_path(dirname($log), { error => \my $errors });
    fail("cannot make the folder of the log $log: ", values %{ $errors->[0] }) if @{$errors};
    return $log;
}

1;
