"""Programs that run in a process of their own, each on one job: `python -m bench.worker.NAME job.json`."""
