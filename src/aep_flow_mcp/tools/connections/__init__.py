"""Accounts (base connections), source and target connections: reading them and changing them."""
