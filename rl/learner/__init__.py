"""One rank of the learner; knows no Ray.

- `learner`: supervised and GRPO updates of the policy; what an actor hosts.
- `spec`: what a rank is told at its start (no torch).
- `encoding`: how a rank makes prompts.
- `balance`: which rank gets which groups (no torch); `spread`: which gets which rows of a supervised step (no torch).
- `row_reader`: rows -> groups of tokens, those of the next step while a step is learned from.
- `sequences`: groups -> sequences of tokens; `prefix_tree`: what they begin with alike, as trees; `packed_row`: trees in one row;
  `micro_batches`: which go through the model together (all without torch).
- `packer`: groups -> micro-batches on a device, and log-probs of their replies.
- `batch`: packed rows -> the tensors of one forward pass.
- `tree_attention`: attention in which a token sees exactly its ancestors; `block_attention`: on CPUs, in whole blocks.
- `patch_embedding`: the vision tower's first layer as a matrix product.
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
