"""Simulated hours: a player under a simulated clock, with all that can happen to it, checked as it goes.

    python -m benchmarks.hours --hours 1000 --processes 2     a thousand hours; progress on the terminal
    python -m benchmarks.hours --seed 0 --life 17             one life again: the one that a failure named

The hours are made of *lives*: one engine each, from minutes to hours long. `life` lets things happen by
chance, `sender` is the foreign clock, `wire` the port, `ears` hears what goes out, and `score` knows what
should be heard. What holds, whatever happens:

- every note-on has its note-off, no two overlap on one note, nothing sounds while the song stands;
- every sixteenth that nobody touched is played once, from the loop that was told, as it is written there;
- positions at our own tempo are its integral, to a thousandth of a tick, and its clocks and notes are on them
  to the nanosecond; where a foreign clock runs steadily, we are within milliseconds of its sender;
- a listener that counts the clocks we send is where the song is;
- what is reported was heard, by count, and the engine does not grow.
"""
