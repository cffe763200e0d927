"""Why one flow does not do what it should: evidence, rules over it, findings. Knows no other flow."""
