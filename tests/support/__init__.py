"""Real parts that tests are run against: a JACK server (`jackd`), and another program on it (`peer`)."""
