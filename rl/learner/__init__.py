"""One rank of the learner; knows no Ray.

- `learner`: supervised and GRPO updates of the policy; what an actor hosts.
- `spec`: what a rank is told at its start (no torch).
- `encoding`: how a rank makes prompts.
- `balance`: which rank gets which groups (no torch); `spread`: which gets which rows of a supervised step (no torch).
- `packer`: groups -> micro-batches on a device, and log-probs of their replies.
- `batch`: packed rows -> the tensors of one forward pass.
- `prefix_tree`: replies to one prompt as a tree of shared prefixes, in one row.
- `tree_attention`: attention in which a token sees exactly its ancestors.
- `policy`: a checkpoint, and the log-probs that it gives to replies.
- `frozen_tower`: a vision side that is not trained runs once for each medium; `tower_cache`: what it made of them.
- `lora`: low-rank adapters.
- `deepspeed_engine`: DeepSpeed around the policy: start, step, gather, save.
- `mini_batch`, `update_sums`: what an optimizer step learns from, and what is reported of it.
- `comparing`: weights compared with those of a checkpoint.
- `saving`: a model folder as the Hugging Face libraries read it, made of `shards` (weights) and `checkpoint_files` (all else).
- `adapter_files`: adapters as peft reads them.
- `exporting`: a run's model written anew; `state_files`: the weights in a saved state, without ranks.
- `tiny`: small random models, for laptops and tests.
"""
