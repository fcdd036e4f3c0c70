"""Rules of conventions de revitalisation, State aid and public co-funding, as pure functions."""
