"""Evaluation: what a model is asked, how its answers are measured, and what is said of them. No torch, no Ray.

What is asked and answered:
- `questions`: rows as they are asked, and digests of them; `prompts.yaml`: the words of each task
- `answers`: one answer, and the file that keeps them
- `endpoint/`: answers from an OpenAI-compatible server

Measures of rows:
- `scoring`: of any row, by its task; `captions`: of captions, by a judge, words or rules
- `classes`: UAR, WAR and confusion; `wheels` with `wheels.yaml`: the emotion-wheel metric; `calibration`: ECE and Brier score

What is said of them:
- `bootstrap`: intervals and p-values over clips
- `groups` with `groups.yaml`: the columns of the paper's tables
- `figures`: a measured value with its interval; `summary`: all of a model; `comparison`: two models on the same rows
- `tables`: for a terminal and in markdown; `saved`: the files of an evaluation
- `lmms_eval/`: as lmms-eval logs it, and a task with which lmms-eval asks the same rows
"""
