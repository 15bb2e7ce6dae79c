package ClusterConf;

# conf/{queue,slurm,pbs}.conf: how the options of the common call look to a cluster's submit program.
#
#   command sbatch --export=PATH        # what every submission begins with
#   option mem=* --mem-per-cpu $0       # --mem 2G gives: --mem-per-cpu 2G
#   option mem=0                        # this very value gives nothing
#   default gpu=0                       # what an absent --gpu counts as

use strict;
use warnings;
use Exporter 'import';
use Nearest;
use Tool;

our @EXPORT = qw(read_conf submit_words shell_word);

# read_conf(FILE) -> {file, command, template => {name => {value or "*" => text}}, default => {name => value}}
sub read_conf {
    my ($file) = @_;
    -r $file or fail("cannot read $file; copy one from egs2/TEMPLATE/asr1/conf, or name yours with --config");
    my %conf = (file => $file, template => {}, default => {});
    my $in = open_in($file);
    while (my $line = <$in>) {
        $line =~ s/#.*//s;
        if ($line =~ /^\s*command\s+(\S.*?)\s*$/) {
            $conf{command} = $1;
        } elsif ($line =~ /^\s*option\s+([^=\s]+)=(\S+)\s*(.*?)\s*$/) {
            $conf{template}{$1}{$2} = $3;
        } elsif ($line =~ /^\s*default\s+([^=\s]+)=(\S+)\s*$/) {
            $conf{default}{$1} = $2;
        } elsif ($line =~ /\S/) {
            fail("$file:$.: expected 'command ...', 'option name=value ...' or 'default name=value'");
        }
    }
    defined $conf{command} or fail("$file: has no line 'command ...'");
    return \%conf;
}

# submit_words(CONF, OPTIONS): the command and what the options add to it, as one text for a shell.
sub submit_words {
    my ($conf, $options) = @_;
    my %value_of = (%{ $conf->{default} }, %{$options});
    my $text = $conf->{command};
    for my $name (sort keys %value_of) {
        my $value = $value_of{$name};
        my $template = $conf->{template}{$name} // do {
            (my $flag = $name) =~ tr/_/-/;
            fail("option --$flag is not in $conf->{file}.", did_you_mean($name, keys %{ $conf->{template} }));
        };
        my $words = $template->{$value} // $template->{'*'}
            // fail("$conf->{file} has no 'option $name=...' for the value $value");
        $words =~ s/\$0/shell_word($value)/ge;
        $text .= " $words" if $words ne '';
    }
    return $text;
}

# A word as a shell reads it back.
sub shell_word {
    my ($word) = @_;
    return $word if $word =~ m{^[\w./:=,@%+-]+$};
    $word =~ s/'/'\\''/g;
    return "'$word'";
}

1;
