"""What lies between the client and the network: proxies, certificates, and bodies within bounds."""
