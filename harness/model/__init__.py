"""The nouns of the harness: plain, frozen, typed, standard library only."""
