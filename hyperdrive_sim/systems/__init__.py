"""Systems of several parts: chips of any kinds, links, memories and a host, composed into one machine and one schedule."""
