"""What is known of libraries, programs and words, as data with sources."""
