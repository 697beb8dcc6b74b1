"""The adapters' names, for those who only check a setting."""

ADAPTER_NAMES = ("trl", "trl_conversational", "verl", "verl_batch", "openrlhf", "ms_swift", "easyr1")
"""`trl_conversational` is for functions that take TRL's messages rather than texts, `verl_batch` for those of verl's
`BatchRewardManager`."""
