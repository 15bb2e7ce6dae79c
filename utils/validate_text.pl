#!/usr/bin/env perl
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/lib";
use Findings;
use Tool;

my $may_be_unprintable = 0;
take_options(<<'USAGE', 1, 1, 'non-print' => \$may_be_unprintable);
Usage: validate_text.pl [--non-print] <text>
Check transcripts: UTF-8, no blanks but space and tab, no characters that cannot be printed, none of the words <s>, </s>, #0.
Problems go to stderr with line and what mends them; the exit code is 1 if there are any.
  --non-print   let characters pass that cannot be printed
USAGE

my $path = $ARGV[0];
my $findings = Findings->new($path);
my $in = open_in($path);
while (my $line = <$in>) {
    $line =~ s/\n\z//;
    if (!utf8::decode($line)) {
        $findings->add('UTF-8', $., 'not UTF-8', "iconv -f latin1 -t utf-8 $path (if latin1 is what it is)");
        next;
    }
    $findings->add('CR', $., 'carriage return at the end of the line', "sed -i 's/\\r\$//' $path") if $line =~ s/\r\z//;
    if ($line =~ /([^\S \t])/) {
        my $message = code_point($1) . ' is a blank, but neither space nor tab';
        $findings->add('blank', $., $message, "perl -CSD -i -pe 's/[^\\S\\n]/ /g' $path");
    }
    # Controls, and what has no width: zero width space, word joiner, byte order mark.
    if (!$may_be_unprintable and $line =~ /((?![\s\x{85}])[\p{Cc}\x{200B}\x{2060}\x{FEFF}])/) {
        $findings->add('unprintable', $., code_point($1) . ' cannot be printed', 'take it out, or validate with --non-print');
    }
    my (undef, @words) = split ' ', $line;
    for my $word (grep { $_ eq '<s>' or $_ eq '</s>' or $_ eq '#0' } @words) {
        $findings->add('reserved', $., "the word $word is reserved", 'take it out');
    }
}
exit($findings->report ? 1 : 0);

sub code_point { return sprintf 'U+%04X', ord $_[0] }
