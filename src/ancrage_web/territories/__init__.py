"""Public portraits of EPCI and communes."""
