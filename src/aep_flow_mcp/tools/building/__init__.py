"""From a wish to a running pipeline: find a connector, plan, create."""
