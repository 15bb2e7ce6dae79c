package ClusterJobs;

# Jobs on a cluster with a shared file system: queue.pl, slurm.pl and pbs.pl differ only in how the scheduler is spoken to.
#
# All jobs of a call are one array job. Its script and the scheduler's own log lie in q/ beside the logs; a job that ends
# leaves its exit code in q/done.<pid>.<number>, and this program waits for these files.

use strict;
use warnings;
use Cwd qw(getcwd);
use Exporter 'import';
use File::Basename qw(basename dirname);
use File::Path qw(make_path);
use Time::HiRes qw(sleep time);
use ClusterConf;
use JobCall;
use JobReport;
use Tool;

our @EXPORT = qw(run_on_cluster);

our $MAX_POLL_SECONDS = 3;      # between looks at the folder
our $CHECK_SECONDS = 30;        # between questions to the scheduler whether it still knows the job

# run_on_cluster(CALL, BACKEND). BACKEND: conf (the usual file), output (option of the scheduler's log), array ("-t %d-%d"),
# cap (what limits the jobs at a time, behind the array; none if the conf does it), index (shell text of the job's number),
# id (pattern of the job's id in the answer), cancel and query (commands; the id follows).
sub run_on_cluster {
    my ($call, $backend) = @_;
    my %options = %{ $call->{options} };
    my $conf = read_conf(delete $options{config} // $backend->{conf});
    my $is_array = $call->{first} != $call->{last};
    my $max = $is_array && !defined $backend->{cap} ? undef : delete $options{max_jobs_run};
    my @jobs = $call->{first} .. $call->{last};
    log_of($call, $_) for @jobs;

    my $stem = _stem($call);
    my $done = dirname($stem) . "/done.$$";
    my %done = map { $_ => "$done.$_" } @jobs;
    unlink values %done;
    _write_script("$stem.sh", $call, $options{num_threads} // 1, $is_array ? $backend->{index} : $call->{first}, $done);

    my @words = (submit_words($conf, \%options) . $call->{switches}, $backend->{output}, shell_word("$stem.log"));
    if ($is_array) {
        my $cap = defined $max ? sprintf $backend->{cap}, $max : '';
        push @words, sprintf($backend->{array}, $call->{first}, $call->{last}) . $cap;
    }
    unlink "$stem.log";
    my $id = _submit(join(' ', @words, shell_word("$stem.sh")), $backend->{id});
    my $stop = sub { _cancel($_[0], $backend->{cancel}, $id) };
    local @SIG{qw(INT TERM HUP)} = ($stop) x 3;
    my $code_of = _wait_for(\%done, sub { _is_known($backend->{query}, $id) });
    unlink values %done;

    my %failed = map { $code_of->{$_} eq '0' ? () : ($_ => $code_of->{$_}) } @jobs;
    return unless %failed;
    print STDERR program(), ": jobs that left the queue without an end are marked '?'; the scheduler's log is $stem.log\n"
        if grep { $_ eq '?' } values %failed;
    return report_failures($call, \%failed);
}

# exp/log/decode.JOB.log -> /.../exp/q/decode; the folder is made.
sub _stem {
    my ($call) = @_;
    my ($folder, $base) = (dirname($call->{log}), basename($call->{log}));
    $folder = getcwd() . "/$folder" unless $folder =~ m{^/};
    $folder =~ s{/\.(?=/|$)}{}g;
    $folder =~ s{/log/*$}{};
    $base =~ s/\.[^.]*$//;
    $base =~ s/[._-]?\Q$call->{job}\E//g if defined $call->{job};
    make_path("$folder/q");
    return "$folder/q/" . ($base eq '' ? 'job' : $base);
}

sub _write_script {
    my ($path, $call, $num_threads, $index, $done) = @_;
    my %text = (
        FOLDER => shell_word(getcwd()),
        INDEX => $index,
        NAME => shell_word($call->{job} // ''),
        LOG => shell_word($call->{log}),
        COMMAND => shell_word($call->{command}),
        DONE => shell_word($done),
        THREADS => $num_threads,
    );
    (my $script = <<'SCRIPT') =~ s/\@(\w+)@/$text{$1}/g;
#!/bin/bash
cd @FOLDER@ || exit 1
job=@INDEX@
name=@NAME@
command=@COMMAND@
log=@LOG@
if [ -n "$name" ]; then
    command=${command//"$name"/$job}
    log=${log//"$name"/$job}
fi
printf '# Running on %s\n# Started at %s\n# %s\n#\n' "$(hostname)" "$(date)" "$command" > "$log"
began=$(date +%s)
(
    [ ! -e path.sh ] || . ./path.sh || exit 1
    eval "$command"
) >> "$log" 2>&1 < /dev/null
status=$?
printf '# Accounting: begin_time=%s\n# Accounting: end_time=%s\n' "$began" "$(date +%s)" >> "$log"
printf '# Accounting: time=%s threads=%s\n' "$(($(date +%s) - began))" @THREADS@ >> "$log"
printf '# Finished at %s with status %s\n' "$(date)" "$status" >> "$log"
echo "$status" > @DONE@."$job".part
mv @DONE@."$job".part @DONE@."$job"
exit $((status != 0))
SCRIPT
    my $out = open_out($path);
    print {$out} $script;
    close $out or fail("cannot write $path: $!");
    chmod 0755, $path;
    return;
}

# The job's id in the scheduler's answer. Globs in a conf such as -l arch=*64* are the scheduler's, not the shell's.
sub _submit {
    my ($command, $pattern) = @_;
    open my $out, '-|', 'bash', '-fc', "$command 2>&1" or fail("cannot run bash: $!");
    my $answer = join '', <$out>;
    my $is_good = close $out;
    fail("submission failed: $command\n$answer") unless $is_good and $answer =~ $pattern;
    return $1;
}

# Exit codes of the jobs, '?' for those that the scheduler no longer knows though they left no done file.
sub _wait_for {
    my ($done, $is_known) = @_;
    my (%code_of, $num_unknown);
    my ($poll, $asked) = (0.05, time);
    while (1) {
        for my $job (grep { !exists $code_of{$_} } keys %{$done}) {
            open my $in, '<', $done->{$job} or next;
            my $line = <$in> // '';
            $code_of{$job} = $1 if $line =~ /^(\d+)$/;
        }
        my @missing = grep { !exists $code_of{$_} } keys %{$done};
        return \%code_of unless @missing;
        if (time - $asked > $CHECK_SECONDS) {
            $asked = time;
            $num_unknown = $is_known->() ? 0 : ($num_unknown // 0) + 1;
            return { %code_of, map { $_ => '?' } @missing } if $num_unknown >= 2;    # once: its files may be under way
        }
        sleep $poll;
        $poll = $poll * 1.2 < $MAX_POLL_SECONDS ? $poll * 1.2 : $MAX_POLL_SECONDS;
    }
}

sub _is_known {
    my ($query, $id) = @_;
    my $answer = qx($query $id 2> /dev/null);
    return $? == 0 && $answer =~ /\S/;
}

sub _cancel {
    my ($signal, $command, $id) = @_;
    print STDERR program(), ": stopped; cancelling job $id\n";
    system "$command $id > /dev/null";
    $SIG{$signal} = 'DEFAULT';
    kill $signal => $$;
    return;
}

1;
