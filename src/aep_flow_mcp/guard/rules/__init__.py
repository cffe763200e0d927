"""The policy file: who may change what, where and when. Data and pure functions; it sends nothing and asks nobody."""
