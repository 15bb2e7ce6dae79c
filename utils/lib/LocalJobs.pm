package LocalJobs;

# Jobs as child processes of this one: run.pl, stdout.pl and ssh.pl differ in the shell that each job's commands go to.

use strict;
use warnings;
use Exporter 'import';
use POSIX ();
use JobCall;
use JobReport;
use Tool;

our @EXPORT = qw(pick_jobs run_pool);

# Numbers of the jobs to run: all, or by what earlier logs say the failed (those without success) or the incomplete
# (those without an end).
sub pick_jobs {
    my ($call) = @_;
    my $pick = $call->{options}{pick} // 'all';
    my @jobs = $call->{first} .. $call->{last};
    return @jobs if $pick eq 'all';
    return grep { (log_has_ended(log_of($call, $_)) // 1) != 0 } @jobs if $pick eq 'failed';
    return grep { !defined log_has_ended(log_of($call, $_)) } @jobs if $pick eq 'incomplete';
    return fail("--pick $pick: expected all, failed or incomplete");
}

# run_pool(CALL, num_slots => N, shell => SUB, preamble => TEXT, is_teed => BOOL): run all picked jobs, N at a time.
# SUB(slot) -> the program and arguments of a shell that reads its script from stdin.
sub run_pool {
    my ($call, %how) = @_;
    my @waiting = pick_jobs($call);
    my @slots = 0 .. $how{num_slots} - 1;
    my (%running, %code_of);    # pid -> [job, slot]; job -> exit code of those that failed
    my $stop = sub { _stop($_[0], keys %running) };
    local @SIG{qw(INT TERM HUP)} = ($stop) x 3;
    while (@waiting or %running) {
        while (@waiting and @slots) {
            my ($job, $slot) = (shift @waiting, shift @slots);
            my $log = log_of($call, $job);
            $running{ _start($log, for_job($call, $call->{command}, $job), [$how{shell}->($slot)], \%how) } = [$job, $slot];
        }
        my $pid = waitpid -1, 0;
        my $done = delete $running{$pid} or next;
        my $code = $? & 127 ? 128 + ($? & 127) : $? >> 8;
        $code_of{ $done->[0] } = $code if $code;
        push @slots, $done->[1];
    }
    report_failures($call, \%code_of) if %code_of;
    return;
}

# Each job leads a process group of its own, so that all it has started can be ended with it.
sub _start {
    my ($log, $command, $shell, $how) = @_;
    my $pid = fork // fail("cannot fork: $!");
    setpgrp $pid, $pid;    # by both, whoever comes first
    return $pid if $pid;
    $SIG{$_} = sub { } for qw(INT TERM HUP);
    POSIX::_exit(_work($log, $command, $shell, $how));
}

sub _work {
    my ($log, $command, $shell, $how) = @_;
    my $out;
    if (!open $out, '>', $log) {
        print STDERR program(), ": cannot write $log: $!\n";
        return 1;
    }
    (my $title = $command) =~ s/\n/\n# /g;
    print {$out} "# $title\n# Started at ", today(), "\n#\n";
    close $out;
    my $began = time;
    my $status = _run_shell($log, ($how->{preamble} // '') . "($command\n) < /dev/null", $shell, $how->{is_teed});
    my ($code, $signal) = ($status >> 8, $status & 127);
    my $seconds = time - $began;
    open $out, '>>', $log or return 1;
    print {$out} "# Accounting: time=$seconds threads=1\n";
    print {$out} "# Ended (code $code", $signal ? "; signal $signal" : '', ') at ', today(), ", elapsed time $seconds seconds\n";
    my $is_whole = close $out;    # false on a full disk
    return $signal ? 128 + $signal : $code || !$is_whole;
}

# The wait status of the shell; its output goes to the log, and to stdout as well when teed.
sub _run_shell {
    my ($log, $script, $shell, $is_teed) = @_;
    local $SIG{PIPE} = 'IGNORE';    # a shell that ends before it has read its script
    my ($out, $stdin);
    my $is_open = $is_teed ? open $out, '|-', 'tee', '-a', $log : open $out, '>>', $log;
    my $pid = $is_open ? open $stdin, '|-' : undef;
    return 1 << 8 unless defined $pid;
    if (!$pid) {
        $SIG{PIPE} = 'DEFAULT';
        open STDOUT, '>&', $out or POSIX::_exit(1);
        open STDERR, '>&', $out or POSIX::_exit(1);
        exec { $shell->[0] } @{$shell} or print STDERR "cannot run $shell->[0]: $!\n";
        POSIX::_exit(127);
    }
    print {$stdin} "$script\n";
    close $stdin;
    my $status = $?;
    close $out;    # waits for tee
    return $status;
}

sub _stop {
    my ($signal, @pids) = @_;
    kill TERM => map { -$_ } @pids;
    waitpid $_, 0 for @pids;
    $SIG{$signal} = 'DEFAULT';
    kill $signal => $$;
    return;
}

1;
