package JobReport;

# What a user sees of jobs: the frame around each log, and the end of a log that tells of a failure.

use strict;
use warnings;
use Exporter 'import';
use POSIX qw(strftime);
use JobCall;
use Tool;

our @EXPORT = qw(today log_has_ended report_failures);

my $TAIL_LINES = 20;

sub today { return strftime('%a %b %e %H:%M:%S %Z %Y', localtime) }

# The exit code that a log's last lines tell; undef when there is no log or it has no end.
sub log_has_ended {
    my ($log) = @_;
    for my $line (reverse _last_lines($log)) {
        return $1 if $line =~ /^# (?:Ended \(code |Finished at .* with status )(\d+)/;
    }
    return;
}

sub _last_lines {
    my ($log) = @_;
    open my $in, '<', $log or return;
    my $bytes = 65536;
    seek $in, -$bytes, 2 if -s $log > $bytes;
    return <$in>;
}

# report_failures(CALL, {number => exit code}): which jobs failed and how the log of the first one ends; then exit 1.
sub report_failures {
    my ($call, $code_of) = @_;
    my @failed = sort { $a <=> $b } keys %{$code_of};
    my $num_jobs = $call->{last} - $call->{first} + 1;
    my $first = $failed[0];
    my $log = for_job($call, $call->{log}, $first);
    if ($num_jobs == 1) {
        print STDERR program(), ": job failed, log is in $log\n";
    } else {
        print STDERR program(), ': ', scalar @failed, " / $num_jobs failed, log is in ", for_job($call, $call->{log}, '*'), "\n";
    }
    my @lines = grep { !/^# (Running|Started|Accounting|Ended|Finished)|^#$/ } _last_lines($log);
    splice @lines, 0, @lines - $TAIL_LINES if @lines > $TAIL_LINES;
    print STDERR "  the end of $log (exit code $code_of->{$first}):\n";
    for my $line (@lines) {
        chomp $line;
        $line =~ s/.*\r(?=.)//;    # of a progress bar, what would be seen
        print STDERR "  | $line\n";
    }
    if (grep { $_ eq 137 } values %{$code_of}) {
        print STDERR "  Exit code 137 is a kill from outside, mostly for want of memory: try fewer jobs at a time (--nj).\n";
    }
    exit 1;
}

1;
