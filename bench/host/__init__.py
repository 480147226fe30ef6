"""On the host: a whole run, a thread for each machine; no runtime is loaded here."""
