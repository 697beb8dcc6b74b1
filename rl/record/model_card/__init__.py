"""What a model's folder says about where the model comes from.

card.py          README.md: front matter for the Hugging Face hub, scores, data, how to load it; card.md is its template
base.py          the model that a run began with, and its license
shown_config.py  affectree.yaml: the run's settings without what is private
software.py      which affectree a run was done with
"""
