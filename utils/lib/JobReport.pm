package JobReport;

# What a user sees of jobs: the frame around each log, and the end of a log that tells of a failure.

use strict;
use warnings;
use Exporter 'import';
use POSIX qw(strftime);
use JobCall;
use Tool;

our @EXPORT = qw(today log_has_ended report_failures);

my ($TAIL_LINES, $ERROR_LINES, $MAX_REPORTS) = (20, 60, 10);

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

# The lines that tell why a job failed: from its own "ERROR: " on, if it has said one, and else the last ones.
sub _reason {
    my ($log) = @_;
    my @lines = grep { !/^# (Running|Started|Accounting|Ended|Finished)|^#$/ } _last_lines($log);
    my ($begin) = grep { $lines[$_] =~ /^ERROR: / } reverse 0 .. $#lines;
    if (defined $begin) {
        splice @lines, 0, $begin;
        splice @lines, $ERROR_LINES if @lines > $ERROR_LINES;
    } elsif (@lines > $TAIL_LINES) {
        splice @lines, 0, @lines - $TAIL_LINES;
    }
    chomp @lines;
    s/.*\r(?=.)// for @lines;    # of a progress bar, what would be seen
    return @lines;
}

# report_failures(CALL, {number => exit code}): which jobs failed, the reason of the first one, and those of others that have
# an ERROR of their own to tell; then exit 1.
sub report_failures {
    my ($call, $code_of) = @_;
    my @failed = sort { $a <=> $b } keys %{$code_of};
    my $num_jobs = $call->{last} - $call->{first} + 1;
    my $log = for_job($call, $call->{log}, $failed[0]);
    if ($num_jobs == 1) {
        print STDERR program(), ": job failed, log is in $log\n";
    } else {
        print STDERR program(), ': ', scalar @failed, " / $num_jobs failed, log is in ", for_job($call, $call->{log}, '*'), "\n";
    }
    my %seen;
    for my $job (@failed) {
        $log = for_job($call, $call->{log}, $job);
        my @lines = _reason($log);
        next if $job != $failed[0] and (!@lines or $lines[0] !~ /^ERROR: / or $seen{"@lines"});
        last if keys %seen == $MAX_REPORTS;
        $seen{"@lines"} = 1;
        print STDERR "  the end of $log (exit code $code_of->{$job}):\n";
        print STDERR "  | $_\n" for @lines;
    }
    if (grep { $_ eq 137 } values %{$code_of}) {
        print STDERR "  Exit code 137 is a kill from outside, mostly for want of memory: try fewer jobs at a time (--nj).\n";
    }
    exit 1;
}

1;
