"""One rank of the learner; knows no Ray.

- `learner`: supervised and GRPO updates of the policy; what an actor hosts.
- `spec`: what a rank is told at its start (no torch).
- `balance`: which rank gets which groups (no torch).
- `packer`: groups -> micro-batches on a device, and log-probs of their replies.
- `batch`: packed rows -> the tensors of one forward pass.
- `prefix_tree`: replies to one prompt as a tree of shared prefixes, in one row.
- `tree_attention`: attention in which a token sees exactly its ancestors.
- `policy`: a checkpoint, and the log-probs that it gives to replies.
- `lora`: low-rank adapters.
- `deepspeed_engine`: DeepSpeed around the policy: start, step, gather, save.
- `mini_batch`, `update_sums`: what an optimizer step learns from, and what is reported of it.
- `saving`: a model folder as the Hugging Face libraries read it.
- `tiny`: small random models, for laptops and tests.
"""
