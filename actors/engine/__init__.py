"""The rollout engine: a Ray actor around vLLM.

actor.py            start, generate, reason, take new weights
setup.py            how vLLM is started, and how the process ends with it
continuing.py       texts continued by vLLM
requests.py         prompts as vLLM's requests, and vLLM's outputs as samples
rounds.py           prompts that are asked together, in step: the same batches in every run
stepwise.py         vLLM's scheduler, of which nothing depends on when something is done
gate.py             keeps requests and syncs apart
token_versions.py   which version of the weights drew which tokens of a request
weight_loader.py    vLLM's end of a sync, in each of its worker processes
in_place.py         layers on CPUs that are packed from where their weights lie
adapters.py         the policy's LoRA adapter in vLLM
counting.py         vLLM's scheduler, which counts what its caches save
cache_counts.py     these counts
busy_clock.py       how long an engine had something to do
process_guard.py    ends vLLM's processes with the engine's
norms.py            vLLM's own kernel for norms on CPUs
repairs.py          repairs of vLLM
"""
