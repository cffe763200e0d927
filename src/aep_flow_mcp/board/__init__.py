"""The command `board`: the apps without a host, on this machine's own address or in one file. It only reads."""
