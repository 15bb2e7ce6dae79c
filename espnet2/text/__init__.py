"""From transcripts to tokens to ids, and what is counted on them."""
