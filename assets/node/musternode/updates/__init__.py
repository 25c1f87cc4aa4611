"""Security updates of the operating system, once a week, one node after the other."""
