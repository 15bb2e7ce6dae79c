package Machine;

# How many jobs this machine takes at a time.

use strict;
use warnings;
use Exporter 'import';

our @EXPORT = qw(local_slots);

# Processors this process may use; nproc itself would take OMP_NUM_THREADS for them.
sub _num_processors {
    my $number = qx(env -u OMP_NUM_THREADS -u OMP_THREAD_LIMIT nproc);
    return $number =~ /^(\d+)/ ? $1 : 1;
}

sub _num_gpus {
    return scalar grep { /^GPU / } split /\n/, qx(nvidia-smi -L 2> /dev/null);
}

# local_slots(CALL): --max-jobs-run if given; else one job per GPU or processor, but a few more jobs run all at once.
sub local_slots {
    my ($call) = @_;
    return $call->{options}{max_jobs_run} if $call->{options}{max_jobs_run};
    my $slots = ($call->{options}{gpu} || 0) ne '0' ? _num_gpus() : _num_processors();
    my $num_jobs = $call->{last} - $call->{first} + 1;
    return $num_jobs < 1.4 * $slots ? $num_jobs : $slots || 1;
}

1;
