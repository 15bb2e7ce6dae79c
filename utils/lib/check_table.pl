#!/usr/bin/env perl
use strict;
use warnings;
use File::Basename qw(basename dirname);
use FindBin;
use lib $FindBin::RealBin;
use Findings;
use Tool;

my ($keys, $keys_name);
take_options(<<'USAGE', 1, 1, 'keys=s' => \$keys, 'keys-name=s' => \$keys_name);
Usage: check_table.pl [--keys <list> [--keys-name <text>]] <file>
Check a file of a data folder by the rules of its name (utt2spk, wav.scp, segments, ...): encoding, columns, values, order, ids
twice. Problems go to stderr with line and what mends them; the exit code is 1 if there are any.
  --keys <list>   the ids must be those in the first column of this sorted file
USAGE

my $DURATION = { columns => 2, value => sub { $_[1] > 0 ? '' : "a duration must be above 0, not '$_[1]'" } };
my $WARP = { columns => 2, value => sub { $_[1] > 0.5 && $_[1] < 1.5 ? '' : "a warp factor is between 0.5 and 1.5, not '$_[1]'" } };
my $COUNT = { columns => 2, value => sub { $_[1] =~ /^[1-9]\d*$/ ? '' : "expected a count above 0, not '$_[1]'" } };
my $PAIR = { columns => 2 };
my %RULES = (
    utt2spk => $PAIR, utt2lang => $PAIR, utt2uniq => $PAIR, utt2category => $PAIR,
    utt2dur => $DURATION, reco2dur => $DURATION, utt2num_frames => $COUNT, utt2num_samples => $COUNT,
    utt2warp => $WARP, spk2warp => $WARP,
    text => { least => 1, is_text => 1 },
    'wav.scp' => { least => 2, value => sub { $_[1] =~ /^~/ ? "write out the home folder, '~' is not expanded" : '' } },
    segments => { columns => 4, value => \&segment_problem },
    spk2gender => { columns => 2, value => sub { $_[1] =~ /^[mf]$/ ? '' : "a gender is m or f, not '$_[1]'" } },
    reco2file_and_channel => { columns => 3, value => sub { $_[2] =~ /^[AB]$/ ? '' : "a channel is A or B, not '$_[2]'" } },
    reco2speed => { columns => 2, value => sub { $_[1] > 0 ? '' : "a speed must be above 0, not '$_[1]'" } },
);

my $path = $ARGV[0];
my $rules = $RULES{ basename($path) } // { least => 2 };
my $fix = 'utils/fix_data_dir.sh ' . dirname($path);
my $findings = Findings->new($path);
my $is_sorted = check_lines();
check_ids_twice() unless $is_sorted;
check_keys() if defined $keys and (!$is_sorted or !has_same_ids());
exit($findings->report ? 1 : 0);

sub segment_problem {
    my (undef, undef, $start, $end) = @_;
    my $number = qr/^-?(\d+\.?\d*|\.\d+)(e-?\d+)?$/i;
    return "start and end are times in seconds, not '$start' and '$end'" unless $start =~ $number and $end =~ $number;
    return $start >= 0 && $end > $start ? '' : "the end ($end s) must lie behind the start ($start s)";
}

# Everything that one pass sees; whether the ids are in order.
sub check_lines {
    my ($last, $line, $is_sorted) = ('', undef, 1);
    my $in = open_in($path);
    while (defined(my $next = <$in>)) {
        $line = $next;
        my @words = split ' ', $line;
        check_encoding($line) unless $rules->{is_text};
        if (!@words) {
            $findings->add('empty', $., 'empty line', $fix);
            next;
        }
        check_columns(@words);
        if ($words[0] lt $last) {
            $findings->add('order', $., "'$words[0]' stands behind '$last': not in the order of LC_ALL=C sort", $fix);
            $is_sorted = 0;
        } elsif ($words[0] eq $last) {
            add_twice($., $words[0], $. - 1);
        }
        $last = $words[0];
    }
    if (!defined $line) {
        $findings->add('no lines', 0, 'has no lines');
    } elsif ($line !~ /\n\z/) {
        $findings->add('newline', $., 'the last line does not end, the file may be cut off', "echo >> $path");
    }
    return $is_sorted;
}

sub check_encoding {
    my ($line) = @_;
    $findings->add('CR', $., 'carriage return at the end of the line', "sed -i 's/\\r\$//' $path") if $line =~ /\r\n?\z/;
    $findings->add('UTF-8', $., 'not UTF-8', "iconv -f latin1 -t utf-8 $path (if latin1 is what it is)")
        if $line =~ /[\x80-\xff]/ and !utf8::decode(my $copy = $line);
    return;
}

sub check_columns {
    my @words = @_;
    my $columns = $rules->{columns};
    if (defined $columns ? @words != $columns : @words < $rules->{least}) {
        my $expected = defined $columns ? $columns : "$rules->{least} or more";
        my $found = @words;
        splice @words, 5 if $found > 5;
        $findings->add('columns', $., "expected $expected columns, found $found: '@words'");
    } elsif ($rules->{value}) {
        no warnings 'numeric';    # a word that is no number counts as 0
        my $problem = $rules->{value}->(@words);
        $findings->add('value', $., "'$words[0]': $problem") if $problem;
    }
    return;
}

sub add_twice {
    my ($line, $id, $first) = @_;
    $findings->add('twice', $line, "'$id' stands in line $first already", "$fix (keeps the first of them)");
    return;
}

# In a file out of order, those that are not neighbours.
sub check_ids_twice {
    my %line_of;
    my $in = open_in($path);
    while (my $line = <$in>) {
        my ($id) = split ' ', $line, 2;
        next unless defined $id;
        add_twice($., $id, $line_of{$id}) if exists $line_of{$id} and $line_of{$id} != $. - 1;
        $line_of{$id} = $.;
    }
    return;
}

# Whether this file and the list have the same ids in the same order, which takes no memory to see.
sub has_same_ids {
    return 0 unless -f $keys;
    my ($in, $list) = (open_in($path), open_in($keys));
    while (1) {
        my ($line, $other) = (scalar <$in>, scalar <$list>);
        return !defined $line && !defined $other unless defined $line and defined $other;
        my ($id) = split ' ', $line, 2;
        my ($expected) = split ' ', $other, 2;
        return 0 if ($id // '') ne ($expected // '');
    }
}

sub check_keys {
    my $name = $keys_name // basename($keys);
    my $is_missing = read_ids($keys);
    my %is_wanted = %{$is_missing};
    my $in = open_in($path);
    while (my $line = <$in>) {
        my ($id) = split ' ', $line, 2;
        next unless defined $id;
        $findings->add('extra', $., "'$id' is not in $name", "$fix (keeps what all files share)") unless $is_wanted{$id};
        delete $is_missing->{$id};
    }
    my @missing = sort keys %{$is_missing};
    $findings->add('missing', 0, scalar @missing . " of the ids in $name are not here, the first is '$missing[0]'",
        "$fix (keeps what all files share)") if @missing;
    return;
}
