"""What only a machine without affectree can show: its wheel, its set-up, a Ray that has never run. `make test-fresh`."""
