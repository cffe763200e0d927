"""The facts of runs and flows straight from the API's JSON, for lists of thousands.

A model of a whole run takes thirty times as long as the dozen fields that counting needs. What is plain (a run that
simply succeeded, a flow with everything where it is documented) is decoded into just those fields; anything that is
not goes through the models, so the facts are the same either way. A test compares the two on all kinds of objects.
"""

from .flows import flow_facts
from .runs import run_facts

__all__ = ["flow_facts", "run_facts"]
