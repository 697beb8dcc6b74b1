"""What strangers wrote: functions and scorers that a config names, found, loaded and called so that no fault spreads.

Finding and loading:
- `spec`: what a config says of a function or a scorer
- `loading`: what others call: `load_function`, `check_function`, `load_scorer`
- `finding`: the thing that `file.py:function`, `module:function` or a name stands for; `importing`: its module;
  `entry_points`: what installed packages offer
- `neighbours`: the files that a file imports from beside it, which travel with it; `versions`: a module's version as a hash
- `faults`: what the trainer's functions among them raise, told as theirs
- `variables`: the environment variables that it needs
- `signatures`: whether it takes the parameters; `outline`: what a file defines, read without running it
- `adapters/`: scorers written for other trainers, `adapter_names` their names

Calling scorers:
- `calling`: one call, sync or async, whose every end becomes an outcome; `loops`: the event loops of async ones
- `runners`: where a scorer runs: inline, in threads, or in a process of its own
- `process_runner`: asks such a process; `child` holds it, `scorer_process` is what runs in it
- `sending`: what goes to it; `output`: what it prints
- `trial`: loads scorers once before a run
- `supervisor`: starts it, watches it and ends all that it has started, by `control_group` and `descendants`; `leash`: what the
  watcher is held by
"""
